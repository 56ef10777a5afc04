import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthConfig } from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BookService, type BookServiceOptions, startBook } from '../book-service.ts';
import { ANSWER_BYTES, readEnd, readResult } from './answer-frame.ts';
import { connectOrders, type OrderClient } from './client.ts';
import { errorOf } from './codes.ts';
import { FRAME_BYTES, writeFrame } from './command-frame.ts';
import type { DoorLimits } from './door.ts';
import { encodeHello, readWelcome } from './hello.ts';

let folder = '';
let service: BookService;

interface Overrides {
  readonly rate?: number;
  readonly accounts?: NonNullable<BookServiceOptions['config']['accounts']>;
  readonly maxOpenOrders?: number;
  readonly maxPending?: number;
  readonly auth?: AuthConfig;
  readonly binaryLimits?: Partial<DoorLimits>;
  readonly symbols?: BookServiceOptions['config']['symbols'];
}

async function start(overrides: Overrides = {}): Promise<void> {
  const symbols = overrides.symbols ?? [
    { name: 'BIG', tickSize: '1', lotSize: '1' },
    { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' },
  ];
  const limits = { maxOrdersPerAccount: 100_000, ordersPerSecondPerAccount: overrides.rate ?? 1_000_000 };
  service = await startBook({
    version: 'test',
    clock: systemClock,
    log: createLogger('test', 'silent'),
    config: { symbols, limits, accounts: overrides.accounts ?? new Map() },
    store: { directory: join(folder, 'data') },
    host: '127.0.0.1',
    port: 0,
    adminPort: 0,
    binary: { port: 0, limits: overrides.binaryLimits ?? {} },
    maxPending: overrides.maxPending ?? 10_000,
    maxOpenOrders: overrides.maxOpenOrders ?? 100_000,
    auth: overrides.auth,
  });
}

async function stop(): Promise<void> {
  for (const step of service.stopSteps) await step.run();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-binary-'));
});
afterEach(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

const port = (): number => service.binaryPort ?? 0;
const account = (text: string) => ({ kind: 'account', text }) as const;
const open = (name = 'alice'): Promise<OrderClient> => connectOrders({ port: port(), credentials: account(name) });
const bid = { kind: 'place', symbol: 1, side: 0, price: 10_000, quantity: 5 } as const;
const nameOf = (code: number): string => errorOf(code)?.code ?? 'done';

async function rest(path: string, name = 'alice', init: RequestInit = {}): Promise<Record<string, unknown>> {
  const headers = { 'sluice-account': name, 'content-type': 'application/json' };
  return (await (await fetch(`${service.address}${path}`, { headers, ...init })).json()) as Record<string, unknown>;
}

describe('the life of an order', () => {
  it('is placed, seen by the REST door, replaced, filled and reported', async () => {
    await start();
    const client = await open();
    expect(client.welcome).toMatchObject({ window: 4_096, commandsPerSecond: 1_000_000 });
    expect(client.welcome.symbols[1]).toEqual({
      number: 1,
      name: 'BTC-EUR',
      tickSize: '0.01',
      lotSize: '0.0001',
      trading: true,
    });
    const placed = await client.send({ ...bid, clientOrderId: 77 });
    expect(placed).toMatchObject({ code: 0, status: 'open', price: 10_000, quantity: 5, filled: 0, repeated: false });
    expect(await rest(`/v1/orders/${placed.orderId}`)).toMatchObject({
      clientOrderId: '77',
      price: '100.00',
      quantity: '0.0005',
      status: 'open',
    });
    expect(await client.send({ ...bid, clientOrderId: 77 })).toMatchObject({
      code: 0,
      orderId: placed.orderId,
      repeated: true,
    });
    const replaced = await client.send({ kind: 'replace', clientOrderId: 77, price: 10_100, quantity: 4 });
    expect(replaced).toMatchObject({ code: 0, orderId: placed.orderId, price: 10_100, quantity: 4 });
    const other = await open('bob');
    const sold = await other.send({ ...bid, side: 1, quantity: 3, timeInForce: 'IOC' });
    expect(sold).toMatchObject({ code: 0, status: 'filled', filled: 3, trades: 1, lastPrice: 10_100 });
    expect(await metric('trades_total{symbol="BTC-EUR"}')).toBe(1);
    expect(await client.send({ kind: 'cancel', orderId: placed.orderId })).toMatchObject({
      code: 0,
      status: 'cancelled',
      filled: 3,
    });
    const gone = await client.send({ kind: 'cancel', clientOrderId: 77 });
    expect([nameOf(gone.code), gone.orderId]).toEqual(['SLUICE_ORDER_CLOSED', placed.orderId]);
    const foreign = await other.send({ kind: 'cancel', orderId: placed.orderId });
    expect([nameOf(foreign.code), foreign.status, foreign.orderId]).toEqual(['SLUICE_ORDER_NOT_FOUND', 'none', 0]);
  });

  it('many at once are answered each, in their order, and the book holds them all', async () => {
    await start();
    const client = await open();
    const results = await Promise.all(
      Array.from({ length: 20_000 }, (_, index) => client.send({ ...bid, price: 1 + (index % 100), quantity: 1 })),
    );
    expect(new Set(results.map(({ code }) => code))).toEqual(new Set([0]));
    const ids = results.map(({ orderId }) => orderId);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(service.store.exchange.orders.open).toBe(20_000);
  });

  it('a symbol that left the file takes cancels and no orders', async () => {
    await start();
    const { orderId } = await (await open()).send(bid);
    await stop();
    await start({ symbols: [{ name: 'BIG', tickSize: '1', lotSize: '1' }] });
    const client = await open();
    expect(client.welcome.symbols.map(({ trading }) => trading)).toEqual([true, false]);
    expect(nameOf((await client.send(bid)).code)).toBe('SLUICE_UNKNOWN_SYMBOL');
    expect(await client.send({ kind: 'cancel', orderId })).toMatchObject({ code: 0, status: 'cancelled' });
  });
});

describe('limits', () => {
  it('the rate of an account is one for both doors', async () => {
    await start({ rate: 3 });
    const client = await open();
    await Promise.all([1, 2, 3].map(() => client.send(bid)));
    const fourth = await client.send(bid);
    expect(nameOf(fourth.code)).toBe('SLUICE_RATE_LIMITED');
    expect(fourth.waitMs).toBeGreaterThan(0);
    const body = JSON.stringify({ symbol: 'BIG', side: 'buy', price: '1', quantity: '1' });
    expect(await rest('/v1/orders', 'alice', { method: 'POST', body })).toMatchObject({ code: 'SLUICE_RATE_LIMITED' });
    expect(nameOf((await (await open('bob')).send(bid)).code)).toBe('done');
  });

  it('an account with a rate of its own is told that one, and how long to wait', async () => {
    await start({ accounts: new Map([['alice', { ordersPerSecond: 1 }]]) });
    const client = await open();
    expect(client.welcome.commandsPerSecond).toBe(1);
    await client.send(bid);
    const second = await client.send(bid);
    expect([nameOf(second.code), second.waitMs]).toEqual(['SLUICE_RATE_LIMITED', 1_000]);
  });

  it('open orders of everybody; an order that cannot rest still passes', async () => {
    await start({ maxOpenOrders: 2 });
    const client = await open();
    const codes = await Promise.all([bid, bid, bid].map(async (order) => nameOf((await client.send(order)).code)));
    expect(codes).toEqual(['done', 'done', 'SLUICE_BOOK_FULL']);
    expect(nameOf((await client.send({ ...bid, timeInForce: 'IOC' })).code)).toBe('done');
  });

  it('what the book has no room for waits in the socket, and none is refused', async () => {
    await start({ maxPending: 8, binaryLimits: { window: 16 } });
    const clients = await Promise.all(['a', 'b', 'c'].map(open));
    const results = await Promise.all(
      clients.flatMap((client) => Array.from({ length: 100 }, () => client.send({ ...bid, timeInForce: 'IOC' }))),
    );
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
  });

  it('connections of all and of one account; a place that is left is free again', async () => {
    await start({ binaryLimits: { connections: 3, connectionsPerAccount: 2 } });
    const first = await open();
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'SLUICE_TOO_MANY_CONNECTIONS' });
    await expect.poll(() => metric('binary_connections')).toBe(2);
    await open('bob');
    await expect(open('carol')).rejects.toMatchObject({ code: 'SLUICE_TOO_MANY_CONNECTIONS' });
    first.finish();
    expect((await first.ended).code).toBeUndefined();
    await expect.poll(() => open('carol').catch(() => undefined)).toBeDefined();
  });
});

