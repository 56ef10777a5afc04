import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { runOrderLoad } from './load/run-order-load.ts';
import { BookProcess, type BookProcessOptions } from './testing/book-process.ts';

const books: BookProcess[] = [];

function createBook(options?: BookProcessOptions): BookProcess {
  const book = new BookProcess(options);
  books.push(book);
  return book;
}

afterEach(async () => {
  for (const book of books.splice(0)) await book.remove();
});

it('kill -9 under load, again and again: every acknowledged order is there, none twice', async () => {
  const book = createBook();
  await book.start();
  const acknowledged: { readonly id: string; readonly clientOrderId: string; readonly account: string }[] = [];
  const aim = 5_000;
  const kills = 4;
  const controller = new AbortController();
  const load = runOrderLoad({
    url: book.url,
    commands: 1_000_000,
    connections: 16,
    run: 'crash',
    signal: controller.signal,
    onAcknowledged: (order) => {
      acknowledged.push(order);
      if (acknowledged.length === aim) controller.abort();
    },
  });
  for (let kill = 1; kill <= kills; kill++) {
    await expect
      .poll(() => acknowledged.length, { timeout: 60_000, interval: 5 })
      .toBeGreaterThan((kill * aim) / (kills + 1));
    await book.end('SIGKILL');
    await book.start();
  }
  const figures = await load;
  expect(figures.failed).toBeLessThanOrEqual(16);
  expect(acknowledged.length).toBeGreaterThanOrEqual(aim);

  expect(new Set(acknowledged.map(({ id }) => id)).size).toBe(acknowledged.length);
  for (let from = 0; from < acknowledged.length; from += 100) {
    const part = acknowledged.slice(from, from + 100);
    const orders = await Promise.all(part.map(({ id, account }) => book.get(`/v1/orders/${id}`, account)));
    expect(orders.map((order) => ({ id: order?.id, clientOrderId: order?.clientOrderId }))).toEqual(
      part.map(({ id, clientOrderId }) => ({ id, clientOrderId })),
    );
  }

  // Trades have dense sequences, so none is doubled and none is missing.
  const { trades } = (await book.get('/v1/trades?symbol=BTC-EUR&limit=1000')) as {
    trades: { sequence: string }[];
  };
  const newest = Number(trades[0]?.sequence);
  expect(trades.map(({ sequence }) => Number(sequence))).toEqual(trades.map((_, index) => newest - index));

  const depth = await book.get('/v1/depth?symbol=BTC-EUR&limit=5000');
  expect(await book.end('SIGTERM')).toMatchObject({ code: 0 });
  await book.start();
  expect(await book.get('/v1/depth?symbol=BTC-EUR&limit=5000')).toEqual(depth);
}, 180_000);

it('two processes cannot have one directory, and the second one says so', async () => {
  const first = createBook();
  await first.start();
  await expect(createBook({ data: first.data }).start()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^SLUICE_DIRECTORY_IN_USE: .* in use by another process.*\n$/),
  });
}, 30_000);

it('a port that is taken: one sentence, exit 1, no data directory', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const book = createBook({ port });
  await expect(book.start()).rejects.toMatchObject({
    code: 1,
    stderr: `Port ${port} on 127.0.0.1 is in use: stop the program that has it, or choose another.\n`,
  });
  server.close();
  expect(readdirSync(book.folder)).toEqual(['symbols.yaml']);
}, 30_000);

it.each([
  ['symbols: []', 'symbols must be a list of 1 to 256'],
  [
    'symbols: [{name: A, tickSize: 0.01, lotSize: "1"}]',
    'symbols[0].tickSize must be a positive decimal number in quotes',
  ],
  ['symbols: [{name: a, tickSize: "1", lotSize: "1"}]', 'symbols[0].name must be'],
  [
    'symbols: [{name: A, tickSize: "1", lotSize: "1"}, {name: A, tickSize: "1", lotSize: "1"}]',
    'symbol A is listed twice',
  ],
  ['symbols: [{name: A, tickSize: "1", lotSize: "1", fee: 1}]', 'symbols[0] has no field "fee"'],
  ['symbols: [{name: A, tickSize: "0", lotSize: "1"}]', 'symbols[0].tickSize must be'],
  [
    'symbols: [{name: A, tickSize: "1", lotSize: "1"}]\nlimits: {maxOrdersPerAccount: 0}',
    'limits.maxOrdersPerAccount must be',
  ],
  ['symbols: [', '--symbols'],
])(
  'a bad symbols file %j: one line, exit 2, no data directory',
  async (text, sentence) => {
    const book = createBook({ symbols: text });
    const ended = expect.objectContaining({ code: 2, stderr: expect.stringContaining(sentence) });
    await expect(book.start()).rejects.toEqual(ended);
    expect(book.stderr.trim()).not.toContain('\n');
    expect(readdirSync(book.folder)).toEqual(['symbols.yaml']);
  },
  30_000,
);

it('a symbol with other steps than the journal has: one sentence, exit 1, and the old file works again', async () => {
  const good = 'symbols: [{name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001"}]';
  const book = createBook({ symbols: good });
  await book.start();
  await book.end('SIGTERM');
  book.writeSymbols(good.replace('0.01', '0.05'));
  await expect(book.start()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^SLUICE_SYMBOL_CHANGED: BTC-EUR has tick 0.01 .*\n$/),
  });
  book.writeSymbols(good);
  await book.start();
}, 30_000);
