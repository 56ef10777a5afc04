import { afterAll, beforeAll, expect, it } from 'vitest';
import { as, Gateway, good } from './testing/gateway.ts';

const gateway = new Gateway();
const { call } = gateway;

beforeAll(() => gateway.start());
afterAll(async () => {
  await gateway.stop();
  gateway.remove();
});

const big = { symbol: 'BIG', quantity: '5' };
const symbol = async (name: string) => {
  const { symbols } = (await call('GET', '/v1/symbols')).body;
  return symbols.find((found: { name: string }) => found.name === name);
};

it('a halted symbol takes cancels only; after its call it opens with one auction', async () => {
  const resting = await call('POST', '/v1/orders', { ...big, side: 'buy', price: '90' });
  expect((await call('PUT', '/v1/symbols/BIG/phase', { phase: 'halted' })).body).toEqual({
    symbol: 'BIG',
    phase: 'halted',
    trades: [],
  });
  const refused = await call('POST', '/v1/orders', { ...big, side: 'buy', price: '91' });
  expect([refused.status, refused.body.code]).toEqual([409, 'SLUICE_HALTED']);
  expect((await call('PATCH', `/v1/orders/${resting.body.id}`, { price: '92' })).body.code).toBe('SLUICE_HALTED');
  expect((await call('DELETE', `/v1/orders/${resting.body.id}`)).status).toBe(200);

  await call('PUT', '/v1/symbols/BIG/phase', { phase: 'call' });
  await call('POST', '/v1/orders', { ...big, side: 'buy', price: '101' }, as('a'));
  await call('POST', '/v1/orders', { ...big, side: 'sell', price: '99', quantity: '3' }, as('b'));
  const market = await call('POST', '/v1/orders', { ...big, side: 'sell', type: 'market' }, as('b'));
  expect([market.status, market.body.code]).toEqual([409, 'SLUICE_NOT_IN_AUCTION']);
  const inCall = await symbol('BIG');
  expect(inCall).toMatchObject({ phase: 'call', indicative: { quantity: '3' } });

  const opened = await call('PUT', '/v1/symbols/BIG/phase', { phase: 'continuous' });
  expect(opened.body.trades).toMatchObject([{ quantity: '3', price: inCall.indicative.price, takerSide: 'none' }]);
  expect(await symbol('BIG')).toMatchObject({ phase: 'continuous', lastPrice: inCall.indicative.price, openOrders: 1 });
});

it('a band refuses prices outside of it until it is lifted', async () => {
  const set = await call('PUT', '/v1/symbols/BTC-EUR/band', { lowest: '90', highest: '110' });
  expect(set.body).toEqual({ symbol: 'BTC-EUR', lowest: '90.00', highest: '110.00' });
  for (const price of ['89.99', '110.01']) {
    const refused = await call('POST', '/v1/orders', { ...good, price });
    expect([refused.status, refused.body.code]).toEqual([422, 'SLUICE_OUT_OF_BAND']);
  }
  const placed = await call('POST', '/v1/orders', { ...good, price: '90.00' });
  expect((await call('PATCH', `/v1/orders/${placed.body.id}`, { price: '111' })).body.code).toBe('SLUICE_OUT_OF_BAND');
  expect((await symbol('BTC-EUR')).band).toEqual({ lowest: '90.00', highest: '110.00' });
  expect((await call('PUT', '/v1/symbols/BTC-EUR/band', {})).body).toEqual({ symbol: 'BTC-EUR' });
  expect((await call('POST', '/v1/orders', { ...good, price: '89.99' })).status).toBe(201);
});

it('a kill switch cancels what the account has and takes no more of it, over a restart too', async () => {
  const directory = `${gateway.folder}/killed`;
  await gateway.with({ directory }, async () => {
    const { id } = (await call('POST', '/v1/orders', good, as('alice'))).body;
    const other = (await call('POST', '/v1/orders', good, as('bob'))).body;
    expect((await call('POST', '/v1/kill-switch', undefined, as('alice'))).body).toEqual({
      account: 'alice',
      on: true,
    });
    expect((await call('GET', `/v1/orders/${id}`, undefined, as('alice'))).body).toMatchObject({
      status: 'cancelled',
      reason: 'KillSwitch',
    });
    expect((await call('GET', `/v1/orders/${other.id}`, undefined, as('bob'))).body.status).toBe('open');
  });
  await gateway.with({ directory }, async () => {
    const refused = await call('POST', '/v1/orders', good, as('alice'));
    expect([refused.status, refused.body.code]).toEqual([403, 'SLUICE_ACCOUNT_BLOCKED']);
    await call('PUT', '/v1/accounts/alice/kill-switch', { on: false });
    expect((await call('POST', '/v1/orders', good, as('alice'))).status).toBe(201);
  });
});

it('a web page of another origin pulls no kill switch: a browser would send it without asking', async () => {
  const evil = { origin: 'https://elsewhere.example', ...as('carol') };
  const refused = await call('POST', '/v1/kill-switch', undefined, evil);
  expect([refused.status, refused.body.code]).toEqual([403, 'SLUICE_FOREIGN_ORIGIN']);
  expect((await call('POST', '/v1/orders', good, as('carol'))).status).toBe(201);
});

it.each([
  ['/v1/symbols/NONE/phase', { phase: 'halted' }, 404, 'SLUICE_UNKNOWN_SYMBOL'],
  ['/v1/symbols/__proto__/phase', { phase: 'halted' }, 404, 'SLUICE_UNKNOWN_SYMBOL'],
  ['/v1/symbols/BIG/phase', { phase: 'open' }, 400, 'SLUICE_INVALID_PHASE'],
  ['/v1/symbols/BIG/phase', {}, 400, 'SLUICE_INVALID_PHASE'],
  ['/v1/symbols/BIG/phase', { phase: 'call', at: 1 }, 400, 'SLUICE_INVALID_REQUEST'],
  ['/v1/symbols/NONE/band', {}, 404, 'SLUICE_UNKNOWN_SYMBOL'],
  ['/v1/symbols/BIG/band', { lowest: '-1' }, 400, 'SLUICE_INVALID_BAND'],
  ['/v1/symbols/BIG/band', { lowest: 1 }, 400, 'SLUICE_INVALID_BAND'],
  ['/v1/symbols/BIG/band', { lowest: '2', highest: '1' }, 400, 'SLUICE_INVALID_BAND'],
  ['/v1/symbols/BIG/band', { highest: '1.5' }, 400, 'SLUICE_PRICE_OFF_TICK'],
  ['/v1/symbols/BIG/band', { highest: '9'.repeat(20) }, 400, 'SLUICE_PRICE_OUT_OF_RANGE'],
  ['/v1/accounts/-x/kill-switch', { on: true }, 400, 'SLUICE_INVALID_ACCOUNT'],
  ['/v1/accounts/x/kill-switch', { on: 'yes' }, 400, 'SLUICE_INVALID_REQUEST'],
  ['/v1/accounts/x/kill-switch', {}, 400, 'SLUICE_INVALID_REQUEST'],
])('PUT %s %j is refused', async (path, body, status, code) => {
  const before = gateway.service.store.exchange.sequence;
  const reply = await call('PUT', path, body);
  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect(gateway.service.store.exchange.sequence).toBe(before);
});