/** Value of a series of ours, 0 when it is not there. */
async function metric(series: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${service.adminPort}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`sluice_orderbook_${series} `));
  return Number(line?.split(' ')[1] ?? 0);
}

/** Connects without reading anything, and sends `bytes`. */
function raw(...bytes: Uint8Array[]): Socket {
  const socket = connect(port(), '127.0.0.1');
  socket.on('error', () => undefined);
  for (const part of bytes) socket.write(part);
  return socket;
}

/** All that the book sends until it hangs up. */
function remains(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(chunks))));
}

describe('who does not keep up', () => {
  it('a client that reads nothing is not read from, and is dropped', async () => {
    await start({ binaryLimits: { readerMs: 500, window: 64 } });
    const frame = new Uint8Array(FRAME_BYTES);
    frame.set([2, 0, 0, 0, 0, 0, 0, 0, 9]);
    const many = Buffer.concat(Array.from({ length: 500_000 }, () => frame));
    const socket = raw(encodeHello(account('alice')), many);
    socket.pause();
    await expect.poll(() => metric('binary_ended_total{code="SLUICE_SLOW_READER"}'), { timeout: 20_000 }).toBe(1);
    expect(service.store.exchange.sequence).toBeGreaterThan(64);
    // What both systems hold of results is some megabytes; of the rest nothing was taken.
    expect(service.store.exchange.sequence).toBeLessThan(400_000);
    expect(await metric('binary_connections')).toBe(0);
    socket.destroy();
  });

  it('a hello that never ends', async () => {
    await start({ binaryLimits: { frameMs: 200 } });
    const end = await remains(raw(encodeHello(account('alice')).subarray(0, 10)));
    expect(end.toString('utf8', ANSWER_BYTES)).toBe('The hello did not arrive within 200 ms.');
  });

  it('a frame that never ends; and an idle connection is left alone', async () => {
    await start({ binaryLimits: { frameMs: 200 } });
    const idle = await open('bob');
    const bytes = await remains(raw(encodeHello(account('alice')), Buffer.from([2, 0, 0])));
    expect(bytes.toString('utf8').endsWith('The rest of a frame did not arrive within 200 ms.')).toBe(true);
    expect(nameOf((await idle.send(bid)).code)).toBe('done');
  });
});

