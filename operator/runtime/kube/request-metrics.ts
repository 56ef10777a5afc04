import type { Registry } from 'prom-client';
import { createMetrics, defineMetrics } from '../telemetry/metrics.ts';

/** Names and labels of client-go, so that dashboards for Go operators work unchanged. */
export const restClientMetrics = defineMetrics({
  requests: {
    type: 'counter',
    name: 'rest_client_requests_total',
    help: 'Requests to the API server by method, status code and server; code <error> where no answer came.',
    labels: ['method', 'code', 'host'],
  },
  seconds: {
    type: 'histogram',
    name: 'rest_client_request_duration_seconds',
    help: 'Time of a request to the API server in seconds, by verb and server.',
    labels: ['verb', 'host'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60],
  },
  retries: {
    type: 'counter',
    name: 'rest_client_request_retries_total',
    help: 'Requests to the API server that were sent again, by the status code that caused it, verb and server.',
    labels: ['code', 'verb', 'host'],
  },
  inFlight: {
    type: 'gauge',
    name: 'rest_client_requests_in_flight',
    help: 'Requests to the API server that are under way, watches left out.',
    labels: ['host'],
  },
  waiting: {
    type: 'gauge',
    name: 'rest_client_requests_waiting',
    help: 'Requests that wait because as many are under way as are allowed or as the API server lets in.',
    labels: ['host'],
  },
});

/** Told of every try. `code` is a status or `<error>`. */
export interface RequestObserver {
  answered(verb: string, code: string, ms: number): void;
  retried(verb: string, code: string): void;
  /** How many requests are under way, and how many wait for their turn. */
  load(inFlight: number, waiting: number): void;
}

/** `host`: of the API server, with its port. */
export function observeRequests(registry: Registry, host: string): RequestObserver {
  const metrics = createMetrics(restClientMetrics, registry);
  const [inFlightNow, waitingNow] = [metrics.inFlight.labels({ host }), metrics.waiting.labels({ host })];
  return {
    load(inFlight, waiting) {
      inFlightNow.set(inFlight);
      waitingNow.set(waiting);
    },
    answered(verb, code, ms) {
      metrics.requests.inc({ method: verb, code, host });
      metrics.seconds.observe({ verb, host }, ms / 1000);
    },
    retried: (verb, code) => metrics.retries.inc({ code, verb, host }),
  };
}
