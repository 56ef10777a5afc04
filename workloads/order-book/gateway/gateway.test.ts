import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { restCases } from '../bad-input/rest-cases.ts';
import { as, Gateway, good, type Overrides, symbols } from './testing/gateway.ts';

const gateway = new Gateway();
const { call } = gateway;
const withBook = (overrides: Overrides, body: () => Promise<void>): Promise<void> => gateway.with(overrides, body);

beforeAll(() => gateway.start());
afterAll(async () => {
  await gateway.stop();
  gateway.remove();
});

describe('the life of an order', () => {
  it('is placed, seen, changed, filled and reported', async () => {
    const account = as('alice');
    const placed = await call('POST', '/v1/orders', { ...good, clientOrderId: 'one' }, account);
    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({
      clientOrderId: 'one',
      status: 'open',
      price: '100.00',
      quantity: '0.5000',
      remaining: '0.5000',
      fills: [],
    });
    const { id } = placed.body;
    expect((await call('GET', `/v1/orders/${id}`, undefined, account)).body.status).toBe('open');
    expect((await call('GET', '/v1/orders?clientOrderId=one', undefined, account)).body.orders).toHaveLength(1);
    const changed = await call('PATCH', `/v1/orders/${id}`, { price: '101', quantity: '0.4' }, account);
    expect(changed.body).toMatchObject({ price: '101.00', quantity: '0.4000', remaining: '0.4000' });
    expect((await call('GET', '/v1/depth?symbol=BTC-EUR')).body.bids[0]).toEqual(['101.00', '0.4000']);

    const taken = await call('POST', '/v1/orders', { ...good, side: 'sell', price: '99', quantity: '0.1' }, as('bob'));
    expect(taken.body).toMatchObject({ status: 'filled', fills: [{ price: '101.00', quantity: '0.1000' }] });
    const { trades } = (await call('GET', '/v1/trades?symbol=BTC-EUR&limit=1')).body;
    expect(trades[0]).toMatchObject({ id: 'BTC-EUR-1', price: '101.00', quantity: '0.1000', takerSide: 'sell' });

    const cancelled = await call('DELETE', `/v1/orders/${id}`, undefined, account);
    expect(cancelled.body).toMatchObject({ status: 'cancelled', filled: '0.1000', remaining: '0.0000' });
    expect((await call('DELETE', `/v1/orders/${id}`, undefined, account)).body).toMatchObject({
      code: 'SLUICE_ORDER_CLOSED',
      order: { id, status: 'cancelled' },
    });
  });

  it('sent again with its client order id, it is the same order', async () => {
    const body = { ...good, price: '50.00', clientOrderId: 'again' };
    const first = await call('POST', '/v1/orders', body, as('carol'));
    const both = await Promise.all([
      call('POST', '/v1/orders', body, as('carol')),
      call('POST', '/v1/orders', body, as('carol')),
    ]);
    for (const reply of both) expect([reply.status, reply.body.id]).toEqual([200, first.body.id]);
    const other = await call('POST', '/v1/orders', { ...body, quantity: '0.6' }, as('carol'));
    expect([other.status, other.body.code]).toEqual([409, 'SLUICE_DUPLICATE_CLIENT_ORDER_ID']);
    expect((await call('GET', '/v1/orders', undefined, as('carol'))).body.orders).toHaveLength(1);
  });

  it('a stop, an iceberg, a linked order and one that expires say so', async () => {
    const account = as('frank');
    const rests = { ...good, side: 'sell', price: '900.00', quantity: '0.5' };
    const iceberg = await call('POST', '/v1/orders', { ...rests, displayQuantity: '0.1', timeInForce: 'DAY' }, account);
    expect(iceberg.body).toMatchObject({ timeInForce: 'GTD', displayQuantity: '0.1000', remaining: '0.5000' });
    expect(iceberg.body.expiresTime).toMatch(/T00:00:00.000Z$/);
    const asks = (await call('GET', '/v1/depth?symbol=BTC-EUR')).body.asks as string[][];
    expect(asks.at(-1)).toEqual(['900.00', '0.1000']);
    const stop = { ...good, side: 'sell', type: 'market', timeInForce: 'IOC', price: undefined, stopPrice: '1.00' };
    const linked = await call('POST', '/v1/orders', { ...stop, linkedTo: iceberg.body.id }, account);
    expect(linked.body).toMatchObject({
      status: 'open',
      stopPrice: '1.00',
      triggered: false,
      linkedTo: iceberg.body.id,
    });
    await call('DELETE', `/v1/orders/${iceberg.body.id}`, undefined, account);
    const gone = await call('GET', `/v1/orders/${linked.body.id}`, undefined, account);
    expect(gone.body).toMatchObject({ status: 'cancelled', reason: 'LinkedOrder' });
  });

  it('belongs to its account', async () => {
    const { id } = (await call('POST', '/v1/orders', { ...good, price: '49.00' }, as('dave'))).body;
    for (const method of ['GET', 'DELETE']) {
      expect((await call(method, `/v1/orders/${id}`, undefined, as('eve'))).body.code).toBe('SLUICE_ORDER_NOT_FOUND');
    }
    expect((await call('GET', '/v1/orders', undefined, as('eve'))).body.orders).toEqual([]);
  });

  it('market, post-only and fill-or-kill do what they say', async () => {
    const book = { symbol: 'BIG', quantity: '5' };
    await call('POST', '/v1/orders', { ...book, side: 'sell', price: '10' }, as('frank'));
    const postOnly = await call('POST', '/v1/orders', { ...book, side: 'buy', price: '10', postOnly: true });
    expect([postOnly.status, postOnly.body.code]).toEqual([422, 'SLUICE_WOULD_MATCH']);
    const kill = await call('POST', '/v1/orders', {
      ...book,
      side: 'buy',
      price: '10',
      quantity: '6',
      timeInForce: 'FOK',
    });
    expect([kill.status, kill.body.code]).toEqual([422, 'SLUICE_NOT_FILLABLE']);
    const market = await call('POST', '/v1/orders', { ...book, side: 'buy', type: 'market', quantity: '9' });
    expect(market.body).toMatchObject({ status: 'cancelled', filled: '5', reason: 'NothingLeftToMatch' });
    expect(market.body.price).toBeUndefined();
  });

  it('pages through open orders', async () => {
    const ids: string[] = [];
    for (const price of ['1', '2', '3']) {
      ids.push(
        (await call('POST', '/v1/orders', { symbol: 'BIG', side: 'buy', quantity: '1', price }, as('gina'))).body.id,
      );
    }
    const page = await call('GET', `/v1/orders?limit=1&after=${ids[0]}`, undefined, as('gina'));
    expect(page.body.orders.map(({ id }: { id: string }) => id)).toEqual([ids[1]]);
  });

  it('symbols, status and the API description are there', async () => {
    expect((await call('GET', '/v1/symbols')).body.symbols[0]).toMatchObject({ ...symbols[0], trading: true });
    expect((await call('GET', '/v1/status')).body).toMatchObject({ version: 'test', journal: 'ok', epoch: '1' });
    const description = (await call('GET', '/openapi.json')).body;
    expect(Object.keys(description.paths)).toEqual(
      expect.arrayContaining(['/v1/orders', '/v1/orders/{id}', '/v1/depth']),
    );
    expect(await new Validator().validate(description)).toMatchObject({ valid: true });
  });
});

