import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Gateway, good } from '../gateway/testing/gateway.ts';
import { auth, bearer } from '../gateway/testing/tokens.ts';

const gateway = new Gateway();
beforeAll(() => gateway.start({ auth }));
afterAll(() => gateway.remove());

/** Keeps its own end open. */
function open(): Socket {
  return connect({ port: Number(new URL(gateway.service.address).port), host: '127.0.0.1', allowHalfOpen: true });
}

const asWebSocket = 'upgrade: WebSocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n';

test.each([
  ['without a token', '/feed', '', '401'],
  ['from a foreign page', '/feed', `authorization: ${bearer({ sub: 'a' }).authorization}\r\norigin: null\r\n`, '403'],
  ['without its key', '/feed', `authorization: ${bearer({ sub: 'a' }).authorization}\r\n`, '400'],
  ['at a door that has none', '/v1/status', '', '401'],
  ['where there is no door', '/nothing', '', '404'],
])('a WebSocket %s is refused, and the connection closed', async (_what, path, headers, status) => {
  const socket = open();
  socket.write(`GET ${path} HTTP/1.1\r\nhost: book\r\n${asWebSocket}${headers}\r\n`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  socket.destroy();
  expect(answer.split(' ')[1]).toBe(status);
});

test('an order that comes with an offer of HTTP/2, as Java sends it, is an order', async () => {
  const body = JSON.stringify(good);
  const settings =
    'connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABk\r\n';
  const { authorization } = bearer({ sub: 'java' });
  const head = `POST /v1/orders HTTP/1.1\r\nhost: book\r\n${settings}authorization: ${authorization}\r\n`;
  const request = `${head}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const socket = open();
  // Two, to see that the connection goes on.
  for (let order = 0; order < 2; order++) {
    socket.write(request);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 201 /);
  }
  socket.destroy();
});

test('a stop waits for nobody who was refused', async () => {
  const socket = open();
  socket.write(`GET /feed HTTP/1.1\r\nhost: book\r\n${asWebSocket}\r\n`);
  await once(socket, 'data');
  await gateway.stop();
  socket.destroy();
});
