import type { Registry } from 'prom-client';
import { createReader } from '../cache/reader.ts';
import type { Clock, Random } from '../clock.ts';
import { controllerMetrics } from '../controller/metrics.ts';
import { createOwnWrites } from '../controller/own-writes.ts';
import { type ReconcilerParts, runWorkers, type Worked } from '../controller/reconciler.ts';
import { done } from '../controller/result.ts';
import { guardStrayRejections } from '../controller/stray-rejections.ts';
import { unopposed } from '../election/leadership.ts';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import type { Cluster } from '../kube/cluster.ts';
import { keyText, type ObjectKey, type Resource } from '../kube/object.ts';
import { createQueue } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { discover } from './discovery.ts';
import type { ResourceMeta } from './resource-event.ts';
import { createWatch, type OnEvent, type Watch, type WatchedKey } from './watch.ts';

/** A handler that has not ended after so long no longer holds up the events of other objects. */
const DELIVERY_MS = 600_000;

export interface EngineParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly registry: Registry;
  readonly signal: AbortSignal;
}

/** All watches of one operator and the one worker that delivers what they bring. */
export interface Engine {
  readonly client: KubeClient;
  /** Resolves when the server has said what the resource is. */
  watch(wanted: WantedWatch): Promise<Watch>;
  /** Delivers until the signal aborts. */
  work(): Promise<void>;
  /** The resource that `meta` is of. Throws when it is of none that is watched. */
  resourceOf(meta: ResourceMeta): Resource;
  /** A client whose writes the next delivery of that object waits to see. */
  clientFor(key: ObjectKey): KubeClient;
  /** A write was refused and the operator is not told by an error: the delivery under way is to be repeated. */
  refused(error: unknown): void;
}

interface WantedWatch {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
  readonly onEvent: OnEvent;
}

export function createEngine(parts: EngineParts): Engine {
  const { cluster, clock, random, log, registry, signal } = parts;
  const text = (key: WatchedKey): string => `${key.watch.id} ${keyText(key)}`;
  const queue = createQueue<WatchedKey>({ clock, random, text });
  const ownWrites = createOwnWrites();
  const watches: Watch[] = [];
  let refusal: { readonly error: unknown } | undefined;

  /** The handler is through; was everything it wrote taken? What has gone meanwhile needs no repeat. */
  function throwIfRefused(): void {
    if (refusal === undefined) return;
    const { error } = refusal;
    refusal = undefined;
    if (!(error instanceof KubeApiError && error.status === 404)) throw error;
  }

  return {
    client: cluster.client,
    async watch({ namespace, onEvent, ...wanted }) {
      const resource = await discover({ client: cluster.client, clock, log }, wanted, signal);
      const complete: OnEvent = async (event) => {
        refusal = undefined;
        await onEvent(event);
        throwIfRefused();
      };
      const watch = createWatch({ cluster, clock, random, log, queue }, { resource, namespace, onEvent: complete });
      watches.push(watch);
      watch.start(signal);
      return watch;
    },
    async work() {
      const controller: Worked = {
        name: 'dot-i',
        // One worker for everything: an operator for the original never runs beside itself.
        concurrency: 1,
        timeoutMs: DELIVERY_MS,
        reconcile: async (key) => {
          // Nothing else is in our queue.
          const { watch } = key as WatchedKey;
          await watch.deliver(key);
          return done();
        },
      };
      const unguard = guardStrayRejections();
      try {
        await runWorkers(controller, reconciling(), unopposed, signal);
      } finally {
        queue.stop();
        unguard();
      }
    },
    resourceOf({ id }) {
      const watch = watches.find((one) => one.id === id);
      if (watch === undefined) throw new Error(`no watch of ${id}`);
      return watch.resource;
    },
    clientFor: (key) => ownWrites.track(cluster.client, keyText(key)),
    refused(error) {
      log.error({ err: error }, 'a write was refused');
      refusal = { error };
    },
  };

  function reconciling(): ReconcilerParts {
    return {
      clock,
      client: cluster.client,
      // Handlers have caches of their own and write no Events.
      cache: createReader(() => undefined),
      event: () => {},
      queue,
      ownWrites,
      caughtUp: async (write) => (await Promise.all(watches.map((watch) => watch.caughtUp(write)))).every(Boolean),
      log,
      metrics: createMetrics(controllerMetrics, registry),
    };
  }
}
