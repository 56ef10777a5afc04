import { defineMetrics } from '../telemetry/metrics.ts';

/** Names, labels and buckets of controller-runtime (Go), so that its dashboards and alerts work unchanged. */
export const controllerMetrics = defineMetrics({
  reconciles: {
    type: 'counter',
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles by result: success, error, requeue (the world had moved on), requeue_after.',
    labels: ['controller', 'result'],
  },
  errors: {
    type: 'counter',
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that failed.',
    labels: ['controller'],
  },
  terminalErrors: {
    type: 'counter',
    name: 'controller_runtime_terminal_reconcile_errors_total',
    help: 'Reconciles that failed in a way that no retry can mend.',
    labels: ['controller'],
  },
  panics: {
    type: 'counter',
    name: 'controller_runtime_reconcile_panics_total',
    help: 'Reconciles that failed by a bug in the program: a TypeError, ReferenceError or RangeError, or a rejected promise that was not awaited.',
    labels: ['controller'],
  },
  timeouts: {
    type: 'counter',
    name: 'controller_runtime_reconcile_timeouts_total',
    help: 'Reconciles that were ended at their deadline.',
    labels: ['controller'],
  },
  seconds: {
    type: 'histogram',
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Time of a reconcile in seconds.',
    labels: ['controller'],
    buckets: [
      0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75,
      2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ],
  },
  maxConcurrent: {
    type: 'gauge',
    name: 'controller_runtime_max_concurrent_reconciles',
    help: 'Reconciles that may run at the same time.',
    labels: ['controller'],
  },
  active: {
    type: 'gauge',
    name: 'controller_runtime_active_workers',
    help: 'Reconciles under way.',
    labels: ['controller'],
  },
  staleSkips: {
    type: 'counter',
    name: 'stale_sync_skips_total',
    help: 'Reconciles put off because the cache had not yet seen our own last write.',
    labels: ['controller'],
  },
});
