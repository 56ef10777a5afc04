import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, Gateway } from './testing/gateway.ts';

const gateway = new Gateway();
const { call } = gateway;

const sell = { symbol: 'BIG', side: 'sell', quantity: '5' };
const pair = { ...sell, stop: { stopPrice: '90' }, limit: { price: '110' } };

beforeAll(async () => {
  await gateway.start();
  // A first trade, so that stops have a last price.
  await call('POST', '/v1/orders', { ...sell, side: 'buy', price: '100' }, as('b'));
  await call('POST', '/v1/orders', { ...sell, price: '100' }, as('c'));
});
afterAll(async () => {
  await gateway.stop();
  gateway.remove();
});

it('is placed as a whole, answered again as a whole, and one order cancels the other', async () => {
  const named = { ...pair, stop: { ...pair.stop, clientOrderId: 's' }, limit: { ...pair.limit, clientOrderId: 'l' } };
  const placed = await call('POST', '/v1/order-pairs', named, as('a'));
  expect(placed.status).toBe(201);
  const { stop, limit } = placed.body;
  expect(stop).toMatchObject({ type: 'market', stopPrice: '90', triggered: false, status: 'open', clientOrderId: 's' });
  expect(limit).toMatchObject({ type: 'limit', price: '110', linkedTo: stop.id, status: 'open', clientOrderId: 'l' });
  const again = await call('POST', '/v1/order-pairs', named, as('a'));
  expect([again.status, again.body.stop.id, again.body.limit.id]).toEqual([200, stop.id, limit.id]);
  await call('POST', '/v1/orders', { ...sell, side: 'buy', price: '110', quantity: '1' }, as('b'));
  expect((await call('GET', `/v1/orders/${stop.id}`, undefined, as('a'))).body).toMatchObject({
    status: 'cancelled',
    reason: 'LinkedOrder',
  });
});

it('outlives a restart, linked', async () => {
  const directory = `${gateway.folder}/linked`;
  let ids: { stop: string; limit: string } = { stop: '', limit: '' };
  await gateway.with({ directory }, async () => {
    await call('POST', '/v1/orders', { ...sell, side: 'buy', price: '100' }, as('b'));
    await call('POST', '/v1/orders', { ...sell, price: '100' }, as('c'));
    const { stop, limit } = (await call('POST', '/v1/order-pairs', pair, as('a'))).body;
    ids = { stop: stop.id, limit: limit.id };
  });
  await gateway.with({ directory }, async () => {
    await call('DELETE', `/v1/orders/${ids.limit}`, undefined, as('a'));
    expect((await call('GET', `/v1/orders/${ids.stop}`, undefined, as('a'))).body.status).toBe('cancelled');
  });
});

const { stop, limit, ...bare } = pair;

it.each([
  ['no stop', { ...bare, limit }, 400, 'SLUICE_INVALID_PAIR'],
  ['no limit', { ...bare, stop }, 400, 'SLUICE_INVALID_PAIR'],
  ['text as stop', { ...pair, stop: '90' }, 400, 'SLUICE_INVALID_PAIR'],
  ['a stop without its price', { ...pair, stop: {} }, 400, 'SLUICE_INVALID_STOP'],
  ['a limit without a price', { ...pair, limit: {} }, 400, 'SLUICE_INVALID_PRICE'],
  ['a negative stop', { ...pair, stop: { stopPrice: '-1' } }, 400, 'SLUICE_INVALID_STOP'],
  ['a limit off tick', { ...pair, limit: { price: '1.5' } }, 400, 'SLUICE_PRICE_OFF_TICK'],
  ['an unknown field', { ...pair, limit: { ...limit, leverage: '2' } }, 400, 'SLUICE_INVALID_REQUEST'],
  ['a quantity of its own', { ...pair, stop: { ...stop, quantity: '1' } }, 400, 'SLUICE_INVALID_REQUEST'],
  [
    'a limit that cannot rest',
    { ...pair, limit: { ...limit, timeInForce: 'IOC' } },
    400,
    'SLUICE_INVALID_TIME_IN_FORCE',
  ],
  ['one id alone', { ...pair, stop: { ...stop, clientOrderId: 'x' } }, 400, 'SLUICE_INVALID_CLIENT_ORDER_ID'],
  [
    'one id twice',
    { ...pair, stop: { ...stop, clientOrderId: 'x' }, limit: { ...limit, clientOrderId: 'x' } },
    400,
    'SLUICE_INVALID_CLIENT_ORDER_ID',
  ],
  ['an unknown symbol', { ...pair, symbol: '__proto__' }, 404, 'SLUICE_UNKNOWN_SYMBOL'],
])('%s is refused before the journal', async (_name, body, status, code) => {
  const before = gateway.service.store.exchange.sequence;
  const reply = await call('POST', '/v1/order-pairs', body, as('d'));
  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect(gateway.service.store.exchange.sequence).toBe(before);
});

it.each([
  ['a stop that was passed', { ...pair, stop: { stopPrice: '120' } }, 422, 'SLUICE_WOULD_TRIGGER'],
  ['a limit that would match', { ...pair, limit: { price: '80', postOnly: true } }, 422, 'SLUICE_WOULD_MATCH'],
])('%s leaves nothing of the pair', async (_name, body, status, code) => {
  await call('POST', '/v1/orders', { ...sell, side: 'buy', price: '80' }, as('b'));
  const reply = await call('POST', '/v1/order-pairs', body, as('d'));
  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect((await call('GET', '/v1/orders', undefined, as('d'))).body.orders).toEqual([]);
});
