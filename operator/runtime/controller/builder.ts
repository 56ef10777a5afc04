import { apiVersionOf, controllerOf, type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/object.ts';
import type { Priority } from '../queue/queue.ts';
import type { ReconcileContext } from './context.ts';
import type { Result } from './result.ts';

/** Is this change worth a reconcile? `previous` is undefined for an object that is new to the cache. */
export type Predicate<T> = (object: T, previous: T | undefined) => boolean;

/** How a resource is watched beside the primary. */
export interface WatchOptions<T> {
  /** Cache only metadata: for objects whose existence and labels are all that matters. */
  readonly metadataOnly?: boolean;
  /** Deletions always pass. */
  readonly predicate?: Predicate<T>;
}

/** One stream of changes and the keys that each change asks for. */
export interface Source {
  readonly resource: Resource;
  readonly metadataOnly: boolean;
  readonly priority: Priority;
  readonly predicate: Predicate<KubeObject>;
  readonly mapTo: (object: KubeObject) => readonly ObjectKey[];
  /** Updates that the predicate stops pass all the same when they are no writes of our own. */
  readonly foreignPasses: boolean;
}

/** Brings one object to its desired state. Called with a key and never with an event: look at the cache for the rest. */
export type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<Result>;

/** A controller as data: what it watches and what it does. `runManager` brings it to life. */
export interface Controller {
  readonly name: string;
  readonly primary: Resource;
  readonly sources: readonly Source[];
  readonly concurrency: number;
  /** Deadline of one reconcile; its signal aborts then. */
  readonly timeoutMs: number;
  readonly reconcile: Reconcile;
}

/** What `controller` takes beside the resource. All of it has a default. */
export interface ControllerOptions {
  /** Name in logs and metrics. Default: the kind in lower case. */
  readonly name?: string;
  /** Default 60 s. */
  readonly timeoutMs?: number;
}

/** Says step by step what a controller watches; `reconcile` ends it. Each step returns a new builder. */
export interface ControllerBuilder {
  /** Changes of children reconcile the primary that controls them. */
  owns<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions<T>): ControllerBuilder;
  /** Changes of other objects reconcile the keys that `mapTo` names. */
  watches<T extends KubeObject>(
    resource: Resource<T>,
    mapTo: (object: T) => readonly ObjectKey[],
    options?: WatchOptions<T>,
  ): ControllerBuilder;
  /** Keys reconciled at the same time, 1 or more. Default 4. */
  concurrency(count: number): ControllerBuilder;
  reconcile(reconcile: Reconcile): Controller;
}

/** `controller(Kind).owns(Child).watches(Other, toKeys).concurrency(8).reconcile(async (key, ctx) => done())` */
export function controller<T extends KubeObject>(
  primary: Resource<T>,
  options: ControllerOptions = {},
): ControllerBuilder {
  const { name = primary.kind.toLowerCase(), timeoutMs = 60_000 } = options;
  const own = source(primary, 'user', (object) => [keyOf(object)], { predicate: changedBesidesStatus });
  return build([{ ...own, foreignPasses: true }], 4);

  function build(sources: readonly Source[], count: number): ControllerBuilder {
    return {
      owns: (resource, watch) => build([...sources, source(resource, 'owner', ownerKey, watch)], count),
      watches: (resource, mapTo, watch) => build([...sources, source(resource, 'owner', mapTo, watch)], count),
      concurrency: (next) => build(sources, next),
      reconcile: (reconcile) => ({ name, primary, sources, concurrency: count, timeoutMs, reconcile }),
    };
  }

  function ownerKey(child: KubeObject): readonly ObjectKey[] {
    const owner = controllerOf(child);
    if (owner === undefined || owner.kind !== primary.kind || owner.apiVersion !== apiVersionOf(primary)) return [];
    return [{ namespace: child.metadata.namespace ?? '', name: owner.name }];
  }
}

function source<T extends KubeObject>(
  resource: Resource<T>,
  priority: Priority,
  mapTo: (object: T) => readonly ObjectKey[],
  { metadataOnly = false, predicate = () => true }: WatchOptions<T> = {},
): Source {
  // One list holds sources of many types; the informer of `resource` only ever hands over objects of that type.
  return { resource, metadataOnly, priority, predicate, mapTo, foreignPasses: false } as unknown as Source;
}

/** What we write into status must not wake us again; what people change (spec, labels, annotations, deletion) must. */
function changedBesidesStatus(object: KubeObject, previous: KubeObject | undefined): boolean {
  if (previous === undefined) return true;
  const now = object.metadata;
  const before = previous.metadata;
  return (
    now.uid !== before.uid ||
    // Resources such as ConfigMaps have no generation: then any change may be one that people made.
    now.generation === undefined ||
    now.generation !== before.generation ||
    now.deletionTimestamp !== before.deletionTimestamp ||
    JSON.stringify([now.labels, now.annotations, now.finalizers]) !==
      JSON.stringify([before.labels, before.annotations, before.finalizers])
  );
}