describe('bad requests are refused with a code and a sentence, and leave the book alone', () => {
  it.each(restCases)('$name', async ({ method, path, body, headers, status, code, sentence }) => {
    const { orders } = gateway.service.store.exchange;
    const before = orders.open;
    const reply = await call(method, path, body, headers);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(reply.body.detail).toContain(sentence);
    expect(reply.body.detail.length).toBeGreaterThan(10);
    expect(orders.open).toBe(before);
  });

  it('__proto__ and constructor as client order ids are ordinary ids', async () => {
    for (const clientOrderId of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect((await call('POST', '/v1/orders', { ...good, clientOrderId }, as('proto'))).status).toBe(201);
    }
  });
});

describe('limits', () => {
  it('open orders of an account', () =>
    withBook({ limits: { maxOrdersPerAccount: 2 } }, async () => {
      await call('POST', '/v1/orders', good);
      await call('POST', '/v1/orders', good);
      const third = await call('POST', '/v1/orders', good);
      expect([third.status, third.body.code]).toEqual([409, 'SLUICE_TOO_MANY_OPEN_ORDERS']);
      expect((await call('POST', '/v1/orders', good, as('other'))).status).toBe(201);
    }));

  it('open orders of everybody; an order that cannot rest still passes', () =>
    withBook({ maxOpenOrders: 2 }, async () => {
      await call('POST', '/v1/orders', good, as('a'));
      await call('POST', '/v1/orders', good, as('b'));
      const third = await call('POST', '/v1/orders', good, as('c'));
      expect([third.status, third.body.code]).toEqual([503, 'SLUICE_BOOK_FULL']);
      expect(third.headers.get('retry-after')).toBe('5');
      expect((await call('POST', '/v1/orders', { ...good, timeInForce: 'IOC' }, as('c'))).status).toBe(201);
    }));

  it('commands of an account per second, with the time to wait', () =>
    withBook({ limits: { ordersPerSecondPerAccount: 3 } }, async () => {
      const replies = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/v1/orders', good)));
      const limited = replies.filter(({ status }) => status === 429);
      expect(limited.length).toBeGreaterThan(5);
      expect(limited[0]?.body.code).toBe('SLUICE_RATE_LIMITED');
      expect(limited[0]?.headers.get('retry-after')).toBe('1');
      expect((await call('POST', '/v1/orders', good, as('other'))).status).toBe(201);
    }));
});

it('a symbol that left the file takes no new orders; its old ones can be read and cancelled', async () => {
  const directory = join(gateway.folder, 'unlisted');
  let id = '';
  await withBook({ directory }, async () => {
    id = (await call('POST', '/v1/orders', good)).body.id;
  });
  await withBook({ directory, symbols: symbols.slice(1) }, async () => {
    expect((await call('POST', '/v1/orders', good)).body.code).toBe('SLUICE_UNKNOWN_SYMBOL');
    expect((await call('GET', '/v1/depth?symbol=BTC-EUR')).body.bids).toEqual([['100.00', '0.5000']]);
    expect((await call('GET', '/v1/symbols')).body.symbols[0]).toMatchObject({ name: 'BTC-EUR', trading: false });
    expect((await call('DELETE', `/v1/orders/${id}`)).body.status).toBe('cancelled');
  });
});
