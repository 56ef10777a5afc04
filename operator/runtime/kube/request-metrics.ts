import type { Registry } from 'prom-client';
import { createMetrics, defineMetrics } from '../telemetry/metrics.ts';

/** Names and labels of client-go, so that dashboards for Go operators work unchanged. */
export const restClientMetrics = defineMetrics({
  requests: {
    type: 'counter',
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by method and status code; <error> where no answer came.',
    labels: ['method', 'code'],
  },
  seconds: {
    type: 'histogram',
    name: 'rest_client_request_duration_seconds',
    help: 'Time of a request to the API server in seconds, by verb.',
    labels: ['verb'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  },
});

/** Told of every try: verb, status code or `<error>`, milliseconds. */
export type RequestObserver = (verb: string, code: string, ms: number) => void;

export function observeRequests(registry: Registry): RequestObserver {
  const metrics = createMetrics(restClientMetrics, registry);
  return (verb, code, ms) => {
    metrics.requests.inc({ method: verb, code });
    metrics.seconds.observe({ verb }, ms / 1000);
  };
}
