import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runOrderLoad } from './load/run-order-load.ts';

const main = join(import.meta.dirname, 'main.ts');
let folder = '';
let running: ChildProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  writeFileSync(
    join(folder, 'symbols.yaml'),
    'symbols: [{name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001"}]\nlimits: {ordersPerSecondPerAccount: 1000000, maxOrdersPerAccount: 1000000}\n',
  );
});
afterEach(() => {
  running?.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function run(...flags: string[]): {
  readonly child: ChildProcess;
  readonly ready: Promise<void>;
  readonly ended: Promise<Ended>;
} {
  const args = [main, '--symbols', join(folder, 'symbols.yaml'), '--data', join(folder, 'data'), ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running = child;
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stderr })));
  const ready = new Promise<void>((resolve, reject) => {
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      if (stdout.includes('tokens')) resolve();
    });
    ended.then((end) => reject(new Error(`ended with ${end.code}: ${end.stderr}`)));
  });
  // Whoever does not wait for the start looks at the end.
  ready.catch(() => undefined);
  return { child, ready, ended };
}

/** A port that was free a moment ago; the program must come back on the same one, so it cannot pick. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function json(url: string, account: string): Promise<Record<string, unknown>> {
  return (await fetch(url, { headers: { 'sluice-account': account } })).json() as Promise<Record<string, unknown>>;
}

it('kill -9 under load, again and again: every acknowledged order is there, none twice', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let book = run('--port', String(port));
  await book.ready;
  const acknowledged: { readonly id: string; readonly clientOrderId: string; readonly account: string }[] = [];
  const aim = 5_000;
  const kills = 4;
  const controller = new AbortController();
  const load = runOrderLoad({
    url,
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
    book.child.kill('SIGKILL');
    await book.ended;
    book = run('--port', String(port));
    await book.ready;
  }
  const figures = await load;
  expect(figures.failed).toBeLessThanOrEqual(16);
  expect(acknowledged.length).toBeGreaterThanOrEqual(aim);

  expect(new Set(acknowledged.map(({ id }) => id)).size).toBe(acknowledged.length);
  for (let from = 0; from < acknowledged.length; from += 100) {
    const part = acknowledged.slice(from, from + 100);
    const orders = await Promise.all(part.map(({ id, account }) => json(`${url}/v1/orders/${id}`, account)));
    expect(orders.map(({ id, clientOrderId }) => ({ id, clientOrderId }))).toEqual(
      part.map(({ id, clientOrderId }) => ({ id, clientOrderId })),
    );
  }

  // Trades have dense sequences, so none is doubled and none is missing.
  const { trades } = (await json(`${url}/v1/trades?symbol=BTC-EUR&limit=1000`, 'any')) as {
    trades: { sequence: string }[];
  };
  const newest = Number(trades[0]?.sequence);
  expect(trades.map(({ sequence }) => Number(sequence))).toEqual(trades.map((_, index) => newest - index));

  const depth = await json(`${url}/v1/depth?symbol=BTC-EUR&limit=5000`, 'any');
  book.child.kill('SIGTERM');
  expect((await book.ended).code).toBe(0);
  const again = run('--port', String(port));
  await again.ready;
  expect(await json(`${url}/v1/depth?symbol=BTC-EUR&limit=5000`, 'any')).toEqual(depth);
}, 180_000);

it('two processes cannot have one directory, and the second one says so', async () => {
  const first = run('--port', '0');
  await first.ready;
  const { child } = first;
  const { code, stderr } = await run('--port', '0').ended;
  child.kill('SIGKILL');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^SLUICE_DIRECTORY_IN_USE: .* in use by another process.*\n$/);
}, 30_000);

it('a port that is taken: one sentence, exit 1, no data directory', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await run('--port', String(port)).ended;
  server.close();
  expect([code, stderr]).toEqual([
    1,
    `Port ${port} on 127.0.0.1 is in use: stop the program that has it, or choose another.\n`,
  ]);
  expect(readdirSync(folder)).toEqual(['symbols.yaml']);
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
    writeFileSync(join(folder, 'symbols.yaml'), text);
    const { code, stderr } = await run('--port', '0').ended;
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
    expect(stderr.trim()).not.toContain('\n');
    expect(readdirSync(folder)).toEqual(['symbols.yaml']);
  },
  30_000,
);

it('a symbol with other steps than the journal has: one sentence, exit 1, and the old file works again', async () => {
  const first = run('--port', '0');
  await first.ready;
  first.child.kill('SIGTERM');
  await first.ended;
  const good = 'symbols: [{name: BTC-EUR, tickSize: "0.01", lotSize: "0.0001"}]';
  writeFileSync(join(folder, 'symbols.yaml'), good.replace('0.01', '0.05'));
  const { code, stderr } = await run('--port', '0').ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^SLUICE_SYMBOL_CHANGED: BTC-EUR has tick 0.01 .*\n$/);
  writeFileSync(join(folder, 'symbols.yaml'), good);
  await run('--port', '0').ready;
}, 30_000);
