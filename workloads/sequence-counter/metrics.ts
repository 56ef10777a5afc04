import { defineMetrics } from '@sluice/runtime/telemetry';

/** Metrics of one replica of a sequence counter. `counter` is the configured name. */
export const counterMetrics = defineMetrics({
  numbers: {
    type: 'counter',
    name: 'sluice_counter_numbers_total',
    help: 'Numbers handed out to clients of this replica, by counter.',
    labels: ['counter'],
  },
  inHand: {
    type: 'gauge',
    name: 'sluice_counter_in_hand',
    help: 'Reserved numbers that are not handed out yet, by counter.',
    labels: ['counter'],
  },
  highWater: {
    type: 'gauge',
    name: 'sluice_counter_high_mark',
    help: 'First number that nobody reserved, as this replica last saw the ledger, by counter; rounded above 2^53.',
    labels: ['counter'],
  },
  holds: {
    type: 'gauge',
    name: 'sluice_counter_holder',
    help: 'Whether this replica holds the lease: 1 or 0.',
    labels: [],
  },
  epoch: {
    type: 'gauge',
    name: 'sluice_counter_epoch',
    help: 'How many times the ledger was taken over, as this replica last saw it.',
    labels: [],
  },
  leaseSeconds: {
    type: 'gauge',
    name: 'sluice_counter_lease_remaining_seconds',
    help: 'Time until this replica must stop handing out numbers unless it renews; 0 when it does not hold the lease.',
    labels: [],
  },
  waiting: {
    type: 'gauge',
    name: 'sluice_counter_waiting_requests',
    help: 'Requests that wait for numbers.',
    labels: [],
  },
  storeSeconds: {
    type: 'histogram',
    name: 'sluice_counter_ledger_call_seconds',
    help: 'Duration of calls to the ledger, by operation (read, write) and outcome (done, conflict, unknown).',
    labels: ['operation', 'outcome'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  },
  regressed: {
    type: 'gauge',
    name: 'sluice_counter_ledger_regressed',
    help: 'Whether the ledger is not believed (missing, replaced or fallen back) and no numbers are handed out: 1 or 0.',
    labels: [],
  },
  forwarded: {
    type: 'counter',
    name: 'sluice_counter_forwarded_requests_total',
    help: 'Requests that were passed on to the holder, by result: granted, or retried when it gave no answer.',
    labels: ['result'],
  },
});
