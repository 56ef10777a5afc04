import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { type BookService, startBook } from '../book-service.ts';

const symbols = [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }];
let folder = '';
let service: BookService;

function start(names: readonly string[] = []): Promise<BookService> {
  const more = names.map((name) => ({ name, tickSize: '1', lotSize: '1' }));
  return startBook({
    version: 'test',
    clock: systemClock,
    log: createLogger('test', 'silent'),
    config: { symbols: [...symbols, ...more], limits: { maxOrdersPerAccount: 100, ordersPerSecondPerAccount: 10_000 } },
    store: { directory: mkdtempSync(join(folder, 'data-')) },
    host: '127.0.0.1',
    port: 0,
    maxPending: 1_000,
    maxOpenOrders: 10_000,
    auth: undefined,
  });
}

async function stop({ stopSteps }: BookService): Promise<void> {
  for (const step of stopSteps) await step.run();
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-market-data-'));
  service = await start();
});
afterAll(async () => {
  await stop(service);
  rmSync(folder, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON comes; the tests look into it freely.
type Json = any;

class Client {
  readonly messages: Json[] = [];
  closed: string | undefined;
  private readonly socket: WebSocket;

  constructor(path: string, of = service) {
    this.socket = new WebSocket(`${of.address.replace('http', 'ws')}${path}`);
    this.socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    this.socket.on('close', (code, reason) => {
      this.closed = `${code} ${reason}`;
    });
    this.socket.on('error', () => undefined);
  }

  async send(message: unknown): Promise<void> {
    await vi.waitFor(() => expect(this.socket.readyState).toBe(WebSocket.OPEN));
    this.socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message));
  }

  /** Resolves to the first message that fits. */
  async one(shape: object): Promise<Json> {
    return vi.waitFor(() => {
      const found = this.messages.find((message) =>
        Object.entries(shape).every(([key, value]) => message[key] === value),
      );
      expect(found, `no ${JSON.stringify(shape)} in ${JSON.stringify(this.messages)}`).toBeDefined();
      return found;
    }, 5_000);
  }

  close(): void {
    this.socket.close();
  }
}

async function call(method: string, path: string, body?: object | string, account = 'a'): Promise<[number, Json]> {
  const isForm = typeof body === 'string';
  const answer = await fetch(`${service.address}${path}`, {
    method,
    headers: {
      'x-mbx-apikey': account,
      'cb-access-key': account,
      ...(body !== undefined && { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' }),
    },
    ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
  });
  return [answer.status, await answer.json()];
}

const binanceOrder = (more: string) => call('POST', '/api/v3/order', `symbol=BTCEUR&quantity=0.5&${more}`);
const coinbaseOrder = (more: object) => call('POST', '/orders', { product_id: 'BTC-EUR', size: '0.5', ...more });

describe('Binance shape', () => {
  test('an order is placed, found, repeated and cancelled', async () => {
    const terms = 'side=BUY&type=LIMIT&price=10.00&newClientOrderId=b-1';
    const [status, placed] = await binanceOrder(terms);
    expect([status, placed.status, placed.price, placed.origQty, placed.fills]).toEqual([
      200,
      'NEW',
      '10.00',
      '0.5000',
      [],
    ]);
    expect((await binanceOrder(terms))[1].orderId).toBe(placed.orderId);
    const [, found] = await call('GET', '/api/v3/order?symbol=BTCEUR&origClientOrderId=b-1');
    expect(found).toMatchObject({ orderId: placed.orderId, clientOrderId: 'b-1', isWorking: true });
    expect((await call('GET', '/api/v3/openOrders'))[1]).toHaveLength(1);
    expect((await call('GET', '/api/v3/openOrders', undefined, 'other'))[1]).toEqual([]);
    const [, cancelled] = await call('DELETE', `/api/v3/order?symbol=BTCEUR&orderId=${placed.orderId}`);
    expect(cancelled).toMatchObject({ status: 'CANCELED', origClientOrderId: 'b-1' });
  });

  test('what an order traded comes with it', async () => {
    const [, maker] = await binanceOrder('side=SELL&type=LIMIT_MAKER&price=20.10');
    const [, taker] = await binanceOrder('side=BUY&type=MARKET&newOrderRespType=FULL');
    expect(taker).toMatchObject({ status: 'FILLED', executedQty: '0.5000', cummulativeQuoteQty: '10.050000' });
    expect(taker.fills).toMatchObject([{ price: '20.10', qty: '0.5000' }]);
    const [, trades] = await call('GET', '/api/v3/trades?symbol=BTCEUR&limit=1');
    expect(trades).toMatchObject([{ price: '20.10', qty: '0.5000', isBuyerMaker: false }]);
    expect((await call('GET', `/api/v3/order?symbol=BTCEUR&orderId=${maker.orderId}`))[1].status).toBe('FILLED');
  });

  test('all orders of a symbol are cancelled, also those that go with the one they are linked to', async () => {
    const pair = { symbol: 'BTC-EUR', side: 'buy', quantity: '0.5', stop: { stopPrice: '99' }, limit: { price: '9' } };
    const headers = { 'content-type': 'application/json', 'sluice-account': 'pairs' };
    const url = `${service.address}/v1/order-pairs`;
    const placed = await fetch(url, { method: 'POST', headers, body: JSON.stringify(pair) });
    expect(placed.status).toBe(201);
    const single = await call('POST', '/orders', { product_id: 'BTC-EUR', side: 'buy', size: 1, price: 8 }, 'pairs');
    expect(single[0]).toBe(200);
    const [status, cancelled] = await call('DELETE', '/api/v3/openOrders?symbol=BTCEUR', undefined, 'pairs');
    expect([status, cancelled.map((order: Json) => order.status)]).toEqual([200, ['CANCELED', 'CANCELED', 'CANCELED']]);
    expect((await call('GET', '/api/v3/openOrders', undefined, 'pairs'))[1]).toEqual([]);
  });

  test.for([
    ['side=UP&type=LIMIT&price=1', -1117, 'Invalid side.'],
    ['side=BUY&type=LIMIT', -1013, 'PRICE_FILTER'],
    ['side=BUY&type=LIMIT&price=1.001', -1013, 'PRICE_FILTER'],
    ['side=BUY&type=LIMIT&price=-1', -1013, 'PRICE_FILTER'],
    ['side=BUY&type=LIMIT&price=1&quantity=2', -1101, 'Duplicate'],
    ['side=BUY&type=TAKE_PROFIT&price=1', -1116, 'Invalid orderType.'],
    ['side=BUY&type=STOP_LOSS_LIMIT&price=1', -1102, 'stopPrice'],
    ['side=BUY&type=LIMIT&price=1&timeInForce=GTX', -1115, 'Invalid timeInForce.'],
    ['side=BUY&type=LIMIT&price=1&quoteOrderQty=5', -1020, 'quoteOrderQty'],
    ['side=BUY&type=LIMIT&price=1&selfTradePreventionMode=X', -1130, 'selfTradePreventionMode'],
    [`side=BUY&type=LIMIT&price=1&newClientOrderId=${'x'.repeat(65)}`, -1100, '65'],
  ] as const)('%s: %i', async ([terms, code, text]) => {
    const [status, { code: found, msg }] = await binanceOrder(terms);
    expect([status, found]).toEqual([400, code]);
    expect(msg).toContain(text);
  });

  test('unknown symbols and orders have the numbers that clients know', async () => {
    expect(await call('GET', '/api/v3/depth?symbol=XXX')).toEqual([400, { code: -1121, msg: 'Invalid symbol.' }]);
    expect(await call('GET', '/api/v3/order?symbol=BTCEUR&orderId=999')).toEqual([
      400,
      { code: -2013, msg: 'Order does not exist.' },
    ]);
    expect(await call('DELETE', '/api/v3/order?symbol=BTCEUR&orderId=999')).toEqual([
      400,
      { code: -2011, msg: 'Unknown order sent.' },
    ]);
    expect((await call('GET', '/api/v3/depth?symbol=BTCEUR&limit=0'))[1].code).toBe(-1130);
  });

  test('streams by address, by request, plain and combined', async () => {
    const raw = new Client('/ws/btceur@trade/btceur@bookTicker');
    const combined = new Client('/stream?streams=btceur@depth5@100ms');
    await combined.one({ stream: 'btceur@depth5@100ms' });
    await raw.send({ method: 'SUBSCRIBE', params: ['btceur@depth@100ms'], id: 7 });
    expect(await raw.one({ id: 7 })).toEqual({ result: null, id: 7 });
    await raw.send({ method: 'LIST_SUBSCRIPTIONS', id: 'list' });
    expect((await raw.one({ id: 'list' })).result).toEqual(['btceur@trade', 'btceur@bookTicker', 'btceur@depth@100ms']);
    await binanceOrder('side=SELL&type=LIMIT&price=30.00');
    await binanceOrder('side=BUY&type=LIMIT&price=30.00');
    expect(await raw.one({ e: 'trade', p: '30.00' })).toMatchObject({ s: 'BTCEUR', q: '0.5000', m: false });
    const update = await raw.one({ e: 'depthUpdate' });
    expect(update.U).toBeLessThanOrEqual(update.u);
    await raw.send({ method: 'UNSUBSCRIBE', params: ['btceur@trade'], id: 8 });
    await raw.one({ id: 8 });
    raw.close();
    combined.close();
  });

  test.for([
    ['{', 3, 'Invalid JSON'],
    ['[]', 3, 'object'],
    ['{"method":"PAY","id":1}', 2, 'unknown variant PAY'],
    ['{"method":"SUBSCRIBE","params":["btceur@klines"],"id":1}', 2, 'btceur@klines'],
    ['{"method":"SUBSCRIBE","params":["__proto__@trade"],"id":1}', 2, '__proto__'],
    ['{"method":"SUBSCRIBE","params":"x","id":1}', 2, 'params'],
    ['{"method":"LIST_SUBSCRIPTIONS","id":{}}', 2, 'request ID'],
    ['{"method":"SET_PROPERTY","params":["combined","x"],"id":1}', 1, 'Boolean'],
    ['{"method":"GET_PROPERTY","params":["x"],"id":1}', 0, 'Unknown property'],
  ] as const)('the request %s is answered with code %i', async ([text, code, words]) => {
    const client = new Client('/ws');
    await client.send(text);
    const answer = await vi.waitFor(() => {
      expect(client.messages).toHaveLength(1);
      return client.messages[0];
    });
    const { code: found, msg } = answer.error ?? answer;
    expect(found).toBe(code);
    expect(msg).toContain(words);
    client.close();
  });
});

describe('Coinbase shape', () => {
  test('an order is placed, found and cancelled', async () => {
    const [status, placed] = await coinbaseOrder({ side: 'buy', price: 11, client_oid: 'c-1' });
    expect([status, placed.status, placed.price, placed.size, placed.stp]).toEqual([
      200,
      'open',
      '11.00',
      '0.5000',
      'dc',
    ]);
    expect((await call('GET', '/orders/client:c-1'))[1].id).toBe(placed.id);
    expect((await call('GET', '/orders?product_id=BTC-EUR'))[1].map(({ id }: Json) => id)).toContain(placed.id);
    const oddId = '%'.repeat(64);
    const [, odd] = await coinbaseOrder({ side: 'buy', price: 11, client_oid: oddId });
    expect((await call('GET', `/orders/client:${encodeURIComponent(oddId)}`))[1].id).toBe(odd.id);
    expect(await call('DELETE', `/orders/${placed.id}`)).toEqual([200, placed.id]);
    expect(await call('DELETE', `/orders/${placed.id}`)).toMatchObject([400, { message: 'Order already done' }]);
    expect(await call('GET', '/orders/999')).toMatchObject([404, { message: 'order not found' }]);
  });

  test('only the orders of the product that is named are cancelled, wherever it is named', async () => {
    const [, { id }] = await coinbaseOrder({ side: 'buy', price: 7 });
    for (const [path, body] of [
      ['/orders?product_id=XXX', undefined],
      ['/orders', { product_id: 'BTC/EUR' }],
    ] as const) {
      expect(await call('DELETE', path, body)).toMatchObject([404, { message: 'Product not found' }]);
    }
    expect((await call('GET', `/orders/${id}`))[1].status).toBe('open');
    expect((await call('DELETE', '/orders', { product_id: 'BTC-EUR' }))[1]).toContain(id);
    expect((await call('GET', '/orders?status=open&status=active'))[1]).toEqual([]);
    expect(await call('GET', '/orders?status=done')).toMatchObject([
      400,
      { message: expect.stringContaining('Only open orders') },
    ]);
  });

  test.for([
    [{ side: 'up', price: '1' }, 'side must be'],
    [{ side: 'buy' }, 'needs a price'],
    [{ side: 'buy', price: '1', size: undefined }, 'size is required'],
    [{ side: 'buy', price: '1', stp: 'x' }, 'stp must be'],
    [{ side: 'buy', price: '1', stop: 'loss', stop_price: '1' }, 'stop "entry"'],
    [{ side: 'buy', price: '1', time_in_force: 'GTT' }, 'cancel_after'],
    [{ side: 'buy', price: '1', time_in_force: 'X' }, 'time_in_force'],
    [{ side: 'buy', price: 'NaN' }, 'price must be'],
    [{ side: 'buy', price: '1', type: 'x' }, 'type must be'],
  ] as const)('%o: %s', async ([terms, text]) => {
    const [status, { message }] = await coinbaseOrder(terms);
    expect([status, message]).toEqual([400, expect.stringContaining(text)]);
  });

  test('the book at its three levels', async () => {
    const [, { id }] = await coinbaseOrder({ side: 'buy', price: '12.00' });
    await coinbaseOrder({ side: 'buy', price: '12.00' });
    const [, best] = await call('GET', '/products/BTC-EUR/book');
    expect(best.bids).toEqual([['12.00', '1.0000', 2]]);
    const [, orders] = await call('GET', '/products/BTC-EUR/book?level=3');
    expect(orders.bids[0]).toEqual(['12.00', '0.5000', id]);
    expect(await call('GET', '/products/XXX/book')).toMatchObject([404, { message: 'Product not found' }]);
  });

  test('a snapshot and updates, orders numbered without a gap, matches, ticker and heartbeat', async () => {
    const client = new Client('/feed');
    const channels = ['level2', { name: 'full', product_ids: ['BTC-EUR'] }, 'matches', 'ticker', 'heartbeat'];
    await client.send({ type: 'subscribe', product_ids: ['BTC-EUR'], channels });
    expect((await client.one({ type: 'subscriptions' })).channels).toHaveLength(5);
    await client.one({ type: 'snapshot' });
    await coinbaseOrder({ side: 'sell', price: '40.00' });
    const account = 'other';
    await call('POST', '/orders', { product_id: 'BTC-EUR', side: 'buy', price: '40.00', size: '0.2' }, account);
    expect((await client.one({ type: 'l2update' })).changes[0]).toEqual(['sell', '40.00', '0.5000']);
    expect(await client.one({ type: 'match', price: '40.00' })).toMatchObject({ size: '0.2000', side: 'sell' });
    await client.one({ type: 'ticker', price: '40.00' });
    await client.one({ type: 'heartbeat' });
    const numbered = client.messages.filter(({ type }) => ['received', 'open', 'done', 'change'].includes(type));
    expect(numbered.map(({ type }) => type)).toEqual(['received', 'open', 'received', 'done']);
    await client.send({ type: 'unsubscribe', product_ids: ['BTC-EUR'], channels: ['full', 'matches'] });
    await vi.waitFor(() => expect(client.messages.filter(({ type }) => type === 'subscriptions')).toHaveLength(2));
    client.close();
  });

  test.for([
    ['x', 'Failed to parse the message'],
    ['{"type":"pay"}', 'Unknown message type'],
    ['{"type":"subscribe"}', 'Failed to subscribe'],
    ['{"type":"subscribe","product_ids":["XXX"],"channels":["full"]}', 'Failed to subscribe'],
    ['{"type":"subscribe","product_ids":["BTC-EUR"],"channels":["user"]}', 'Failed to subscribe'],
    ['{"type":"subscribe","channels":[null]}', 'Failed to subscribe'],
  ] as const)('%s is refused', async ([text, message]) => {
    const client = new Client('/feed');
    await client.send(text);
    await client.one({ type: 'error', message });
    client.close();
  });
});

test.for([
  [
    '/api/v3/klines?symbol=BTCEUR',
    { code: -1020, msg: 'There is no GET /api/v3/klines here. GET /openapi.json lists what there is.' },
  ],
  ['/api/v3/ticker/24hr', { code: -1020 }],
  ['/products/BTC-EUR/candles', { code: 'SLUICE_NOT_FOUND', message: /no GET .products.BTC-EUR.candles/ }],
  ['/fills', { code: 'SLUICE_NOT_FOUND', message: /no GET .fills/ }],
  ['/feed', { code: 'SLUICE_NOT_FOUND', message: /WebSocket/ }],
  ['/ws/btceur@trade', { code: -1020, msg: /WebSocket/ }],
  ['/v1/nothing', { code: 'SLUICE_NOT_FOUND', detail: /no GET .v1.nothing/ }],
] as const)('%s is not there, and that is said in its shape', async ([path, shape]) => {
  const [status, body] = await call('GET', path);
  expect(status).toBe(404);
  for (const [member, value] of Object.entries(shape)) {
    if (value instanceof RegExp) expect(body[member]).toMatch(value);
    else expect(body[member]).toBe(value);
  }
});

test('the API description has each door with its parameters and the shape of its refusals', async () => {
  const [, { paths }] = await call('GET', '/openapi.json');
  const names = ({ parameters }: Json): string[] => parameters.map(({ name }: Json) => name);
  const placing = paths['/api/v3/order'].post;
  expect(names(placing)).toEqual(expect.arrayContaining(['symbol', 'newClientOrderId', 'x-mbx-apikey']));
  expect(names(paths['/api/v3/depth'].get)).toEqual(['symbol', 'limit']);
  expect(names(paths['/orders'].get)).toEqual(['product_id', 'status', 'cb-access-key']);
  expect(paths['/feed'].get.responses[101].content).toBeUndefined();
  for (const [path, operations] of Object.entries<Json>(paths)) {
    for (const { summary, responses } of Object.values<Json>(operations)) {
      expect(summary, path).toBeTruthy();
      const [answer] = Object.keys(responses.default.content);
      expect([path, answer]).toEqual([path, path.startsWith('/v1/') ? 'application/problem+json' : 'application/json']);
    }
  }
});

describe('limits', () => {
  test('too many messages, too large ones and binary ones end the connection', async () => {
    const flood = new Client('/ws');
    await flood.send({ method: 'LIST_SUBSCRIPTIONS', id: 0 });
    for (let count = 1; count < 30; count++)
      void flood.send({ method: 'LIST_SUBSCRIPTIONS', id: count }).catch(() => undefined);
    await vi.waitFor(() => expect(flood.closed).toContain('1008 SLUICE_RATE_LIMITED'));
    const large = new Client('/feed');
    await large.send('x'.repeat(20_000));
    await vi.waitFor(() => expect(large.closed).toContain('1009'));
    const binary = new Client('/ws');
    await binary.send(Buffer.from('{}'));
    await vi.waitFor(() => expect(binary.closed).toContain('1008 SLUICE_INVALID_REQUEST'));
  });

  test('a web page of another origin reads nothing, and a form without an API key places nothing', async () => {
    const refused = (origin: string) =>
      new Promise<number | undefined>((resolve) => {
        const socket = new WebSocket(`${service.address.replace('http', 'ws')}/feed`, { origin });
        socket.once('unexpected-response', (_request, answer) => resolve(answer.statusCode));
        socket.once('open', () => {
          socket.close();
          resolve(undefined);
        });
        socket.on('error', () => undefined);
      });
    expect(await refused('https://elsewhere.example')).toBe(403);
    expect(await refused('null')).toBe(403);
    expect(await refused(service.address)).toBeUndefined();
    const body = 'symbol=BTCEUR&side=BUY&type=LIMIT&price=1&quantity=1';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${service.address}/api/v3/order`, { method: 'POST', headers, body });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: -2014 }]);
  });

  test('symbols that one Binance name would stand for are refused at the start', async () => {
    await expect(start(['A-BC', 'AB-C'])).rejects.toMatchObject({ code: 'SLUICE_AMBIGUOUS_SYMBOL' });
  });

  test('a stop tells every client and takes no new ones', async () => {
    const other = await start();
    const client = new Client('/feed', other);
    await client.send({ type: 'subscribe', product_ids: ['BTC-EUR'], channels: ['level2'] });
    await client.one({ type: 'snapshot' });
    await stop(other);
    await vi.waitFor(() => expect(client.closed).toContain('1001 SLUICE_STOPPING'));
  });
});
