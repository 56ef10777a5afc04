import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createApp } from '../app.ts';
import { createAppMetrics } from '../metrics.ts';
import { holdConnections } from './hold-connections.ts';

let app: FastifyInstance;
let baseUrl: string;

beforeEach(async () => {
  app = await createApp({ version: 'v7', pod: 'pod-1', metrics: createAppMetrics('v7') });
  await app.listen({ host: '127.0.0.1', port: 0 });
  baseUrl = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  app.server.closeAllConnections();
  await app.close();
});

test('connections that live as long as they should are completed', async () => {
  const held = await holdConnections({ baseUrl, webSockets: 3, eventStreams: 2, slowRequests: 2, slowSeconds: 1 });
  expect(held.ledger()).toMatchObject({ opened: 7, broken: [] });
  await expect.poll(() => held.versions().v7, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
  expect(await held.release()).toEqual({ opened: 7, open: 0, completed: 7, broken: [] });
});

test('a cut is told from an orderly close, each with its kind and pod', async () => {
  const held = await holdConnections({ baseUrl, webSockets: 1, eventStreams: 1, slowRequests: 1 });
  await expect.poll(() => held.versions(), { timeout: 10_000 }).toEqual({ v7: 3 });
  app.server.closeAllConnections();
  for (const client of app.websocketServer.clients) client.close(1001, 'going away');
  await expect.poll(() => held.ledger().broken.length).toBe(3);
  const { broken, open, completed } = await held.release();
  expect({ open, completed }).toEqual({ open: 0, completed: 0 });
  expect(broken.map(({ kind, how, pod }) => [kind, how, pod]).sort()).toEqual([
    ['eventStream', 'reset', 'pod-1'],
    ['slowRequest', 'reset', 'pod-1'],
    ['webSocket', 'closed', 'pod-1'],
  ]);
});

test('a machine that falls silent: found on streams, and no release waits for ever', async () => {
  const held = await holdConnections({ baseUrl, eventStreams: 1, slowRequests: 1 });
  const sockets = await new Promise<number>((done) => app.server.getConnections((_error, count) => done(count)));
  expect(sockets).toBe(2);
  await expect.poll(() => held.pods(), { timeout: 5000 }).toEqual({ 'pod-1': 2 });
  const { broken } = await held.release(100);
  expect(broken.map(({ kind, how, pod }) => [kind, how, pod])).toEqual([['slowRequest', 'silent', 'pod-1']]);
});

test('nobody at home: refused, counted, not thrown', async () => {
  const held = await holdConnections({
    baseUrl: 'http://127.0.0.1:1',
    webSockets: 1,
    eventStreams: 1,
    slowRequests: 1,
  });
  const { opened, broken } = await held.release();
  expect(opened).toBe(0);
  expect(broken.map(({ how }) => how)).toEqual(['refused', 'refused', 'refused']);
});
