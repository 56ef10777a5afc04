import type { Registry } from 'prom-client';
import { createInformers, type Informer, type Informers } from '../cache/index.ts';
import { type Clock, type Random, systemClock } from '../clock.ts';
import { createLeaderElection, type LeaderElectionOptions } from '../election/leader.ts';
import { createEventRecorder } from '../events/recorder.ts';
import type { Cluster } from '../kube/cluster.ts';
import { keyText, type ObjectKey, type Resource } from '../kube/object.ts';
import { createWorkqueueMetrics, observeQueue, sampleQueue, type WorkqueueMetrics } from '../queue/metrics.ts';
import { createQueue, type Queue } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Controller, Source } from './builder.ts';
import type { CacheReader } from './context.ts';
import { serveHealth } from './health-server.ts';
import { controllerMetrics } from './metrics.ts';
import { type CaughtUp, createOwnWrites } from './own-writes.ts';
import { type ReconcilerParts, runWorkers } from './reconciler.ts';

/** How long a reconcile waits for its own last write to come back through the watch. */
const OWN_WRITE_MS = 5_000;
/** Everything is looked at again after so long, whatever was or was not announced (controller-runtime: 10 h as well). */
const RESYNC_MS = 10 * 3_600_000;

export interface ManagerOptions {
  readonly cluster: Cluster;
  readonly controllers: readonly Controller[];
  readonly log: Logger;
  readonly registry: Registry;
  /** Name of this instance in events and in the Lease: the pod's name. */
  readonly identity: string;
  /** Reported as the source of events, such as `sluice.dev/operator`. */
  readonly reportingController: string;
  /** Port of /healthz, /readyz and /metrics; 0 takes a free one. */
  readonly metricsPort: number;
  /** Absent: this instance leads without asking. */
  readonly leaderElection?: {
    readonly namespace: string;
    readonly name: string;
    readonly durations?: LeaderElectionOptions['durations'];
  };
  readonly clock?: Clock;
  readonly random?: Random;
  /** Told when the caches are complete and the port is open; gets the cache, for metrics made of it. */
  readonly onReady?: (started: { port: number; cache: CacheReader }) => void;
}

interface Running {
  readonly controller: Controller;
  readonly parts: ReconcilerParts;
}

/**
 * Runs controllers until `signal` aborts: caches, queues and health at once, workers while this instance leads. Standby
 * instances keep their caches and queues current, so that they take over within the time of the election alone. Resolves after
 * the last reconcile has ended and the Lease was given back.
 */
export async function runManager(options: ManagerOptions, signal: AbortSignal): Promise<void> {
  const { cluster, controllers, log, registry, clock = systemClock, random = Math.random } = options;
  const informers = createInformers({ cluster, clock, random, log, registry });
  const { reportingController, identity: reportingInstance } = options;
  const events = createEventRecorder({
    client: cluster.client,
    clock,
    log,
    reportingController,
    reportingInstance,
    registry,
  });
  const queueMetrics = createWorkqueueMetrics(registry);
  const metrics = createMetrics(controllerMetrics, registry);
  const caughtUp = caughtUpIn(informers, controllers);
  const running = controllers.map((controller): Running => {
    const queue = feedQueue(controller, informers, queueMetrics, clock, random);
    const event = events.record;
    const { client } = cluster;
    const cache = informers.reader;
    return {
      controller,
      parts: { clock, client, cache, queue, ownWrites: createOwnWrites(), caughtUp, event, log, metrics },
    };
  });
  sampleAtScrape(registry, queueMetrics, running, clock);

  let synced = false;
  const health = await serveHealth(options.metricsPort, registry, {
    alive: () => [],
    ready: () => (synced ? [] : ['caches are not complete yet']),
  });
  const stopResync = resyncEvery(clock, RESYNC_MS, running);
  try {
    informers.start(signal);
    await informers.whenSynced(signal);
    synced = true;
    log.info({ port: health.port, controllers: controllers.map(({ name }) => name) }, 'caches are complete');
    options.onReady?.({ port: health.port, cache: informers.reader });
    const lead = async (epoch: number, leadSignal: AbortSignal): Promise<void> => {
      log.info({ epoch }, 'leading');
      await Promise.all(running.map(({ controller, parts }) => runWorkers(controller, parts, epoch, leadSignal)));
    };
    await elect(options, clock, random, signal, lead);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    stopResync();
    for (const { parts } of running) parts.queue.stop();
    await events.flush(AbortSignal.timeout(2_000));
    await health.close();
  }
}

