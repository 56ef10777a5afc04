import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import websocket from '@fastify/websocket';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { AppMetrics } from './metrics.ts';

const tickIntervalMs = 1000;

export interface AppOptions {
  /** Shown in every answer. */
  readonly version: string;
  /** Shown in every answer. */
  readonly pod: string;
  readonly metrics: AppMetrics;
  readonly logger?: FastifyServerOptions['logger'];
}

const boundedInteger = (name: string, maximum: number, otherwise: number) => ({
  querystring: {
    type: 'object',
    properties: { [name]: { type: 'integer', minimum: 0, maximum, default: otherwise } },
  },
});

/** The app, not yet listening. */
export async function createApp({ version, pod, metrics, logger = false }: AppOptions): Promise<FastifyInstance> {
  const app = Fastify({ logger, keepAliveTimeout: 5000 });
  const answer = (more: object = {}) => ({ app: 'node-app', version, pod, ...more });
  await app.register(websocket);

  app.server.on('connection', (socket) => {
    metrics.openConnections.inc();
    socket.once('close', () => metrics.openConnections.dec());
  });
  app.addHook('onResponse', async (request, reply) => {
    const labels = { route: request.routeOptions.url ?? 'none', code: String(reply.statusCode) };
    metrics.requests.inc(labels);
    metrics.requestSeconds.observe({ route: labels.route }, reply.elapsedTime / 1000);
  });

  /** Answers after a random delay of at most `maxDelayMs`. */
  app.get<{ Querystring: { maxDelayMs: number } }>(
    '/',
    { schema: boundedInteger('maxDelayMs', 10_000, 200) },
    async ({ query }) => {
      const delayMs = Math.round(Math.random() * query.maxDelayMs);
      await delay(delayMs);
      return answer({ delayMs });
    },
  );

  /** Sends its headers at once, with version and pod in them, and the body after `seconds`. */
  app.get<{ Querystring: { seconds: number } }>(
    '/slow',
    { schema: boundedInteger('seconds', 600, 10) },
    async ({ query }, reply) => {
      const body = Readable.from(afterDelay(query.seconds * 1000, answer));
      reply.type('application/json').headers({ 'x-app-version': version, 'x-app-pod': pod });
      reply.raw.once('pipe', () => reply.raw.flushHeaders());
      return reply.send(body);
    },
  );

  /** One event a second, until the client leaves. */
  app.get('/events', (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    let tick = 0;
    const send = (): void => {
      tick += 1;
      reply.raw.write(`id: ${tick}\ndata: ${JSON.stringify(answer({ tick }))}\n\n`);
    };
    send();
    const timer = setInterval(send, tickIntervalMs);
    reply.raw.once('close', () => clearInterval(timer));
  });

  /** Echoes every message and sends a tick each second. */
  app.get('/ws', { websocket: true }, (socket) => {
    metrics.openWebSockets.inc();
    let tick = 0;
    const timer = setInterval(() => {
      tick += 1;
      socket.send(JSON.stringify(answer({ tick })));
    }, tickIntervalMs);
    socket.on('message', (data) => socket.send(JSON.stringify(answer({ echo: String(data) }))));
    socket.on('error', () => socket.terminate());
    socket.once('close', () => {
      clearInterval(timer);
      metrics.openWebSockets.dec();
    });
  });

  return app;
}

async function* afterDelay(delayMs: number, answer: (more: object) => object): AsyncGenerator<string> {
  await delay(delayMs);
  yield JSON.stringify(answer({ delayMs }));
}
