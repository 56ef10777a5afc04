import type { Registry } from 'prom-client';
import { createInformers, type Informers } from '../cache/index.ts';
import { type Clock, type Random, systemClock } from '../clock.ts';
import { fenced } from '../election/fence.ts';
import { createLeaderElection, type LeaderElectionOptions, type OnElected } from '../election/leader.ts';
import { Deposed, type Leadership, unopposed } from '../election/leadership.ts';
import { createEventRecorder, type EventRecorder } from '../events/recorder.ts';
import type { Cluster } from '../kube/cluster.ts';
import { deadlineSignal } from '../kube/deadline.ts';
import { type KubeObject, keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import { createQueueExporter } from '../queue/metrics.ts';
import { createQueue, type Queue } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Controller } from './builder.ts';
import type { CacheReader } from './context.ts';
import { serveHealth } from './health-server.ts';
import { controllerMetrics } from './metrics.ts';
import { caughtUpIn, createOwnWrites, type OwnWrites } from './own-writes.ts';
import { FOREIGN_STATUS, type ReconcilerParts, runWorkers } from './reconciler.ts';
import { guardStrayRejections } from './stray-rejections.ts';
import type { Tracing } from './tracing.ts';

/** How long a reconcile waits for its own last write to come back through the watch. */
const OWN_WRITE_MS = 5_000;
/** How long events that are not written yet may hold up a stop. */
const FLUSH_MS = 2_000;
/** Everything is looked at again after so long, whatever was or was not announced (controller-runtime: 10 h as well). */
const RESYNC_MS = 10 * 3_600_000;

/** What `runManager` runs, and with what. */
export interface ManagerOptions {
  readonly cluster: Cluster;
  readonly controllers: readonly Controller[];
  readonly log: Logger;
  readonly registry: Registry;
  /** Name of this instance in events and in the Lease: the pod's name. */
  readonly identity: string;
  /** Reported as the source of events, such as `sluice.dev/operator`. */
  readonly reportingController: string;
  /** Port of /healthz, /readyz and /metrics; 0 takes a free one. Absent: none, as for a process that is only simulated. */
  readonly metricsPort?: number;
  /** Absent: no spans. */
  readonly tracing?: Tracing;
  /** Reads collections as streams instead of in pages, where the server can do that. Default false. */
  readonly streamedLists?: boolean;
  /** Absent: this instance leads without asking. */
  readonly leaderElection?: {
    readonly namespace: string;
    readonly name: string;
    readonly durations?: LeaderElectionOptions['durations'];
  };
  readonly clock?: Clock;
  readonly random?: Random;
  /** Told when the caches are complete and the port is open (0: there is none); gets the cache, for metrics made of it. */
  readonly onReady?: (started: { port: number; cache: CacheReader }) => void;
}

/** A controller with the queue it works off and all that its reconciles use. */
interface Running {
  readonly controller: Controller;
  readonly parts: ReconcilerParts;
}

/**
 * Runs controllers until `signal` aborts: caches, queues and health at once, workers while this instance leads. Standby
 * instances keep their caches and queues current, so that they take over within the time of the election alone. Resolves
 * after the last reconcile has ended and the Lease was given back. Rejects when the port is taken.
 */
export async function runManager(options: ManagerOptions, signal: AbortSignal): Promise<void> {
  const { log, clock = systemClock } = options;
  const term: { now?: Leadership } = {};
  const { informers, events, running } = assemble(options, clock, term);
  let synced = false;
  const checks = { alive: () => [], ready: () => (synced ? [] : ['caches are not complete yet']) };
  const { metricsPort } = options;
  const health = metricsPort === undefined ? undefined : await serveHealth(metricsPort, options.registry, checks);
  const port = health?.port ?? 0;
  const unguard = guardStrayRejections();
  const stopResync = resyncEvery(clock, RESYNC_MS, running);
  const ended = new AbortController();
  try {
    // Watches end with this run, also when it ends by an error.
    const watching = AbortSignal.any([signal, ended.signal]);
    informers.start(watching);
    await informers.whenSynced(watching);
    synced = true;
    log.info({ port, controllers: running.map(({ controller }) => controller.name) }, 'caches are complete');
    options.onReady?.({ port, cache: informers.reader });
    await elect(options, clock, signal, async (leadership, leadSignal) => {
      term.now = leadership;
      await Promise.all(running.map(({ controller, parts }) => runWorkers(controller, parts, leadership, leadSignal)));
      // Before the Lease is given back: afterwards nothing of this term is written any more.
      if (signal.aborted) await flush(events, clock);
    });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    ended.abort();
    stopResync();
    for (const { parts } of running) parts.queue.stop();
    events.close();
    unguard();
    await health?.close();
  }
}

