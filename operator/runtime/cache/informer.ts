import type { CacheReader } from '../controller/context.ts';
import type { KubeObject, ObjectKey, Resource } from '../kube/object.ts';
import type { IndexFunction } from './index-by.ts';

/**
 * One change of the cache. `initial` marks the objects of the first list. The objects are those of the cache and not to be
 * changed; they are frozen no sooner than somebody reads them from it.
 */
export type Change<T> =
  | { type: 'added' | 'updated'; object: T; previous?: T; initial: boolean }
  | { type: 'deleted'; object: T };

/** The cached objects of one resource, kept current by one watch. */
export interface Informer<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly metadataOnly: boolean;
  /** Called for each change in order, after the store has it; `initial` for objects of the first list. */
  subscribe(handler: (change: Change<T>) => void): void;
  get(key: ObjectKey): T | undefined;
  /**
   * Declares an index, to find objects by what `valuesOf` returns for them (nothing: not at all). It must depend on the
   * object alone. May be called only before the start.
   */
  index(name: string, valuesOf: IndexFunction<T>): void;
  /** The objects an index has under `value`, in order of their keys. Throws for an index that was not declared. */
  byIndex(name: string, value: string): readonly T[];
  /** The first list is in the store. */
  synced(): boolean;
  /** Resolves true when the store holds this key at this resourceVersion or newer (or has seen it deleted), false after timeoutMs. */
  caughtUp(key: ObjectKey, resourceVersion: string, timeoutMs: number): Promise<boolean>;
}

export interface InformerOptions {
  /** Watch and keep only apiVersion, kind and metadata. Default false. */
  readonly metadataOnly?: boolean;
  /** Default: all namespaces. */
  readonly namespace?: string;
}

export interface Informers {
  /** One informer per resource and mode, shared; may be called only before `start`. */
  informer<T extends KubeObject>(resource: Resource<T>, options?: InformerOptions): Informer<T>;
  /**
   * If a resource has both a full and a metadata-only informer, reads go to the full one. Reading a resource without an
   * informer throws (programming error).
   */
  readonly reader: CacheReader;
  /** Starts all watches; they end when `signal` aborts. */
  start(signal: AbortSignal): void;
  /** Resolves when all first lists are in the stores; rejects when `signal` aborts before. */
  whenSynced(signal: AbortSignal): Promise<void>;
}
