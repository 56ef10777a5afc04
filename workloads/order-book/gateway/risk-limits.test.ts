import { afterAll, expect, it } from 'vitest';
import { parseSymbols } from '../symbols.ts';
import { as, Gateway, good, type Overrides } from './testing/gateway.ts';

const gateway = new Gateway();
const { call } = gateway;
afterAll(() => gateway.remove());

/** The symbols of the tests, with limits. */
function configured(risk: string, accounts = ''): Pick<Overrides, 'risk' | 'accounts'> {
  const { risk: rules = [], accounts: own = new Map() } = parseSymbols(`
symbols:
  - { name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001"${risk === '' ? '' : `, risk: { ${risk} }`} }
  - { name: BIG, tickSize: "1", lotSize: "1" }
${accounts === '' ? '' : `accounts:\n${accounts}`}`);
  return { risk: rules, accounts: own };
}

const codeOf = async (body: object, account = 'a'): Promise<unknown[]> => {
  const { status, body: answer } = await call('POST', '/v1/orders', { ...good, ...body }, as(account));
  return [status, answer.code];
};
const trade = async (price: string): Promise<void> => {
  await call('POST', '/v1/orders', { ...good, price, quantity: '0.0001' }, as('x'));
  await call('POST', '/v1/orders', { ...good, price, quantity: '0.0001', side: 'sell' }, as('y'));
};

it('quantity and notional of one order', () =>
  gateway.with(configured('maxQuantity: "2", maxNotional: "150"'), async () => {
    expect(await codeOf({ price: '1', quantity: '2' })).toEqual([201, undefined]);
    expect(await codeOf({ price: '1', quantity: '2.0001' })).toEqual([422, 'SLUICE_ORDER_TOO_LARGE']);
    expect(await codeOf({ price: '100', quantity: '1.5' })).toEqual([201, undefined]);
    expect(await codeOf({ price: '100.01', quantity: '1.5' })).toEqual([422, 'SLUICE_NOTIONAL_TOO_LARGE']);
    const market = { type: 'market', price: undefined, quantity: '1' };
    expect(await codeOf(market)).toEqual([409, 'SLUICE_NO_LAST_PRICE']);
    expect(await codeOf({ symbol: 'BIG', price: '1000', quantity: '9' })).toEqual([201, undefined]);
  }));

it('notional of the open orders, also when one is changed', () =>
  gateway.with(configured('maxOpenNotional: "100"'), async () => {
    expect(await codeOf({ quantity: '0.6' })).toEqual([201, undefined]);
    expect(await codeOf({ quantity: '0.5' })).toEqual([409, 'SLUICE_OPEN_NOTIONAL_TOO_LARGE']);
    expect(await codeOf({ quantity: '0.5', timeInForce: 'IOC' })).toEqual([201, undefined]);
    expect(await codeOf({ quantity: '0.5' }, 'b')).toEqual([201, undefined]);
    const { orders } = (await call('GET', '/v1/orders', undefined, as('a'))).body;
    const path = `/v1/orders/${orders[0].id}`;
    const changed = await call('PATCH', path, { quantity: '1.1' }, as('a'));
    expect([changed.status, changed.body.code]).toEqual([409, 'SLUICE_OPEN_NOTIONAL_TOO_LARGE']);
    expect((await call('PATCH', path, { quantity: '1' }, as('a'))).status).toBe(200);
  }));

it('distance from the last price, in the direction that costs', () =>
  gateway.with(configured('maxPriceDistance: "5%"'), async () => {
    expect(await codeOf({ price: '500' })).toEqual([201, undefined]);
    await call('POST', '/v1/kill-switch', undefined, as('a'));
    await trade('100.00');
    expect(await codeOf({ price: '105.00' }, 'b')).toEqual([201, undefined]);
    expect(await codeOf({ price: '105.01' }, 'b')).toEqual([422, 'SLUICE_PRICE_TOO_FAR']);
    expect(await codeOf({ price: '1', side: 'buy' }, 'b')).toEqual([201, undefined]);
    expect(await codeOf({ price: '94.99', side: 'sell' }, 'b')).toEqual([422, 'SLUICE_PRICE_TOO_FAR']);
  }));

it('an account of the list has limits of its own, orders and rate included', () => {
  const accounts = `  - { name: small, maxOrders: 1, ordersPerSecond: 3, risk: [{ symbol: BTC-EUR, maxQuantity: "0.1" }] }`;
  return gateway.with(configured('maxQuantity: "2"', accounts), async () => {
    expect(await codeOf({ quantity: '1' })).toEqual([201, undefined]);
    expect(await codeOf({ quantity: '1' }, 'small')).toEqual([422, 'SLUICE_ORDER_TOO_LARGE']);
    expect(await codeOf({ quantity: '0.1' }, 'small')).toEqual([201, undefined]);
    expect(await codeOf({ quantity: '0.1' }, 'small')).toEqual([409, 'SLUICE_TOO_MANY_OPEN_ORDERS']);
    const burst = await Promise.all(Array.from({ length: 20 }, () => codeOf({ quantity: '0.1' }, 'small')));
    expect(burst.filter(([status]) => status === 429).length).toBeGreaterThan(5);
  });
});

it('they are in the journal: a restart decides the same, and another file changes them', async () => {
  const directory = `${gateway.folder}/limited`;
  const start = (risk: string, body: () => Promise<void>) => gateway.with({ directory, ...configured(risk) }, body);
  let sequence = 0;
  await start('maxQuantity: "2"', async () => {
    expect(await codeOf({ quantity: '3' })).toEqual([422, 'SLUICE_ORDER_TOO_LARGE']);
    sequence = gateway.service.store.exchange.sequence;
  });
  await start('maxQuantity: "2"', async () => {
    // The same file adds no command.
    expect(gateway.service.store.exchange.sequence).toBe(sequence);
    expect(await codeOf({ quantity: '3' })).toEqual([422, 'SLUICE_ORDER_TOO_LARGE']);
  });
  await start('maxQuantity: "4"', async () => expect(await codeOf({ quantity: '3' })).toEqual([201, undefined]));
  await start('', async () => {
    expect([...gateway.service.store.exchange.risk.entries()]).toEqual([]);
    expect(await codeOf({ quantity: '9' })).toEqual([201, undefined]);
  });
});
