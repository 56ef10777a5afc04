import { Registry } from 'prom-client';
import type { Clock, Random } from '../clock.ts';
import type { CacheReader } from '../controller/context.ts';
import type { Cluster } from '../kube/cluster.ts';
import { unlessAborted } from '../kube/deadline.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { reflectorMetrics } from '../watch/metrics.ts';
import { resourceName, runReflector } from '../watch/reflector.ts';
import type { StoreEffect } from '../watch/state.ts';
import type { Change, Informer, InformerOptions, Informers } from './informer.ts';
import { createMeanSize } from './mean-size.ts';
import { createReader } from './reader.ts';
import { createStore, type Store } from './store.ts';
import { createWaiters } from './waiters.ts';

export interface CreateInformersOptions {
  /** Only its transport is used. */
  readonly cluster: Pick<Cluster, 'transport'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /**
   * Reads collections as watches that begin with all objects, where the server can do that, and in pages where it cannot.
   * It spares the server the memory of large lists. Default false.
   */
  readonly streamedLists?: boolean;
  /** reflector_* metrics go here. */
  readonly registry?: Registry;
}

interface RunnableInformer<T extends KubeObject> extends Informer<T> {
  readonly store: Store<T>;
  /** '' for all namespaces. */
  readonly namespace: string;
  run(signal: AbortSignal): Promise<void>;
  whenSynced: Promise<void>;
}

/** Shared caches, one watch per resource and mode. */
export function createInformers(options: CreateInformersOptions): Informers {
  const metrics = createMetrics(reflectorMetrics, options.registry ?? new Registry());
  // Erased by the map: the entry under a resource's name holds objects of that resource.
  const informers = new Map<string, RunnableInformer<KubeObject>>();
  let started = false;

  const reader: CacheReader = createReader((resource) => {
    const name = resourceName(resource);
    return (informers.get(`${name} full`) ?? informers.get(`${name} metadata`))?.store;
  });

  return {
    reader,
    informer<T extends KubeObject>(
      resource: Resource<T>,
      { metadataOnly = false, namespace = '' }: InformerOptions = {},
    ) {
      const id = `${resourceName(resource)} ${metadataOnly ? 'metadata' : 'full'}`;
      const known = informers.get(id);
      if (known !== undefined && known.namespace !== namespace) {
        throw new Error(`${id}: one informer for namespace "${known.namespace}" and one for "${namespace}"`);
      }
      if (known !== undefined) return known as unknown as Informer<T>;
      if (started) throw new Error(`${id}: informers must be declared before the start`);
      const made = createInformer(options, metrics, resource, metadataOnly, namespace);
      informers.set(id, made as unknown as RunnableInformer<KubeObject>);
      return made;
    },
    start(signal) {
      started = true;
      for (const informer of informers.values()) void informer.run(signal);
    },
    async whenSynced(signal) {
      const synced = Promise.all([...informers.values()].map((informer) => informer.whenSynced));
      await unlessAborted(synced, signal);
    },
  };
}

function createInformer<T extends KubeObject>(
  { cluster: { transport }, clock, random, log, streamedLists = false }: CreateInformersOptions,
  metrics: Metrics<typeof reflectorMetrics>,
  resource: Resource<T>,
  metadataOnly: boolean,
  namespace: string,
): RunnableInformer<T> {
  const store = createStore<T>();
  const waiters = createWaiters(clock);
  const handlers: ((change: Change<T>) => void)[] = [];
  const labels = { resource: resourceName(resource), mode: metadataOnly ? 'metadata' : 'full' };
  const [objects, bytes] = [metrics.objects.labels(labels), metrics.bytes.labels(labels)];
  const size = createMeanSize();
  const { promise: whenSynced, resolve: markSynced } = Promise.withResolvers<void>();

  const tell = (change: Change<T>): void => {
    for (const handler of handlers) {
      try {
        handler(change);
      } catch (error) {
        // The cache serves others too: it must not stop because one of its readers has a bug.
        log.error({ err: error, resource: resourceName(resource) }, 'a handler of changes threw');
      }
    }
  };

  const take = (effect: StoreEffect<T>): void => {
    for (const change of store.apply(effect)) {
      if (change.type !== 'deleted') size.saw(change.object);
      tell(change);
    }
    objects.set(store.size());
    bytes.set(Math.round(store.size() * size.bytes()));
    waiters.reached(effect.resourceVersion);
    markSynced();
  };

  return {
    resource,
    metadataOnly,
    namespace,
    store,
    whenSynced,
    get: (key) => store.get(key),
    index(name, valuesOf) {
      store.declareIndex(name, (object) => {
        try {
          return valuesOf(object);
        } catch (error) {
          log.error({ err: error, resource: resourceName(resource), index: name }, 'an index function threw');
          return [];
        }
      });
    },
    byIndex: (name, value) => store.byIndex(name, value),
    subscribe: (handler) => void handlers.push(handler),
    synced: () => store.version() !== undefined,
    // The versions of one resource are one sequence and the watch follows it without gaps, so a store that reached the
    // version of a write has seen that write, whichever object it was, and its deletion where one came before.
    caughtUp: (_key, resourceVersion, timeoutMs) => waiters.wait(resourceVersion, timeoutMs),
    run: (signal) =>
      runReflector(
        { clock, random, transport, resource, namespace, metadataOnly, streamedLists, log, metrics, store: take },
        signal,
      ),
  };
}
