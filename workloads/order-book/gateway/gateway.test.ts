import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

const bad = (overrides: Record<string, unknown>): unknown => ({ ...good, ...overrides });
const without = (...fields: string[]): unknown => {
  return Object.fromEntries(Object.entries(good).filter(([field]) => !fields.includes(field)));
};
const MAX = '21474836.46';

/** What is sent, and the status, the code and a part of the sentence that must come back. */
const refusals: readonly (readonly [name: string, body: unknown, status: number, code: string, sentence: string])[] = [
  ['negative price', bad({ price: '-1' }), 400, 'SLUICE_INVALID_PRICE', 'not "-1"'],
  ['zero price', bad({ price: '0' }), 400, 'SLUICE_INVALID_PRICE', 'greater than zero'],
  ['zero price with digits', bad({ price: '0.00' }), 400, 'SLUICE_INVALID_PRICE', 'greater than zero'],
  ['NaN as price', bad({ price: 'NaN' }), 400, 'SLUICE_INVALID_PRICE', 'not "NaN"'],
  ['Infinity as price', bad({ price: 'Infinity' }), 400, 'SLUICE_INVALID_PRICE', 'not "Infinity"'],
  ['-Infinity as price', bad({ price: '-Infinity' }), 400, 'SLUICE_INVALID_PRICE', 'not "-Infinity"'],
  ['exponent in price', bad({ price: '1e2' }), 400, 'SLUICE_INVALID_PRICE', 'exponent'],
  ['negative exponent in price', bad({ price: '1E-2' }), 400, 'SLUICE_INVALID_PRICE', 'exponent'],
  ['plus sign in price', bad({ price: '+1' }), 400, 'SLUICE_INVALID_PRICE', 'sign'],
  ['hexadecimal price', bad({ price: '0x10' }), 400, 'SLUICE_INVALID_PRICE', '0x10'],
  ['leading zero in price', bad({ price: '01' }), 400, 'SLUICE_INVALID_PRICE', '"01"'],
  ['point without digits before', bad({ price: '.5' }), 400, 'SLUICE_INVALID_PRICE', '".5"'],
  ['point without digits after', bad({ price: '5.' }), 400, 'SLUICE_INVALID_PRICE', '"5."'],
  ['decimal comma', bad({ price: '1,5' }), 400, 'SLUICE_INVALID_PRICE', '1,5'],
  ['space in price', bad({ price: ' 1' }), 400, 'SLUICE_INVALID_PRICE', 'spaces'],
  ['newline after price', bad({ price: '1\n' }), 400, 'SLUICE_INVALID_PRICE', 'spaces'],
  ['NUL in price', bad({ price: '1\u0000' }), 400, 'SLUICE_INVALID_PRICE', 'positive decimal'],
  ['empty price', bad({ price: '' }), 400, 'SLUICE_INVALID_PRICE', 'positive decimal'],
  ['digits of another script', bad({ price: '١٠' }), 400, 'SLUICE_INVALID_PRICE', 'positive decimal'],
  ['price of 300 digits', bad({ price: '9'.repeat(300) }), 400, 'SLUICE_INVALID_PRICE', 'price must be'],
  ['price of 200 digits', bad({ price: '9'.repeat(200) }), 400, 'SLUICE_PRICE_OUT_OF_RANGE', `at most ${MAX}`],
  ['price above the range', bad({ price: '21474836.47' }), 400, 'SLUICE_PRICE_OUT_OF_RANGE', `at most ${MAX}`],
  ['price above 2^53', bad({ price: '9007199254740993' }), 400, 'SLUICE_PRICE_OUT_OF_RANGE', `at most ${MAX}`],
  ['price off tick', bad({ price: '100.001' }), 400, 'SLUICE_PRICE_OFF_TICK', 'tick size 0.01'],
  ['price far off tick', bad({ price: `1.${'0'.repeat(30)}1` }), 400, 'SLUICE_PRICE_OFF_TICK', 'tick size 0.01'],
  ['number as price', bad({ price: 100 }), 400, 'SLUICE_INVALID_PRICE', 'in a string'],
  ['null as price', bad({ price: null }), 400, 'SLUICE_INVALID_PRICE', 'in a string'],
  ['list as price', bad({ price: ['1'] }), 400, 'SLUICE_INVALID_PRICE', 'in a string'],
  ['object as price', bad({ price: { toString: '1' } }), 400, 'SLUICE_INVALID_PRICE', 'in a string'],
  ['boolean as price', bad({ price: true }), 400, 'SLUICE_INVALID_PRICE', 'in a string'],
  ['no price for a limit order', without('price'), 400, 'SLUICE_INVALID_PRICE', 'needs a price'],
  ['a price for a market order', bad({ type: 'market' }), 400, 'SLUICE_INVALID_PRICE', 'has no price'],
  ['negative quantity', bad({ quantity: '-0.5' }), 400, 'SLUICE_INVALID_QUANTITY', 'not "-0.5"'],
  ['zero quantity', bad({ quantity: '0.0000' }), 400, 'SLUICE_INVALID_QUANTITY', 'greater than zero'],
  ['NaN as quantity', bad({ quantity: 'NaN' }), 400, 'SLUICE_INVALID_QUANTITY', 'not "NaN"'],
  ['Infinity as quantity', bad({ quantity: 'Infinity' }), 400, 'SLUICE_INVALID_QUANTITY', 'Infinity'],
  ['exponent in quantity', bad({ quantity: '5e-1' }), 400, 'SLUICE_INVALID_QUANTITY', 'exponent'],
  ['quantity off lot', bad({ quantity: '0.00005' }), 400, 'SLUICE_QUANTITY_OFF_LOT', 'lot size 0.0001'],
  ['quantity above the range', bad({ quantity: '214748.3648' }), 400, 'SLUICE_QUANTITY_OUT_OF_RANGE', '214748.3647'],
  ['quantity above 2^64', bad({ quantity: '18446744073709551616' }), 400, 'SLUICE_QUANTITY_OUT_OF_RANGE', 'at most'],
  ['number as quantity', bad({ quantity: 0.5 }), 400, 'SLUICE_INVALID_QUANTITY', 'in a string'],
  ['no quantity', without('quantity'), 400, 'SLUICE_INVALID_QUANTITY', 'quantity must be'],
  ['unknown symbol', bad({ symbol: 'DOGE-EUR' }), 404, 'SLUICE_UNKNOWN_SYMBOL', '/v1/symbols'],
  ['__proto__ as symbol', bad({ symbol: '__proto__' }), 404, 'SLUICE_UNKNOWN_SYMBOL', '/v1/symbols'],
  ['constructor as symbol', bad({ symbol: 'constructor' }), 404, 'SLUICE_UNKNOWN_SYMBOL', '/v1/symbols'],
  ['symbol in lower case', bad({ symbol: 'btc-eur' }), 404, 'SLUICE_UNKNOWN_SYMBOL', '/v1/symbols'],
  ['empty symbol', bad({ symbol: '' }), 404, 'SLUICE_UNKNOWN_SYMBOL', '/v1/symbols'],
  ['number as symbol', bad({ symbol: 1 }), 400, 'SLUICE_INVALID_SYMBOL', 'must be a string'],
  ['no symbol', without('symbol'), 400, 'SLUICE_INVALID_SYMBOL', 'must be a string'],
  ['symbol of 300 characters', bad({ symbol: 'X'.repeat(300) }), 400, 'SLUICE_INVALID_SYMBOL', 'must be a string'],
  ['unknown side', bad({ side: 'hold' }), 400, 'SLUICE_INVALID_SIDE', '"buy" or "sell"'],
  ['side in upper case', bad({ side: 'BUY' }), 400, 'SLUICE_INVALID_SIDE', '"buy" or "sell"'],
  ['no side', without('side'), 400, 'SLUICE_INVALID_SIDE', '"buy" or "sell"'],
  ['unknown type', bad({ type: 'iceberg' }), 400, 'SLUICE_INVALID_ORDER_TYPE', '"limit" or "market"'],
  ['unknown time in force', bad({ timeInForce: 'GTX' }), 400, 'SLUICE_INVALID_TIME_IN_FORCE', '"FOK"'],
  [
    'market order that should rest',
    { ...(without('price') as object), type: 'market', timeInForce: 'GTC' },
    400,
    'SLUICE_INVALID_TIME_IN_FORCE',
    'cannot rest',
  ],
  ['post-only with IOC', bad({ postOnly: true, timeInForce: 'IOC' }), 400, 'SLUICE_INVALID_POST_ONLY', 'may rest'],
  ['post-only as text', bad({ postOnly: 'true' }), 400, 'SLUICE_INVALID_POST_ONLY', 'true or false'],
  ['GTD without a time', bad({ timeInForce: 'GTD' }), 400, 'SLUICE_INVALID_EXPIRY', 'needs it'],
  ['a time without GTD', bad({ expiresTime: '2199-01-01T00:00:00Z' }), 400, 'SLUICE_INVALID_EXPIRY', '"GTD"'],
  ['a time that is none', bad({ timeInForce: 'GTD', expiresTime: 'soon' }), 400, 'SLUICE_INVALID_EXPIRY', 'such as'],
  [
    'a day that is none',
    bad({ timeInForce: 'GTD', expiresTime: '2199-13-01T00:00:00Z' }),
    400,
    'SLUICE_INVALID_EXPIRY',
    'such as',
  ],
  [
    'a time that is over',
    bad({ timeInForce: 'GTD', expiresTime: '1960-01-01T00:00:00Z' }),
    400,
    'SLUICE_INVALID_EXPIRY',
    'such as',
  ],
  ['stop price NaN', bad({ stopPrice: 'NaN' }), 400, 'SLUICE_INVALID_STOP', 'stopPrice'],
  ['stop price as a number', bad({ stopPrice: 1 }), 400, 'SLUICE_INVALID_STOP', 'stopPrice'],
  ['stop price zero', bad({ stopPrice: '0' }), 400, 'SLUICE_INVALID_STOP', 'greater than zero'],
  ['stop price off tick', bad({ stopPrice: '1.001' }), 400, 'SLUICE_PRICE_OFF_TICK', 'stopPrice'],
  [
    'display quantity above the quantity',
    bad({ displayQuantity: '99' }),
    400,
    'SLUICE_INVALID_DISPLAY_QUANTITY',
    'at most',
  ],
  [
    'display quantity of an immediate order',
    bad({ displayQuantity: '0.1', timeInForce: 'IOC' }),
    400,
    'SLUICE_INVALID_DISPLAY_QUANTITY',
    'may rest',
  ],
  ['display quantity negative', bad({ displayQuantity: '-1' }), 400, 'SLUICE_INVALID_DISPLAY_QUANTITY', 'sign'],
  ['unknown self-trade mode', bad({ selfTrade: 'none' }), 400, 'SLUICE_INVALID_SELF_TRADE', 'cancelNewest'],
  ['link with a word', bad({ linkedTo: '__proto__' }), 400, 'SLUICE_INVALID_ORDER_ID', 'whole number'],
  ['empty client id', bad({ clientOrderId: '' }), 400, 'SLUICE_INVALID_CLIENT_ORDER_ID', '1 to 64'],
  ['client id too long', bad({ clientOrderId: 'x'.repeat(65) }), 400, 'SLUICE_INVALID_CLIENT_ORDER_ID', 'not 65'],
  ['client id far too long', bad({ clientOrderId: 'x'.repeat(999) }), 400, 'SLUICE_INVALID_CLIENT_ORDER_ID', '1 to 64'],
  ['space in client id', bad({ clientOrderId: 'a b' }), 400, 'SLUICE_INVALID_CLIENT_ORDER_ID', 'visible ASCII'],
  ['emoji as client id', bad({ clientOrderId: '🙂' }), 400, 'SLUICE_INVALID_CLIENT_ORDER_ID', 'visible ASCII'],
  ['number as client id', bad({ clientOrderId: 7 }), 400, 'SLUICE_INVALID_CLIENT_ORDER_ID', 'must be a string'],
  ['unknown field', bad({ leverage: '10' }), 400, 'SLUICE_INVALID_REQUEST', '"leverage"'],
  ['misspelt field', bad({ clientOrderID: 'x' }), 400, 'SLUICE_INVALID_REQUEST', '"clientOrderID"'],
  ['__proto__ as field', '{"__proto__":{"side":"buy"}}', 400, 'SLUICE_INVALID_REQUEST', ''],
  ['constructor.prototype as field', '{"constructor":{"prototype":{}}}', 400, 'SLUICE_INVALID_REQUEST', ''],
  ['empty body', '', 400, 'SLUICE_INVALID_REQUEST', ''],
  ['half a body', '{"symbol":', 400, 'SLUICE_INVALID_REQUEST', ''],
  ['a list as body', [], 400, 'SLUICE_INVALID_REQUEST', 'object'],
  ['null as body', 'null', 400, 'SLUICE_INVALID_REQUEST', 'object'],
  ['NaN in JSON', '{"symbol":"BTC-EUR","side":"buy","quantity":NaN}', 400, 'SLUICE_INVALID_REQUEST', ''],
  ['body of 100 KiB', bad({ symbol: 'X'.repeat(100 * 1024) }), 413, 'SLUICE_BODY_TOO_LARGE', ''],
];

