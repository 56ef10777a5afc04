import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import { createMetrics, defineMetrics, type Metrics } from '../telemetry/metrics.ts';
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
    help: 'Time a key was worked on, in seconds.',
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

export type WorkqueueMetrics = Metrics<typeof workqueueMetrics>;

export function createWorkqueueMetrics(registry: Registry): WorkqueueMetrics {
  return createMetrics(workqueueMetrics, registry);
}

/** The observer of one queue. Gauges of its state are set by `sampleQueue` at each scrape. */
export function observeQueue(metrics: WorkqueueMetrics, name: string): QueueObserver {
  const labels = { name, controller: name };
  metrics.retries.inc(labels, 0);
  return {
    added: () => metrics.adds.inc(labels),
    started: (waitMs) => metrics.queueSeconds.observe(labels, waitMs / 1000),
    finished: (workMs) => metrics.workSeconds.observe(labels, workMs / 1000),
    retried: () => metrics.retries.inc(labels),
  };
}

export function sampleQueue<K>(metrics: WorkqueueMetrics, name: string, queue: Queue<K>, clock: Clock): void {
  const labels = { name, controller: name };
  const now = clock.monotonic();
  const times = queue.working().map((since) => (now - since) / 1000);
  metrics.depth.set(labels, queue.depth());
  metrics.unfinishedSeconds.set(
    labels,
    times.reduce((sum, time) => sum + time, 0),
  );
  metrics.longestSeconds.set(labels, Math.max(0, ...times));
}
