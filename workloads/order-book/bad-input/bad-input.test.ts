import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANSWER_BYTES, END, readEnd, readResult } from '../binary/answer-frame.ts';
import { errorOf } from '../binary/codes.ts';
import { encodeHello, readWelcome } from '../binary/hello.ts';
import { BookProcess } from '../testing/book-process.ts';
import { brokenRequests, type EndCase, endCases, type FrameCase, frameCases } from './binary-cases.ts';
import { type RestCase, restCases } from './rest-cases.ts';

// Everything in the tables against one real process. Before and after it the book must be the same and answer as ever.

const book = new BookProcess({
  symbols: `symbols: [{name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001"}, {name: BIG, tickSize: "1", lotSize: "1"}]
limits: {ordersPerSecondPerAccount: 1000000}
`,
  binary: true,
  admin: true,
});
const { ports } = book;

beforeAll(async () => {
  await book.start();
  for (const [side, price] of [
    ['buy', '99'],
    ['sell', '101'],
  ] as const) {
    const body = JSON.stringify({ symbol: 'BTC-EUR', side, price, quantity: '2', clientOrderId: side });
    await ask({ method: 'POST', path: '/v1/orders', body, headers: { 'sluice-account': 'owner' } });
  }
}, 40_000);

afterAll(async () => {
  await book.end('SIGTERM');
  await book.remove();
});

async function ask({ method, path, body, headers }: Pick<RestCase, 'method' | 'path' | 'body' | 'headers'>) {
  const raw = typeof body === 'string' || Buffer.isBuffer(body);
  const response = await fetch(`${book.url}${path}`, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** Everything that somebody could see of the book. */
async function digest(): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [
    '/v1/depth?symbol=BTC-EUR&limit=5000',
    '/v1/depth?symbol=BIG&limit=5000',
    '/v1/trades?symbol=BTC-EUR&limit=1000',
    '/v1/orders?limit=1000',
    '/v1/symbols',
  ]) {
    const { body } = await ask({ method: 'GET', path, body: undefined, headers: { 'sluice-account': 'owner' } });
    // Refused commands are in the journal too: they count, and change nothing.
    hash.update(JSON.stringify({ ...body, sequence: undefined }));
  }
  return hash.digest('hex');
}

async function heapMiB(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.admin}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
  return (value('nodejs_heap_size_used_bytes') + value('nodejs_external_memory_bytes')) / 2 ** 20;
}

/** Sends bytes to a port. Resolves to what comes back until the other side hangs up. */
function send(port: number, parts: readonly (Buffer | string)[], halfClose = false): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
    for (const part of parts) typeof part === 'string' ? socket.write(part, 'latin1') : socket.write(part);
    if (halfClose) socket.end();
  });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('end', () => socket.end());
  return new Promise((resolve) => socket.on('close', () => resolve(Buffer.concat(chunks))));
}

async function checkRest({ status, code, sentence, ...request }: RestCase): Promise<void> {
  const reply = await ask(request);
  expect([reply.status, reply.body.code]).toEqual([status, code]);
  expect(reply.headers.get('content-type')).toContain('application/problem+json');
  expect(reply.body.detail).toContain(sentence);
  expect(reply.body.detail).toMatch(/^.{10,400}$/s);
}

async function checkFrame({ frame, code }: FrameCase): Promise<void> {
  const bytes = await send(ports.binary, [encodeHello({ kind: 'account', text: 'mallory' }), frame, frame], true);
  const answers = bytes.subarray(readWelcome(bytes)?.length ?? 0);
  expect(answers.length).toBe(2 * ANSWER_BYTES);
  for (const at of [0, ANSWER_BYTES]) {
    const result = readResult(new DataView(answers.buffer, answers.byteOffset, answers.length), at);
    expect([result.request, errorOf(result.code)?.code, result.orderId]).toEqual([7, code, 0]);
  }
}

async function checkEnd({ send: parts, halfClose = false, code, sentence }: EndCase): Promise<void> {
  const bytes = await send(ports.binary, parts, halfClose);
  let at = bytes[0] === END ? 0 : (readWelcome(bytes)?.length ?? 0);
  while (at < bytes.length && bytes[at] !== END) at += ANSWER_BYTES;
  const end = readEnd(bytes.subarray(at));
  expect([errorOf(end?.code ?? 0)?.code, end?.sentence]).toEqual([code, expect.stringContaining(sentence)]);
}

describe('bad input gets its code, and changes nothing', () => {
  let before = '';
  beforeAll(async () => {
    before = await digest();
  });

  it('there are enough of it', () => {
    expect(restCases.length + frameCases.length + endCases.length + brokenRequests.length).toBeGreaterThan(220);
  });

  it.each(restCases.map((row) => [row.name, row] as const))('REST: %s', (_name, row) => checkRest(row));
  it.each(frameCases.map((row) => [row.name, row] as const))('frame: %s', (_name, row) => checkFrame(row));
  it.concurrent.each(endCases.map((row) => [row.name, row] as const))('binary connection: %s', (_name, row) =>
    checkEnd(row),
  );
  it.each(brokenRequests)('HTTP: %s', async (_name, bytes, status, code) => {
    const answer = (await send(ports.rest, [bytes])).toString();
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    expect([head.split(' ')[1], JSON.parse(body)]).toMatchObject([String(status), { status, code }]);
  });

  it('the book is as it was, has said nothing on stderr, and takes good orders', async () => {
    expect(await digest()).toBe(before);
    expect(book.stderr).toBe('');
    const body = { symbol: 'BTC-EUR', side: 'buy', price: '100.00', quantity: '0.5', timeInForce: 'IOC' };
    expect((await ask({ method: 'POST', path: '/v1/orders', body })).status).toBe(201);
  });
});

it('memory stays where it was, however often bad input comes', async () => {
  const quick = endCases.filter(({ code }) => code !== 'SLUICE_FRAME_TIMEOUT');
  const checks = [
    ...quick.map((row) => () => checkEnd(row)),
    ...frameCases.map((row) => () => checkFrame(row)),
    ...restCases.map((row) => () => checkRest(row)),
  ];
  const all = async (): Promise<void> => {
    // Some at once, and fewer than the connections that one account may have.
    for (let from = 0; from < checks.length; from += 20) {
      await Promise.all(checks.slice(from, from + 20).map((check) => check()));
    }
  };
  for (let round = 0; round < 3; round++) await all();
  const before = await heapMiB();
  for (let round = 0; round < 12; round++) await all();
  // What is garbage goes sooner or later; what is kept stays above.
  const heapAfterMore = async (): Promise<number> => {
    await all();
    return heapMiB();
  };
  await expect.poll(heapAfterMore, { timeout: 60_000 }).toBeLessThan(before + 8);
}, 120_000);