describe('an end', () => {
  it('a broken frame ends the connection after the results of those before it', async () => {
    await start();
    const frames = new Uint8Array(3 * FRAME_BYTES);
    for (const at of [0, FRAME_BYTES]) writeFrame(new DataView(frames.buffer), at, { ...bid, request: at });
    frames[2 * FRAME_BYTES] = 99;
    const bytes = await remains(raw(encodeHello(account('alice')), frames));
    const answers = bytes.subarray(readWelcome(bytes)?.length);
    const view = new DataView(answers.buffer, answers.byteOffset, answers.length);
    expect([readResult(view, 0), readResult(view, ANSWER_BYTES)]).toMatchObject([
      { request: 0, code: 0 },
      { request: FRAME_BYTES, code: 0 },
    ]);
    const end = readEnd(answers.subarray(2 * ANSWER_BYTES));
    expect(nameOf(end?.code ?? 0)).toBe('SLUICE_INVALID_FRAME');
    expect(end?.sentence).toContain('unknown kind');
  });

  it('a client that says it is done gets its results first', async () => {
    await start();
    const client = await open();
    const results = Array.from({ length: 5_000 }, () => client.send(bid));
    client.finish();
    expect((await Promise.all(results)).filter(({ code }) => code !== 0)).toEqual([]);
    expect((await client.ended).code).toBeUndefined();
  });

  it('a stop answers what was taken and tells everybody; what was acknowledged is there after it', async () => {
    await start();
    const client = await open();
    const results: { code: number }[] = [];
    const sent = Array.from({ length: 50_000 }, () => client.send({ ...bid, quantity: 1 }));
    for (const result of sent) result.then((answer) => results.push(answer)).catch(() => undefined);
    await sent[0];
    await stop();
    expect(await client.ended).toMatchObject({ code: 'SLUICE_STOPPING' });
    await Promise.allSettled(sent);
    expect(results.filter(({ code }) => code !== 0)).toEqual([]);
    await start();
    expect(service.store.exchange.orders.open).toBe(results.length);
  });
});

describe('with tokens', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  const auth: AuthConfig = {
    jwt: {
      issuer: 'https://issuer.test',
      audience: 'spot.test',
      jwks: { keys: [{ kty, crv, x, kid: 'one', alg: 'EdDSA' }] },
    },
  };

  function token(claims: object): { kind: 'token'; text: string } {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const times = { exp: Math.floor(Date.now() / 1_000) + 60 };
    const content = `${part({ alg: 'EdDSA', kid: 'one' })}.${part({ iss: 'https://issuer.test', aud: 'spot.test', ...times, ...claims })}`;
    const text = `${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}`;
    return { kind: 'token', text };
  }

  it('the account is the subject; without a good token nobody gets in', async () => {
    await start({ auth });
    const client = await connectOrders({ port: port(), credentials: token({ sub: 'alice@example.org' }) });
    const { orderId } = await client.send(bid);
    expect(service.store.exchange.orders.ofAccount('alice@example.org', orderId)?.id).toBe(orderId);
    for (const credentials of [
      account('alice'),
      token({ sub: 'alice', exp: 1 }),
      token({ sub: 'alice', aud: 'other' }),
      token({}),
      { kind: 'token', text: 'x' } as const,
      { kind: 'token', text: '' } as const,
    ]) {
      await expect(connectOrders({ port: port(), credentials })).rejects.toMatchObject({
        code: 'SLUICE_UNAUTHENTICATED',
      });
    }
    await expect(connectOrders({ port: port(), credentials: token({ sub: 'a\ud800' }) })).rejects.toMatchObject({
      code: 'SLUICE_INVALID_ACCOUNT',
    });
  });

  it('without tokens a token is not taken for an account', async () => {
    await start();
    await expect(connectOrders({ port: port(), credentials: token({ sub: 'alice' }) })).rejects.toMatchObject({
      code: 'SLUICE_INVALID_ACCOUNT',
    });
    await expect(connectOrders({ port: port(), credentials: account('__proto__') })).rejects.toMatchObject({
      code: 'SLUICE_INVALID_ACCOUNT',
    });
  });
});