describe('bad orders are refused with a code and a sentence, and change nothing', () => {
  it.each(refusals)('%s', async (_name, body, status, code, sentence) => {
    const before = gateway.service.store.exchange.sequence;
    const reply = await call('POST', '/v1/orders', body);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
    expect(reply.headers.get('content-type')).toContain('application/problem+json');
    expect(reply.body.detail).toContain(sentence);
    expect(reply.body.detail).toMatch(/^.{10,300}$/s);
    expect(gateway.service.store.exchange.sequence).toBe(before);
  });

  it.each([
    ['DELETE', '/v1/orders/0', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['DELETE', '/v1/orders/-1', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['DELETE', '/v1/orders/1e3', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['DELETE', '/v1/orders/__proto__', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['DELETE', '/v1/orders/9007199254740993', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['DELETE', '/v1/orders/999999999', undefined, 404, 'SLUICE_ORDER_NOT_FOUND'],
    ['PATCH', '/v1/orders/999999999', { price: '1' }, 404, 'SLUICE_ORDER_NOT_FOUND'],
    ['PATCH', '/v1/orders/1', {}, 400, 'SLUICE_INVALID_REQUEST'],
    ['PATCH', '/v1/orders/1', { price: 1 }, 400, 'SLUICE_INVALID_PRICE'],
    ['PATCH', '/v1/orders/1', { side: 'sell' }, 400, 'SLUICE_INVALID_REQUEST'],
    ['GET', '/v1/orders/abc', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['GET', '/v1/orders?limit=0', undefined, 400, 'SLUICE_INVALID_REQUEST'],
    ['GET', '/v1/orders?limit=1001', undefined, 400, 'SLUICE_INVALID_REQUEST'],
    ['GET', '/v1/orders?after=x', undefined, 400, 'SLUICE_INVALID_ORDER_ID'],
    ['GET', '/v1/depth', undefined, 400, 'SLUICE_INVALID_REQUEST'],
    ['GET', '/v1/depth?symbol=XXX', undefined, 404, 'SLUICE_UNKNOWN_SYMBOL'],
    ['GET', '/v1/depth?symbol=BTC-EUR&limit=-1', undefined, 400, 'SLUICE_INVALID_REQUEST'],
    ['GET', '/v1/trades?symbol=__proto__', undefined, 404, 'SLUICE_UNKNOWN_SYMBOL'],
    ['GET', '/v2/orders', undefined, 404, 'SLUICE_NOT_FOUND'],
    ['PUT', '/v1/orders', good, 404, 'SLUICE_NOT_FOUND'],
  ])('%s %s', async (method, path, body, status, code) => {
    const reply = await call(method, path, body);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  it.each(['', '-x', 'a b', 'x'.repeat(65), 'a,b'])('account %j', async (account) => {
    expect((await call('POST', '/v1/orders', good, as(account))).body.code).toBe('SLUICE_INVALID_ACCOUNT');
  });

  it('__proto__ and constructor as client order ids are ordinary ids', async () => {
    for (const clientOrderId of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect((await call('POST', '/v1/orders', { ...good, clientOrderId }, as('proto'))).status).toBe(201);
    }
  });

  it('a body that is not JSON', async () => {
    const reply = await call('POST', '/v1/orders', '<order/>', { 'content-type': 'application/xml' });
    expect([reply.status, reply.body.code]).toEqual([415, 'SLUICE_UNSUPPORTED_MEDIA_TYPE']);
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
