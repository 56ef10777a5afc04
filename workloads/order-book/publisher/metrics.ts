import { defineMetrics } from '@sluice/runtime/telemetry';

/** Metrics of a book that publishes its trades; others have no such series. */
export const publisherMetrics = defineMetrics({
  up: {
    type: 'gauge',
    name: 'sluice_orderbook_publish_up',
    help: '1 while the broker takes the trades, 0 while it does not.',
    labels: [],
  },
  lag: {
    type: 'gauge',
    name: 'sluice_orderbook_publish_lag_trades',
    help: 'Trades that the broker has not acknowledged yet.',
    labels: [],
  },
  outboxBytes: {
    type: 'gauge',
    name: 'sluice_orderbook_outbox_bytes',
    help: 'Bytes of trades in the outbox, those that are kept after their acknowledgement included.',
    labels: [],
  },
  failures: {
    type: 'counter',
    name: 'sluice_orderbook_publish_failures_total',
    help: 'Sessions with the broker that ended, or could not begin, by the code of the reason.',
    labels: ['code'],
  },
  forgotten: {
    type: 'counter',
    name: 'sluice_orderbook_publish_forgotten_total',
    help: 'Trades that the broker had acknowledged and no longer had; they were published again.',
    labels: [],
  },
});
