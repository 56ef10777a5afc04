import { defineMetrics } from '@sluice/runtime/telemetry';

/**
 * What the two sample apps export. They are apps as users write them, one in Go, so they do not share our declarations;
 * a test compares these with what both say.
 */
export const sampleAppMetrics = defineMetrics({
  info: { type: 'gauge', name: 'app_info', help: 'Version of the app; always 1.', labels: ['version'] },
  openConnections: {
    type: 'gauge',
    name: 'app_open_connections',
    help: 'Open connections of a pod, WebSockets included.',
    labels: [],
  },
  openWebSockets: { type: 'gauge', name: 'app_open_websockets', help: 'Open WebSockets of a pod.', labels: [] },
  requests: {
    type: 'counter',
    name: 'http_requests_total',
    help: 'Finished requests by route and status code.',
    labels: ['route', 'code'],
  },
  requestSeconds: {
    type: 'histogram',
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request in seconds, by route.',
    labels: ['route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
  },
});
