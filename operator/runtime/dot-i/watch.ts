import { createInformers } from '../cache/index.ts';
import type { Clock, Random } from '../clock.ts';
import { type CaughtUp, caughtUpIn } from '../controller/own-writes.ts';
import type { Cluster } from '../kube/cluster.ts';
import { type KubeObject, keyOf, keyText, type ObjectKey, type Resource } from '../kube/object.ts';
import type { Queue } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import { asKubernetesObject, type ResourceEvent, ResourceEventType, ResourceMetaImpl } from './resource-event.ts';

/** How long a delivery waits for the operator's own last write to come back through the watch. */
const OWN_WRITE_MS = 5_000;

export type OnEvent = (event: ResourceEvent) => Promise<void>;

/** A key says of which watch it is: all watches of an operator share one queue, and so one order. */
export interface WatchedKey extends ObjectKey {
  readonly watch: Watch;
}

/** One call of `watchResource`. */
export interface Watch {
  readonly id: string;
  readonly resource: Resource;
  readonly caughtUp: CaughtUp;
  start(signal: AbortSignal): void;
  /** Tells the operator what it does not know yet of one key: nothing, one event or two. Rejects as the operator does. */
  deliver(key: ObjectKey): Promise<void>;
}

export interface WatchParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly queue: Queue<WatchedKey>;
}

/** What the operator was last told of an object. */
interface Told {
  readonly object: KubeObject;
  /** The newest version whose handler has ended without an error; undefined: none has yet. */
  readonly taken: string | undefined;
}

/**
 * Events out of levels. The queue holds keys; what an event says is found out when it is delivered, by comparing the cache
 * with what the operator was last told. So changes in quick succession become one event, a failed delivery is repeated
 * with the newest state, and a watch that is opened anew tells nothing twice.
 */
export function createWatch(
  { cluster, clock, random, log, queue }: WatchParts,
  { resource, namespace, onEvent }: { readonly resource: Resource; namespace: string; onEvent: OnEvent },
): Watch {
  const id = `${resource.plural}.${resource.group === '' ? '' : `${resource.group}/`}${resource.version}`;
  const informers = createInformers({ cluster, clock, random, log });
  const informer = informers.informer(resource, { namespace });
  const settled = caughtUpIn(clock, [informer], OWN_WRITE_MS);
  const told = new Map<string, Told>();
  const departed = new Map<string, KubeObject>();

  const tell = async (type: ResourceEventType, object: KubeObject): Promise<void> => {
    // The cache's objects are frozen and shared; operators for the original change theirs as they like.
    const own = asKubernetesObject(structuredClone(object));
    await onEvent({ type, object: own, meta: ResourceMetaImpl.createWithId(id, own) });
  };

  const watch: Watch = {
    id,
    resource,
    // A watch of one namespace never shows writes in another.
    caughtUp: async (write) => (namespace !== '' && write.key.namespace !== namespace) || settled(write),
    start: (signal) => informers.start(signal),
    async deliver(key) {
      const name = keyText(key);
      const now = informer.get(key);
      const before = told.get(name);
      if (before !== undefined && before.object.metadata.uid !== now?.metadata.uid) {
        const last = departed.get(name);
        const isLast = last !== undefined && last.metadata.uid === before.object.metadata.uid;
        await tell(ResourceEventType.Deleted, isLast ? last : before.object);
        told.delete(name);
      }
      departed.delete(name);
      if (now === undefined) return;
      const taken = told.get(name)?.taken;
      const { resourceVersion } = now.metadata;
      if (taken !== undefined && taken === resourceVersion) return;
      told.set(name, { object: now, taken });
      await tell(taken === undefined ? ResourceEventType.Added : ResourceEventType.Modified, now);
      told.set(name, { object: now, taken: resourceVersion });
    },
  };

  informer.subscribe((change) => {
    const key = keyOf(change.object);
    if (change.type === 'deleted') departed.set(keyText(key), change.object);
    const priority = change.type !== 'deleted' && change.initial ? 'resync' : 'user';
    queue.add({ ...key, watch }, priority, `${change.type} ${resource.kind}`);
  });
  return watch;
}
