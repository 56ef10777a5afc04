import type { KubeObject, Resource } from '../../kube/object.ts';
import type { FieldOwner } from './apply.ts';
import { expired } from './errors.ts';

/** An object as it is stored: never changed, only replaced, so that readers may keep it. */
export type StoredObject = KubeObject & Readonly<Record<string, unknown>>;

export interface Stored {
  readonly object: StoredObject;
  readonly owners: readonly FieldOwner[];
}

export interface Change {
  readonly version: number;
  readonly before: Stored | undefined;
  /** Undefined: deleted. */
  readonly after: Stored | undefined;
  /** What watchers are told of: the object after the change, of a deleted one its last state at this version. */
  readonly told: StoredObject;
  /** Lines of watches, written once for all watchers. */
  readonly lines: Map<string, Buffer>;
}

/** Versions are those of the whole store, as with etcd. */
export interface Counter {
  version: number;
}

export const storageKey = (namespace: string, name: string): string => `${namespace}/${name}`;

/** The objects of one resource, and the history of their changes as far as it is kept. */
export class Collection {
  readonly resource: Resource;
  readonly #counter: Counter;
  readonly #historyLimit: number;
  readonly #objects = new Map<string, Stored>();
  #sortedKeys: string[] | undefined;
  #changes: Change[] = [];
  /** Position of the first change that is kept, counted from the first there ever was. */
  #firstPosition = 0;
  /** Reads at versions before this one are answered with 410. */
  #compactedTo = 0;
  readonly #listeners = new Set<() => void>();

  constructor(resource: Resource, counter: Counter, historyLimit: number) {
    this.resource = resource;
    this.#counter = counter;
    this.#historyLimit = historyLimit;
    this.#compactedTo = counter.version;
  }

  get(key: string): Stored | undefined {
    return this.#objects.get(key);
  }

  get size(): number {
    return this.#objects.size;
  }

  values(): IterableIterator<Stored> {
    return this.#objects.values();
  }

  put(key: string, after: Stored): Change {
    const before = this.#objects.get(key);
    if (before === undefined) this.#sortedKeys = undefined;
    this.#objects.set(key, after);
    return this.#record({ before, after, told: after.object });
  }

  /** `told`: the last state, at the version of the deletion. */
  remove(key: string, told: StoredObject): Change {
    const before = this.#objects.get(key);
    this.#objects.delete(key);
    this.#sortedKeys = undefined;
    return this.#record({ before, after: undefined, told });
  }

  /** Keys in the order of lists. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#objects.keys()].sort();
    return this.#sortedKeys;
  }

  /** What was stored at `version`, in the order of lists. Throws 410 with `tooOld` when that is no longer known. */
  at(version: number, tooOld: string): readonly Stored[] {
    if (version < this.#compactedTo) throw expired(tooOld);
    const past = new Map<string, Stored>(this.#objects);
    for (let index = this.#changes.length - 1; index >= 0; index--) {
      const change = this.#changes[index];
      if (change === undefined || change.version <= version) break;
      const key = storageKey(change.told.metadata.namespace ?? '', change.told.metadata.name);
      if (change.before === undefined) past.delete(key);
      else past.set(key, change.before);
    }
    return [...past.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stored]) => stored);
  }

  /** Position of the first change after `version`. Throws 410 when changes since then are no longer known. */
  positionAfter(version: number): number {
    if (version < this.#compactedTo) throw expired(`too old resource version: ${version} (${this.#compactedTo})`);
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.version ?? 0) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#firstPosition + low;
  }

  get endPosition(): number {
    return this.#firstPosition + this.#changes.length;
  }

  /** Undefined when it is no longer kept. */
  changeAt(position: number): Change | undefined {
    return this.#changes[position - this.#firstPosition];
  }

  /** Forgets the history up to now: who reads or watches from before has to begin anew. */
  compact(): void {
    this.#forget(this.#changes.length, this.#counter.version);
  }

  /** Calls `fn` after each change; the returned function ends it. */
  listen(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => void this.#listeners.delete(fn);
  }

  #record(change: Omit<Change, 'version' | 'lines'>): Change {
    const whole = { ...change, version: this.#counter.version, lines: new Map<string, Buffer>() };
    this.#changes.push(whole);
    // Half of it at once: cutting one off the front of an array at each change would be slow.
    if (this.#changes.length > 2 * this.#historyLimit) {
      const last = this.#changes[this.#historyLimit - 1];
      this.#forget(this.#historyLimit, last?.version ?? 0);
    }
    for (const listener of this.#listeners) listener();
    return whole;
  }

  #forget(count: number, version: number): void {
    this.#changes = this.#changes.slice(count);
    this.#firstPosition += count;
    this.#compactedTo = version;
  }
}
