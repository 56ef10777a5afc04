import { defineMetrics } from '@sluice/runtime/telemetry';

/** Metrics of the WebSocket doors. `shape`: binance or coinbase. */
export const streamMetrics = defineMetrics({
  connections: {
    type: 'gauge',
    name: 'sluice_orderbook_stream_connections',
    help: 'Open WebSocket connections, by shape (binance, coinbase).',
    labels: ['shape'],
  },
  messages: {
    type: 'counter',
    name: 'sluice_orderbook_stream_messages_total',
    help: 'Messages handed to WebSocket connections, by shape; one message to ten connections counts ten.',
    labels: ['shape'],
  },
  closed: {
    type: 'counter',
    name: 'sluice_orderbook_stream_closed_total',
    help: 'WebSocket connections that ended, by shape and reason (client, slow, silent, flood, refused, unauthenticated, stopping, failed).',
    labels: ['shape', 'reason'],
  },
});