async function elect(
  { cluster, log, registry, identity, leaderElection }: ManagerOptions,
  clock: Clock,
  random: Random,
  signal: AbortSignal,
  lead: (epoch: number, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  if (leaderElection === undefined) return lead(0, signal);
  const { durations, ...lease } = leaderElection;
  const election = createLeaderElection({
    client: cluster.client,
    clock,
    random,
    log,
    lease,
    identity,
    registry,
    ...(durations === undefined ? {} : { durations }),
  });
  await election.run(signal, lead);
}

/** A queue that gets the keys of every change that the sources of `controller` let through. */
function feedQueue(
  controller: Controller,
  informers: Informers,
  metrics: WorkqueueMetrics,
  clock: Clock,
  random: Random,
): Queue<ObjectKey> {
  const queue = createQueue<ObjectKey>({
    clock,
    random,
    text: keyText,
    observer: observeQueue(metrics, controller.name),
  });
  for (const source of controller.sources) {
    const { resource, metadataOnly, predicate, mapTo } = source;
    informers.informer(resource, { metadataOnly }).subscribe((change) => {
      const previous = change.type === 'deleted' ? undefined : change.previous;
      if (change.type !== 'deleted' && !predicate(change.object, previous)) return;
      const priority = change.type !== 'deleted' && change.initial ? 'resync' : source.priority;
      const { metadata } = change.object;
      const reason = `${change.type} ${resource.kind} ${metadata.name}`;
      for (const key of mapTo(change.object)) queue.add(key, priority, reason);
    });
  }
  return queue;
}

function caughtUpIn(informers: Informers, controllers: readonly Controller[]): CaughtUp {
  const watched = new Map<string, Informer[]>();
  const nameOf = ({ group, plural }: Resource): string => `${group}/${plural}`;
  for (const { resource, metadataOnly } of controllers.flatMap(({ sources }): readonly Source[] => sources)) {
    const informer = informers.informer(resource, { metadataOnly });
    const list = watched.get(nameOf(resource)) ?? [];
    if (!list.includes(informer)) watched.set(nameOf(resource), [...list, informer]);
  }
  return async (resource, key, resourceVersion) => {
    const waits = (watched.get(nameOf(resource)) ?? []).map((informer) =>
      informer.caughtUp(key, resourceVersion, OWN_WRITE_MS),
    );
    return (await Promise.all(waits)).every(Boolean);
  };
}

function resyncEvery(clock: Clock, ms: number, running: readonly Running[]): () => void {
  let cancel = clock.setTimer(ms, tick);
  function tick(): void {
    for (const { controller, parts } of running) {
      for (const object of parts.cache.list(controller.primary, '')) {
        const { namespace = '', name } = object.metadata;
        parts.queue.add({ namespace, name }, 'resync', 'resync');
      }
    }
    cancel = clock.setTimer(ms, tick);
  }
  return () => cancel();
}

/** Depth and running times are states, not events: they are read when somebody asks. */
function sampleAtScrape(
  registry: Registry,
  metrics: WorkqueueMetrics,
  running: readonly Running[],
  clock: Clock,
): void {
  const collect = registry.metrics.bind(registry);
  registry.metrics = () => {
    for (const { controller, parts } of running) sampleQueue(metrics, controller.name, parts.queue, clock);
    return collect();
  };
}
