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
  /** A worker has taken `id`. */
  begin(id: string): void;
  /**
   * The primary of `id` changed in nothing but its status, to this version. Ours must not wake us again; what another leader
   * or a person wrote must, for it may be wrong and nothing else tells. True: it is not ours. While a worker has the
   * key that cannot be known, for a watch may be faster than the answer to a write; `end` tells then.
   */
  isForeignStatus(id: string, resourceVersion: string): boolean;
  /** The caches show all that was written for `id`. True when a status that was heard of meanwhile is not ours. */
  end(id: string): boolean;
}

/** What happens while a worker has a key, as versions of objects. */
interface Turn {
  readonly written: Set<string>;
  readonly heard: string[];
}

export function createOwnWrites(): OwnWrites {
  const writes = new Map<string, Map<string, Write>>();
  const turns = new Map<string, Turn>();

  function remember(id: string, write: Write): void {
    const ofId = writes.get(id) ?? new Map<string, Write>();
    ofId.set(`${write.resource.group}/${write.resource.plural}/${keyText(write.key)}`, write);
    writes.set(id, ofId);
  }

  async function written<T extends KubeObject>(id: string, resource: Resource<T>, answer: Promise<T>): Promise<T> {
    const object = await answer;
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined) {
      remember(id, { resource, key: keyOf(object), resourceVersion });
      turns.get(id)?.written.add(resourceVersion);
    }
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
    begin: (id) => void turns.set(id, { written: new Set(), heard: [] }),
    isForeignStatus(id, resourceVersion) {
      const turn = turns.get(id);
      turn?.heard.push(resourceVersion);
      return turn === undefined;
    },
    end(id) {
      const turn = turns.get(id);
      turns.delete(id);
      return turn?.heard.some((version) => !turn.written.has(version)) === true;
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
