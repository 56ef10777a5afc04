import { expect, test } from 'vitest';
import { controllerMetrics } from '../controller/metrics.ts';
import { electionMetrics } from '../election/metrics.ts';
import { restClientMetrics } from '../kube/request-metrics.ts';
import { workqueueMetrics } from '../queue/metrics.ts';
import type { MetricDefinition, MetricDefinitions } from './metrics.ts';

const decades = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];
const queue = ['name', 'controller'];

/** As a Go operator exports them (controller-runtime with client-go): what dashboards and alerts ask for. */
const go: Record<string, { type: MetricDefinition['type']; labels: readonly string[]; buckets?: readonly number[] }> = {
  controller_runtime_reconcile_total: { type: 'counter', labels: ['controller', 'result'] },
  controller_runtime_reconcile_errors_total: { type: 'counter', labels: ['controller'] },
  controller_runtime_terminal_reconcile_errors_total: { type: 'counter', labels: ['controller'] },
  controller_runtime_reconcile_panics_total: { type: 'counter', labels: ['controller'] },
  controller_runtime_reconcile_timeouts_total: { type: 'counter', labels: ['controller'] },
  controller_runtime_reconcile_time_seconds: {
    type: 'histogram',
    labels: ['controller'],
    buckets: [
      0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75,
      2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ],
  },
  controller_runtime_max_concurrent_reconciles: { type: 'gauge', labels: ['controller'] },
  controller_runtime_active_workers: { type: 'gauge', labels: ['controller'] },
  workqueue_depth: { type: 'gauge', labels: queue },
  workqueue_adds_total: { type: 'counter', labels: queue },
  workqueue_queue_duration_seconds: { type: 'histogram', labels: queue, buckets: decades },
  workqueue_work_duration_seconds: { type: 'histogram', labels: queue, buckets: decades },
  workqueue_unfinished_work_seconds: { type: 'gauge', labels: queue },
  workqueue_longest_running_processor_seconds: { type: 'gauge', labels: queue },
  workqueue_retries_total: { type: 'counter', labels: queue },
  rest_client_requests_total: { type: 'counter', labels: ['method', 'code', 'host'] },
  rest_client_request_duration_seconds: {
    type: 'histogram',
    labels: ['verb', 'host'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  },
  rest_client_request_retries_total: { type: 'counter', labels: ['code', 'verb', 'host'] },
  leader_election_master_status: { type: 'gauge', labels: ['name'] },
};

const ours = new Map(
  [controllerMetrics, workqueueMetrics, restClientMetrics, electionMetrics]
    .flatMap((definitions: MetricDefinitions) => Object.values(definitions))
    .map((definition) => [definition.name, definition]),
);

test.each(Object.entries(go))('%s is named, labelled and cut into buckets as in Go', (name, expected) => {
  expect(ours.get(name)).toMatchObject(expected);
});
