import type { KubeClient } from '../kube/client.ts';
import { type KubeObject, keyOf, keyText, type ObjectKey, type Resource } from '../kube/object.ts';

interface Write {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly resourceVersion: string;
}

/** Has the cache of this resource seen that version? True for resources that nobody watches. */
export type CaughtUp = (resource: Resource, key: ObjectKey, resourceVersion: string) => Promise<boolean>;

/**
 * Remembers what each reconcile wrote, so that the next one of the same key does not run on a cache that is older: else
 * it would create the child again, or take back a decision it had just made.
 */
export interface OwnWrites {
  /** `client`, with every successful write remembered for `id`. */
  track(client: KubeClient, id: string): KubeClient;
  /** Waits until the caches have seen the writes of `id`; false when they have not in time. They are then kept. */
  seen(id: string, caughtUp: CaughtUp): Promise<boolean>;
}

export function createOwnWrites(): OwnWrites {
  const writes = new Map<string, Map<string, Write>>();

  function remember<T extends KubeObject>(id: string, resource: Resource<T>, written: T): T {
    const { resourceVersion } = written.metadata;
    if (resourceVersion === undefined) return written;
    const key = keyOf(written);
    const ofId = writes.get(id) ?? new Map<string, Write>();
    ofId.set(`${resource.group}/${resource.plural}/${keyText(key)}`, { resource, key, resourceVersion });
    writes.set(id, ofId);
    return written;
  }

  return {
    track: (client, id) => ({
      ...client,
      create: async (resource, object, options) =>
        remember(id, resource, await client.create(resource, object, options)),
      replace: async (resource, object, options) =>
        remember(id, resource, await client.replace(resource, object, options)),
      apply: async (resource, object, options) => remember(id, resource, await client.apply(resource, object, options)),
      mergePatch: async (resource, key, patch, options) =>
        remember(id, resource, await client.mergePatch(resource, key, patch, options)),
    }),
    async seen(id, caughtUp) {
      const ofId = writes.get(id);
      if (ofId === undefined) return true;
      const waits = [...ofId].map(async ([name, write]) => {
        const seen = await caughtUp(write.resource, write.key, write.resourceVersion);
        if (seen && ofId.get(name) === write) ofId.delete(name);
        return seen;
      });
      const all = (await Promise.all(waits)).every(Boolean);
      if (ofId.size === 0) writes.delete(id);
      return all;
    },
  };
}
