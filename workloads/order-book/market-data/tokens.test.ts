import { afterAll, beforeAll, expect, test } from 'vitest';
import { Gateway } from '../gateway/testing/gateway.ts';
import { auth, bearer } from '../gateway/testing/tokens.ts';
import { opened, upgrade } from './testing/upgrade.ts';

const gateway = new Gateway();
beforeAll(() => gateway.start({ auth }));
afterAll(async () => {
  await gateway.stop();
  gateway.remove();
});

const good = bearer({ sub: 'alice' });
const bad: readonly (readonly [string, Record<string, string>])[] = [
  ['no token', {}],
  ['a name instead of a token', { 'sluice-account': 'alice', 'x-mbx-apikey': 'alice', 'cb-access-key': 'alice' }],
  ['a token as an API key', { 'x-mbx-apikey': tokenOf(good), 'cb-access-key': tokenOf(good) }],
  ['something else', { authorization: 'Bearer x' }],
  ['another scheme', { authorization: `Basic ${tokenOf(good)}` }],
  ['an expired token', bearer({ sub: 'alice', exp: 1 })],
  ['a token that is not good yet', bearer({ sub: 'alice', nbf: Math.floor(Date.now() / 1_000) + 3_600 })],
  ['a token for another audience', bearer({ sub: 'alice', aud: 'other' })],
  ['a token for no audience', bearer({ sub: 'alice', aud: undefined })],
  ['a token of another issuer', bearer({ sub: 'alice', iss: 'https://elsewhere.test' })],
  ['a token without a subject', bearer({})],
  ['a token whose claims were changed', forged()],
];

function tokenOf({ authorization = '' }: Record<string, string>): string {
  return authorization.slice('Bearer '.length);
}

/** Claims of one token with the signature of another. */
function forged(): Record<string, string> {
  const [head, , signature] = tokenOf(good).split('.');
  const [, claims] = tokenOf(bearer({ sub: 'boss' })).split('.');
  return { authorization: `Bearer ${head}.${claims}.${signature}` };
}

const binanceRefusal = { code: -2015, msg: expect.stringMatching(/.{10}/) };
const coinbaseRefusal = { code: 'SLUICE_UNAUTHENTICATED', message: expect.stringMatching(/.{10}/) };

test.for(bad)('%s opens no WebSocket', async ([, headers]) => {
  const { address } = gateway.service;
  for (const path of ['/ws', '/ws/btceur@trade', '/stream?streams=btceur@trade']) {
    expect(await upgrade(`${address}${path}`, headers)).toMatchObject({ status: 401, body: binanceRefusal });
  }
  expect(await upgrade(`${address}/feed`, headers)).toMatchObject({ status: 401, body: coinbaseRefusal });
});

test.for(bad)('%s does and tells nothing at the REST doors of other shapes', async ([, headers]) => {
  const { call } = gateway;
  const before = gateway.service.store.exchange.sequence;
  for (const [method, path] of [
    ['POST', '/api/v3/order?symbol=BTCEUR&side=BUY&type=LIMIT&price=1&quantity=1'],
    ['DELETE', '/api/v3/order?symbol=BTCEUR&orderId=1'],
    ['GET', '/api/v3/openOrders'],
    ['GET', '/api/v3/depth?symbol=BTCEUR'],
  ] as const) {
    const reply = await call(method, path, undefined, headers);
    expect([path, reply.status, reply.body]).toEqual([path, 401, binanceRefusal]);
  }
  for (const [method, path, body] of [
    ['POST', '/orders', { product_id: 'BTC-EUR', side: 'buy', price: '1', size: '1' }],
    ['DELETE', '/orders/1', undefined],
    ['GET', '/orders', undefined],
    ['GET', '/products/BTC-EUR/book', undefined],
  ] as const) {
    const reply = await call(method, path, body, headers);
    expect([path, reply.status, reply.body]).toEqual([path, 401, coinbaseRefusal]);
  }
  expect(gateway.service.store.exchange.sequence).toBe(before);
});

test('a good token opens them, and its subject is the account', async () => {
  const { call, service } = gateway;
  for (const path of ['/ws', '/ws/btceur@trade', '/stream?streams=btceur@trade', '/feed']) {
    (await opened(`${service.address}${path}`, good)).terminate();
  }
  const form = 'symbol=BTCEUR&side=BUY&type=LIMIT&timeInForce=GTC&price=1&quantity=1';
  const named = { ...good, 'x-mbx-apikey': 'bob', 'cb-access-key': 'bob', 'sluice-account': 'bob' };
  expect((await call('POST', `/api/v3/order?${form}`, undefined, named)).status).toBe(200);
  const order = { product_id: 'BTC-EUR', side: 'buy', price: '1', size: '1' };
  expect((await call('POST', '/orders', order, named)).status).toBe(200);
  const open = await call('GET', '/v1/orders', undefined, good);
  expect(open.body.orders).toHaveLength(2);
  expect((await call('GET', '/v1/orders', undefined, bearer({ sub: 'bob' }))).body.orders).toEqual([]);
});
