import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import { createMetrics, defineMetrics } from '../telemetry/metrics.ts';
import type { Queue, QueueObserver } from './queue.ts';

const seconds = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];

/** Names, labels and buckets of client-go's workqueue, so that dashboards for Go operators work unchanged. */
export const workqueueMetrics = defineMetrics({
  depth: {
    type: 'gauge',
    name: 'workqueue_depth',
    help: 'Keys that wait in the queue.',
    labels: ['name', 'controller'],
  },
  adds: {
    type: 'counter',
    name: 'workqueue_adds_total',
    help: 'Keys added to the queue.',
    labels: ['name', 'controller'],
  },
  queueSeconds: {
    type: 'histogram',
    name: 'workqueue_queue_duration_seconds',
    help: 'Time a key waited before it was taken, in seconds.',
    labels: ['name', 'controller'],
    buckets: seconds,
  },
  workSeconds: {
    type: 'histogram',
    name: 'workqueue_work_duration_seconds',
    help: 'Time a key was with a worker, and until the caches showed what was written for it, in seconds.',
    labels: ['name', 'controller'],
    buckets: seconds,
  },
  unfinishedSeconds: {
    type: 'gauge',
    name: 'workqueue_unfinished_work_seconds',
    help: 'Sum of the time that work under way has taken so far, in seconds.',
    labels: ['name', 'controller'],
  },
  longestSeconds: {
    type: 'gauge',
    name: 'workqueue_longest_running_processor_seconds',
    help: 'Time that the longest work under way has taken so far, in seconds.',
    labels: ['name', 'controller'],
  },
  retries: {
    type: 'counter',
    name: 'workqueue_retries_total',
    help: 'Keys added again after a failure.',
    labels: ['name', 'controller'],
  },
});

/** Exports queues by name: what happens to keys as it happens, what the queue holds whenever somebody asks. */
export interface QueueExporter {
  observer(name: string): QueueObserver;
  expose<K>(name: string, queue: Queue<K>): void;
}

export function createQueueExporter(registry: Registry, clock: Clock): QueueExporter {
  const metrics = createMetrics(workqueueMetrics, registry);
  const queues = new Map<string, Pick<Queue<unknown>, 'depth' | 'working'>>();
  const labelsOf = (name: string) => ({ name, controller: name });

  const atScrape = (
    gauge: typeof metrics.depth,
    read: (queue: Pick<Queue<unknown>, 'depth' | 'working'>) => number,
  ) => {
    const collect = (): void => {
      for (const [name, queue] of queues) gauge.set(labelsOf(name), read(queue));
    };
    Object.assign(gauge, { collect });
  };
  const secondsSince = (since: number): number => (clock.monotonic() - since) / 1000;
  atScrape(metrics.depth, (queue) => queue.depth());
  atScrape(metrics.unfinishedSeconds, (queue) => queue.working().reduce((sum, since) => sum + secondsSince(since), 0));
  atScrape(metrics.longestSeconds, (queue) => Math.max(0, ...queue.working().map(secondsSince)));

  return {
    observer(name) {
      const labels = labelsOf(name);
      const adds = metrics.adds.labels(labels);
      const queueSeconds = metrics.queueSeconds.labels(labels);
      const workSeconds = metrics.workSeconds.labels(labels);
      const retries = metrics.retries.labels(labels);
      adds.inc(0);
      retries.inc(0);
      return {
        added: () => adds.inc(),
        started: (waitMs) => queueSeconds.observe(waitMs / 1000),
        finished: (workMs) => workSeconds.observe(workMs / 1000),
        retried: () => retries.inc(),
      };
    },
    expose: (name, queue) => void queues.set(name, queue),
  };
}
