import { connect } from 'node:net';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createHealth } from './health.ts';
import { createService } from './service.ts';

let app: FastifyInstance;
let port = 0;

beforeEach(async () => {
  const [log, registry] = [createLogger('test', 'silent'), createRegistry()];
  app = createService({ name: 'test', version: '1', log, registry, health: createHealth() });
  app.get('/items/:id', async () => ({}));
  port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
});
afterEach(() => app.close());

/** What comes back for `bytes` until the other side hangs up. */
function ask(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve(answer)));
}

it.each([
  ['no HTTP', 'SLOB\u0001\u0000\r\n\r\n', 400, 'SLUICE_INVALID_REQUEST'],
  ['a space in a header name', 'GET /items/1 HTTP/1.1\r\nhost: x\r\na b: c\r\n\r\n', 400, 'SLUICE_INVALID_REQUEST'],
  [
    'two lengths',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    400,
    'SLUICE_INVALID_REQUEST',
  ],
  [
    'headers without end',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
    431,
    'SLUICE_HEADERS_TOO_LARGE',
  ],
])('%s is answered with a problem document', async (_name, bytes, status, code) => {
  const answer = await ask(bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head).toContain('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ status, code });
});

it.each([
  ['a path that is no UTF-8', '/items/%ff', 400],
  ['a path with half an escape', '/items/%2', 400],
  ['a part of a path that is too long', `/items/${'x'.repeat(900)}`, 414],
])('%s is answered with a problem document', async (_name, path, status) => {
  const answer = await app.inject({ url: path });
  expect([answer.statusCode, answer.json().code]).toEqual([status, 'SLUICE_INVALID_REQUEST']);
  expect(answer.headers['content-type']).toContain('application/problem+json');
});
