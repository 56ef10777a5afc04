import type { Informer } from '../cache/index.ts';
import type { Clock } from '../clock.ts';
import type { KubeClient } from '../kube/client.ts';
import { type KubeObject, keyOf, keyText, type ObjectKey, type Resource } from '../kube/object.ts';

/** What a write of ours leads to in a cache: this version of the object or a later one, or the end of the one with this uid. */
type Write = { readonly resource: Resource; readonly key: ObjectKey } & (
  | { readonly resourceVersion: string }
  | { readonly deletedUid: string }
);

/** Resolves to true when the caches show the write, at once for resources that nobody watches; to false when it takes too long. */
export type CaughtUp = (write: Write) => Promise<boolean>;

/**
 * Remembers what each reconcile wrote, so that the next one of the same key does not run on a cache that is older: else
 * it would create the child again, or take back a decision it had just made.
 */
export interface OwnWrites {
  /** `client`, with every successful write remembered for `id`. */
  track(client: KubeClient, id: string): KubeClient;
  /** Waits until the caches show the writes of `id`; false when they do not in time. They are then kept. */
  seen(id: string, caughtUp: CaughtUp): Promise<boolean>;
}

export function createOwnWrites(): OwnWrites {
  const writes = new Map<string, Map<string, Write>>();

  function remember(id: string, write: Write): void {
    const ofId = writes.get(id) ?? new Map<string, Write>();
    ofId.set(`${write.resource.group}/${write.resource.plural}/${keyText(write.key)}`, write);
    writes.set(id, ofId);
  }

  async function written<T extends KubeObject>(id: string, resource: Resource<T>, answer: Promise<T>): Promise<T> {
    const object = await answer;
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined) remember(id, { resource, key: keyOf(object), resourceVersion });
    return object;
  }

  return {
    track: (client, id) => ({
      ...client,
      create: (resource, object, options) => written(id, resource, client.create(resource, object, options)),
      replace: (resource, object, options) => written(id, resource, client.replace(resource, object, options)),
      apply: (resource, object, options) => written(id, resource, client.apply(resource, object, options)),
      mergePatch: (resource, key, patch, options) =>
        written(id, resource, client.mergePatch(resource, key, patch, options)),
      async delete(resource, key, options) {
        const was = await client.delete(resource, key, options);
        remember(id, { resource, key, deletedUid: options.preconditions.uid });
        return was;
      },
    }),
    async seen(id, caughtUp) {
      const ofId = writes.get(id);
      if (ofId === undefined) return true;
      const waits = [...ofId].map(async ([name, write]) => {
        const seen = await caughtUp(write);
        if (seen && ofId.get(name) === write) ofId.delete(name);
        return seen;
      });
      const all = (await Promise.all(waits)).every(Boolean);
      if (ofId.size === 0 && writes.get(id) === ofId) writes.delete(id);
      return all;
    },
  };
}

/** `CaughtUp` over informers: all of those that hold the resource must show the write, within `timeoutMs` milliseconds. */
export function caughtUpIn(clock: Clock, informers: readonly Informer[], timeoutMs: number): CaughtUp {
  const watched = Map.groupBy(new Set(informers), ({ resource }) => `${resource.group}/${resource.plural}`);
  const departures = new Map([...new Set(informers)].map((informer) => [informer, watchDepartures(clock, informer)]));
  return async (write) => {
    const { resource, key } = write;
    const waits = (watched.get(`${resource.group}/${resource.plural}`) ?? []).map((informer) =>
      'resourceVersion' in write
        ? informer.caughtUp(key, write.resourceVersion, timeoutMs)
        : departures.get(informer)?.(key, write.deletedUid, timeoutMs),
    );
    return (await Promise.all(waits)).every((seen) => seen !== false);
  };
}

/** Resolves true once the informer no longer has the object, or shows that it is going; false after the time. */
type Departed = (key: ObjectKey, uid: string, timeoutMs: number) => Promise<boolean>;

function watchDepartures(clock: Clock, informer: Informer): Departed {
  const waiting = new Set<{
    readonly key: ObjectKey;
    readonly uid: string;
    readonly settle: (seen: boolean) => void;
  }>();
  const has = (key: ObjectKey, uid: string): boolean => {
    const metadata = informer.get(key)?.metadata;
    return metadata?.uid === uid && metadata.deletionTimestamp === undefined;
  };
  informer.subscribe(() => {
    for (const { key, uid, settle } of waiting) if (!has(key, uid)) settle(true);
  });
  return (key, uid, timeoutMs) => {
    if (!has(key, uid)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (seen: boolean): void => {
        waiting.delete(entry);
        cancel();
        resolve(seen);
      };
      const entry = { key, uid, settle };
      const cancel = clock.setTimer(timeoutMs, () => settle(false));
      waiting.add(entry);
    });
  };
}
