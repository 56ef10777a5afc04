import Fastify, { type FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type AppMetrics = ReturnType<typeof createAppMetrics>;

/** The app's metrics in a registry of their own. */
export function createAppMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'app_info', help: 'Version of the app; always 1.', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  return {
    registry,
    openConnections: new Gauge({
      name: 'app_open_connections',
      help: 'Open connections, WebSockets included.',
      registers,
    }),
    openWebSockets: new Gauge({ name: 'app_open_websockets', help: 'Open WebSockets.', registers }),
    requests: new Counter({
      name: 'http_requests_total',
      help: 'Finished requests by route and status code.',
      labelNames: ['route', 'code'],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time to answer a request in seconds, by route.',
      labelNames: ['route'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
      registers,
    }),
  };
}

/** /metrics, /healthz and /readyz, not yet listening. */
export function createMetricsServer({ registry }: AppMetrics): FastifyInstance {
  const server = Fastify();
  server.get('/metrics', async (_request, reply) => {
    reply.type(registry.contentType);
    return registry.metrics();
  });
  server.get('/healthz', async () => 'ok\n');
  server.get('/readyz', async () => 'ok\n');
  return server;
}
