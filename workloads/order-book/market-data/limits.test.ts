import { on } from 'node:events';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { Gateway } from '../gateway/testing/gateway.ts';
import { CONNECTION_LIMITS } from './connection.ts';
import { opened, upgrade } from './testing/upgrade.ts';

const { connections, subscriptions } = CONNECTION_LIMITS;
/** So many that their streams are more than one connection may follow. */
const symbols = Array.from({ length: 250 }, (_, index) => ({ name: `S${index}`, tickSize: '1', lotSize: '1' }));
const gateway = new Gateway();
let url = '';

beforeAll(async () => {
  await gateway.start({ symbols });
  url = gateway.service.address;
});
afterAll(async () => {
  await gateway.stop();
  gateway.remove();
});

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON comes; the tests look into it freely.
type Json = any;

/** A connection that waits for the answer to each of its messages. */
async function connect(
  path: string,
  isAnswer: (message: Json) => boolean,
): Promise<(message: object) => Promise<Json>> {
  const socket = await opened(`${url}${path}`);
  return async (request) => {
    socket.send(JSON.stringify(request));
    for await (const [data] of on(socket, 'message')) {
      const message: Json = JSON.parse(String(data));
      if (isAnswer(message)) return message;
    }
  };
}

test(`${connections} connections may be open at once, of both shapes together`, async () => {
  // All at once, and some more than there may be.
  const asked = await Promise.all(
    Array.from({ length: connections + 20 }, (_, index) => upgrade(`${url}${index % 2 === 0 ? '/ws' : '/feed'}`)),
  );
  const open = asked.filter((answer) => answer instanceof WebSocket);
  expect(open).toHaveLength(connections);
  const sentence = '1000 WebSocket connections are open, which is as many as the book takes.';
  expect(await upgrade(`${url}/ws/s1@trade`)).toEqual({
    status: 503,
    retryAfter: '10',
    body: { code: -1000, msg: sentence },
  });
  expect(await upgrade(`${url}/feed`)).toEqual({
    status: 503,
    retryAfter: '10',
    body: { code: 'SLUICE_TOO_MANY_CONNECTIONS', message: sentence },
  });
  open[0]?.close();
  await vi.waitFor(async () => open.push(await opened(`${url}/feed`)));
  for (const socket of open) socket.terminate();
}, 60_000);

test(`a Binance-shaped connection follows at most ${subscriptions} streams`, async () => {
  const names = symbols.flatMap(({ name }) =>
    ['trade', 'bookTicker', 'depth', 'depth@100ms', 'depth5'].map((stream) => `${name.toLowerCase()}@${stream}`),
  );
  const allowed = names.slice(0, subscriptions);
  const [extra = '', ...others] = names.slice(subscriptions);
  const ask = await connect('/ws', ({ id }) => id === 1);
  const subscribe = (params: readonly string[]) => ask({ method: 'SUBSCRIBE', params, id: 1 });
  // A message may have 16 KiB.
  expect(await subscribe(allowed.slice(0, 700))).toEqual({ result: null, id: 1 });
  expect(await subscribe(allowed.slice(700))).toEqual({ result: null, id: 1 });
  const refusal = { code: 2, msg: 'Invalid request: a connection follows at most 1024 streams' };
  expect(await subscribe([extra])).toEqual({ error: refusal, id: 1 });
  expect(await subscribe(allowed.slice(0, 5))).toEqual({ result: null, id: 1 });
  await ask({ method: 'UNSUBSCRIBE', params: allowed.slice(-1), id: 1 });
  expect(await subscribe([extra, ...others.slice(0, 1)])).toEqual({ error: refusal, id: 1 });
  expect(await subscribe([extra])).toEqual({ result: null, id: 1 });
  const { result } = await ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 });
  expect(result).toEqual([...allowed.slice(0, -1), extra]);
});

test(`a Binance-shaped address follows at most ${subscriptions} streams`, async () => {
  const streams = symbols.flatMap(({ name }) =>
    ['trade', 'depth', 'depth5', 'depth10', 'depth20'].map((stream) => `${name.toLowerCase()}@${stream}`),
  );
  const ask = await connect(`/stream?streams=${streams.join('/')}`, ({ id }) => id === 1);
  expect((await ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 })).result).toEqual(streams.slice(0, subscriptions));
});

test(`a Coinbase-shaped connection follows at most ${subscriptions} channels of products`, async () => {
  const ids = symbols.map(({ name }) => name);
  const ask = await connect('/feed', ({ type }) => type === 'subscriptions' || type === 'error');
  const subscribe = (products: readonly string[], channels: readonly string[], type = 'subscribe') =>
    ask({ type, product_ids: products, channels });
  const followed = ({ channels }: Json): number =>
    channels.reduce((sum: number, channel: Json) => sum + channel.product_ids.length, 0);
  expect(followed(await subscribe(ids, ['full', 'matches', 'ticker', 'level2']))).toBe(1_000);
  expect(followed(await subscribe(ids.slice(0, 24), ['level2_batch']))).toBe(subscriptions);
  const reason = 'a connection follows at most 1024 channels of products';
  for (const [products, channels] of [
    [ids.slice(24, 25), ['level2_batch']],
    [ids, ['full', 'matches', 'ticker', 'level2', 'level2_batch']],
    // Nothing new, but more than one message may name.
    [ids, Array(5).fill('full')],
  ] as const) {
    expect(await subscribe(products, channels)).toEqual({ type: 'error', message: 'Failed to subscribe', reason });
  }
  expect(followed(await subscribe(ids, ['full']))).toBe(subscriptions);
  expect(followed(await subscribe(ids.slice(0, 1), ['full'], 'unsubscribe'))).toBe(subscriptions - 1);
  expect(followed(await subscribe(ids.slice(24, 25), ['level2_batch']))).toBe(subscriptions);
});
