import { defineMetrics } from '@sluice/runtime/telemetry';

/** Metrics of every HTTP service of ours. `route` is the pattern, never the path, so its values are few. */
export const serviceMetrics = defineMetrics({
  requests: {
    type: 'counter',
    name: 'http_requests_total',
    help: 'HTTP requests answered, by method, route pattern and status code.',
    labels: ['method', 'route', 'code'],
  },
  requestSeconds: {
    type: 'histogram',
    name: 'http_request_duration_seconds',
    help: 'Time from the request line to the end of the answer, in seconds.',
    labels: ['method', 'route'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
});

/** Metrics of services that ask for tokens. */
export const authMetrics = defineMetrics({
  authentications: {
    type: 'counter',
    name: 'http_authentications_total',
    help: 'Bearer tokens checked, by result: cached, verified, refused, keys_unavailable.',
    labels: ['result'],
  },
});