/** Makes everything and connects it; nothing runs yet. */
function assemble(
  options: ManagerOptions,
  clock: Clock,
  term: { readonly now?: Leadership },
): { informers: Informers; events: EventRecorder; running: Running[] } {
  const { cluster, controllers, log, registry, random = Math.random, streamedLists = false } = options;
  const { client } = cluster;
  const informers = createInformers({ cluster, clock, random, log, registry, streamedLists });
  const { reportingController, identity: reportingInstance } = options;
  // An event belongs to the term in which it is written, whichever that is: it tells what has happened.
  const assertMayWrite = (): void => {
    if (term.now === undefined) throw new Deposed('not sent: this process does not lead');
    term.now.assertMayWrite();
  };
  const recording = fenced(client, { assertMayWrite });
  const events = createEventRecorder({
    client: recording,
    clock,
    log,
    reportingController,
    reportingInstance,
    registry,
  });
  const exporter = createQueueExporter(registry, clock);
  const metrics = createMetrics(controllerMetrics, registry);
  const watched = controllers.flatMap(({ sources }) =>
    sources.map(({ resource, metadataOnly }) => informers.informer(resource, { metadataOnly })),
  );
  const caughtUp = caughtUpIn(clock, watched, OWN_WRITE_MS);
  const running = controllers.map((controller): Running => {
    const { name } = controller;
    const queue = createQueue<ObjectKey>({ clock, random, text: keyText, observer: exporter.observer(name) });
    exporter.expose(name, queue);
    const ownWrites = createOwnWrites();
    feedQueue({ queue, controller, informers, ownWrites });
    const traced = options.tracing === undefined ? {} : { tracing: options.tracing };
    const shared = { clock, client, cache: informers.reader, event: events.record, log, metrics, caughtUp, ...traced };
    return { controller, parts: { ...shared, queue, ownWrites } };
  });
  return { informers, events, running };
}

async function flush(events: EventRecorder, clock: Clock): Promise<void> {
  const { signal, dispose } = deadlineSignal(clock, { signal: undefined, timeoutMs: FLUSH_MS, what: 'events' });
  await events.flush(signal).finally(dispose);
}

async function elect(
  { cluster, log, registry, identity, leaderElection, random = Math.random }: ManagerOptions,
  clock: Clock,
  signal: AbortSignal,
  lead: OnElected,
): Promise<void> {
  if (leaderElection === undefined) return lead(unopposed, signal);
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

/** Whether a change of nothing but the status of `primary` is certainly not ours. */
function isForeign(ownWrites: OwnWrites, primary: KubeObject): boolean {
  return ownWrites.isForeignStatus(keyText(keyOf(primary)), primary.metadata.resourceVersion ?? '');
}

interface Feed {
  readonly queue: Queue<ObjectKey>;
  readonly controller: Controller;
  readonly informers: Informers;
  readonly ownWrites: OwnWrites;
}

/** Adds to the queue the keys of every change that the sources of `controller` let through. */
function feedQueue({ queue, controller, informers, ownWrites }: Feed): void {
  for (const source of controller.sources) {
    const { resource, metadataOnly, predicate, mapTo, foreignPasses } = source;
    informers.informer(resource, { metadataOnly }).subscribe((change) => {
      const previous = change.type === 'deleted' ? undefined : change.previous;
      if (change.type !== 'deleted' && !predicate(change.object, previous)) {
        if (foreignPasses && isForeign(ownWrites, change.object)) {
          queue.add(keyOf(change.object), 'owner', FOREIGN_STATUS);
        }
        return;
      }
      const priority = change.type !== 'deleted' && change.initial ? 'resync' : source.priority;
      const { metadata } = change.object;
      const reason = `${change.type} ${resource.kind} ${metadata.name}`;
      // Both sides of a change: who lost a child must hear of it as well as who got one.
      for (const object of previous === undefined ? [change.object] : [change.object, previous]) {
        for (const key of mapTo(object)) queue.add(key, priority, reason);
      }
    });
  }
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
