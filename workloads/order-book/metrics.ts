import { defineMetrics, type Metrics } from '@sluice/runtime/telemetry';

/** Metrics of one book. Gauges are read when they are scraped. */
export const orderBookMetrics = defineMetrics({
  commands: {
    type: 'counter',
    name: 'sluice_orderbook_commands_total',
    help: 'Commands answered after they were durable, by kind (place, pair, cancel, replace) and result (accepted, repeated, refused).',
    labels: ['kind', 'result'],
  },
  trades: {
    type: 'counter',
    name: 'sluice_orderbook_trades_total',
    help: 'Trades made since the process started, by symbol.',
    labels: ['symbol'],
  },
  openOrders: {
    type: 'gauge',
    name: 'sluice_orderbook_open_orders',
    help: 'Orders that rest in the book, by symbol.',
    labels: ['symbol'],
  },
  sequence: {
    type: 'gauge',
    name: 'sluice_orderbook_sequence',
    help: 'Sequence number of the last durable command.',
    labels: [],
  },
  epoch: {
    type: 'gauge',
    name: 'sluice_orderbook_epoch',
    help: 'Epoch that the process writes under; it grows with every start that writes.',
    labels: [],
  },
  pending: {
    type: 'gauge',
    name: 'sluice_orderbook_pending_commands',
    help: 'Commands that wait for the disk.',
    labels: [],
  },
  journalBytes: {
    type: 'counter',
    name: 'sluice_orderbook_journal_bytes_total',
    help: 'Bytes of commands forced to disk since the process started.',
    labels: [],
  },
  commitCommands: {
    type: 'histogram',
    name: 'sluice_orderbook_commit_commands',
    help: 'Commands per group commit.',
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096],
  },
  acknowledgeSeconds: {
    type: 'histogram',
    name: 'sluice_orderbook_acknowledge_duration_seconds',
    help: 'Time from the arrival of a valid command to its durable answer, in seconds.',
    labels: [],
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  },
  rateLimited: {
    type: 'counter',
    name: 'sluice_orderbook_rate_limited_total',
    help: 'Requests refused because their account sent more than it may per second.',
    labels: [],
  },
  journalUp: {
    type: 'gauge',
    name: 'sluice_orderbook_journal_up',
    help: '1 while the journal accepts commands, 0 after it stopped for good.',
    labels: [],
  },
  binaryConnections: {
    type: 'gauge',
    name: 'sluice_orderbook_binary_connections',
    help: 'Open connections of the binary port.',
    labels: [],
  },
  binaryEnded: {
    type: 'counter',
    name: 'sluice_orderbook_binary_ended_total',
    help: 'Connections of the binary port that have ended, by the code they were told; "none" when the client hung up.',
    labels: ['code'],
  },
});

export type BookMetrics = Metrics<typeof orderBookMetrics>;
