import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createApp } from './app.ts';
import { type AppMetrics, createAppMetrics, createMetricsServer } from './metrics.ts';

let app: FastifyInstance;
let metrics: AppMetrics;
let address: string;

beforeEach(async () => {
  metrics = createAppMetrics('v7');
  app = await createApp({ version: 'v7', pod: 'pod-1', metrics });
  await app.listen({ host: '127.0.0.1', port: 0 });
  address = `127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});
afterEach(() => app.close());

test('every answer names version and pod; a delay out of bounds is refused', async () => {
  for (const path of ['/?maxDelayMs=0', '/slow?seconds=0']) {
    const response = await fetch(`http://${address}${path}`);
    expect(await response.json()).toEqual({ app: 'node-app', version: 'v7', pod: 'pod-1', delayMs: 0 });
  }
  for (const path of ['/?maxDelayMs=10001', '/?maxDelayMs=-1', '/slow?seconds=601', '/slow?seconds=x']) {
    expect((await fetch(`http://${address}${path}`)).status, path).toBe(400);
  }
});

test('a slow answer says at once who will give it', async () => {
  const stop = new AbortController();
  const response = await fetch(`http://${address}/slow?seconds=20`, { signal: stop.signal });
  expect(response.headers.get('x-app-pod')).toBe('pod-1');
  stop.abort();
});

test('a WebSocket echoes and ticks', async () => {
  const socket = new WebSocket(`ws://${address}/ws`);
  await once(socket, 'open');
  socket.send('hello');
  const seen = new Set<string>();
  for await (const [data] of on(socket)) {
    const message = JSON.parse(String(data)) as { echo?: string; tick?: number };
    if (message.echo === 'hello') seen.add('echo');
    if (message.tick === 1) seen.add('tick');
    if (seen.size === 2) break;
  }
  socket.close();
  await once(socket, 'close');
});

test('an event stream counts up', async () => {
  const stop = new AbortController();
  const response = await fetch(`http://${address}/events`, { signal: stop.signal });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('id: 2\n')) break;
  }
  stop.abort();
  expect(text).toMatch(/^id: 1\ndata: .*"version":"v7".*\n\nid: 2\n/);
});

test('requests are counted by route and code, and closing waits for those in progress', async () => {
  const slow = fetch(`http://${address}/slow?seconds=1`);
  await expect.poll(async () => (await metrics.openConnections.get()).values[0]?.value).toBe(1);
  await app.close();
  expect((await slow).status).toBe(200);
  const server = createMetricsServer(metrics);
  const { body } = await server.inject('/metrics');
  expect(body).toContain('http_requests_total{route="/slow",code="200"} 1');
  expect(body).toContain('app_info{version="v7"} 1');
  expect((await server.inject('/healthz')).statusCode).toBe(200);
});

async function* on(socket: WebSocket): AsyncGenerator<unknown[]> {
  while (socket.readyState === WebSocket.OPEN) yield await once(socket, 'message');
}
