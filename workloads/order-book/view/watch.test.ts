import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthConfig } from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type BookService, startBook } from '../book-service.ts';
import { type WatchOptions, watchBook } from './watch.ts';

let folder = '';
let service: BookService;

function start(port = 0, { name = 'data', auth }: { name?: string; auth?: AuthConfig } = {}): Promise<BookService> {
  return startBook({
    version: 'test',
    clock: systemClock,
    log: createLogger('test', 'silent'),
    config: {
      symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }],
      limits: { maxOrdersPerAccount: 100, ordersPerSecondPerAccount: 10_000 },
    },
    store: { directory: join(folder, name) },
    host: '127.0.0.1',
    port,
    maxPending: 100,
    maxOpenOrders: 100,
    auth,
  });
}

async function stop({ stopSteps }: BookService = service): Promise<void> {
  for (const step of stopSteps) await step.run();
}

async function order(side: string, price: string, quantity: string): Promise<void> {
  const answer = await fetch(`${service.address}/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ symbol: 'BTC-EUR', side, price, quantity }),
  });
  expect(answer.status).toBe(201);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-watch-'));
  service = await start();
  await order('buy', '10.00', '0.5');
  await order('sell', '10.00', '0.1');
  await order('sell', '11.00', '0.7');
});
afterAll(async () => {
  await stop();
  rmSync(folder, { recursive: true });
});

class Terminal extends EventEmitter {
  text = '';
  columns = 100;
  rows = 12;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }

  /** The screen as it was drawn last. */
  get screen(): string {
    return this.text.split('\x1b[H').at(-1) ?? '';
  }
}

function options(output: Terminal, more: Partial<WatchOptions> = {}): WatchOptions {
  const common = { clock: systemClock, output, url: service.address, symbol: 'BTC-EUR', color: false };
  return { ...common, once: false, signal: new AbortController().signal, ...more };
}

test('--once prints one plain screen', async () => {
  const output = new Terminal(false);
  await watchBook(options(output, { once: true }));
  expect(output.text).toContain('11.00        0.7000');
  expect(output.text).toContain('spread 1.00 (9.524 %)');
  expect(output.text).toMatch(/10\.00 +0\.1000\n/);
  expect(output.text).not.toContain('\x1b');
});

test('an unknown symbol, and no book, are one sentence', async () => {
  const output = new Terminal(false);
  await expect(watchBook(options(output, { symbol: 'XXX' }))).rejects.toThrow('XXX is not a valid product');
  const nobody = options(output, { url: 'http://127.0.0.1:9', once: true });
  await expect(watchBook(nobody)).rejects.toMatchObject({ code: 'SLUICE_UNREACHABLE' });
});

test('a token that is missing is one sentence too', async () => {
  const auth = { jwt: { issuer: 'i', audience: 'a', jwksURL: 'http://127.0.0.1:9/' } };
  const closed = await start(0, { name: 'closed', auth });
  const sentence = new RegExp(`^The book at ${closed.address} refused: Send a token .* Give a valid one by --token`);
  for (const once of [true, false]) {
    await expect(watchBook(options(new Terminal(true), { url: closed.address, once }))).rejects.toThrow(sentence);
  }
  await stop(closed);
});

test('into a pipe goes one line a second', async () => {
  const output = new Terminal(false);
  const ending = new AbortController();
  const watching = watchBook(options(output, { signal: ending.signal }));
  await vi.waitFor(() => expect(output.text).toContain('bid 10.00 x 0.4000  ask 11.00 x 0.7000  last 10.00'), 5_000);
  ending.abort();
  await watching;
});

test('on a terminal the screen follows its size and the book, over a restart too, and is given back', async () => {
  const output = new Terminal(true);
  const ending = new AbortController();
  const watching = watchBook(options(output, { signal: ending.signal }));
  await vi.waitFor(() => expect(output.screen).toContain('spread 1.00'), 5_000);
  expect(output.text.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true);
  output.columns = 50;
  output.emit('resize');
  expect(output.screen).not.toContain('trades  ');
  const port = Number(new URL(service.address).port);
  await stop();
  await vi.waitFor(() => expect(output.screen).toContain('connection lost'), 5_000);
  service = await start(port);
  await order('sell', '10.50', '0.2');
  await vi.waitFor(() => expect(output.screen).toContain('spread 0.50'), 15_000);
  ending.abort();
  await watching;
  expect(output.text.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
  expect(output.listenerCount('resize')).toBe(0);
});
