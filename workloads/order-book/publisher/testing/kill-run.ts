import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNats } from '../../../../hack/brokers/nats.ts';
import { startRedis } from '../../../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../../../hack/brokers/server.ts';
import { type AcknowledgedOrder, runOrderLoad } from '../../load/run-order-load.ts';
import type { PublishedTrade } from '../trade-message.ts';
import { BookProcess } from './book-process.ts';
import { checkDense, readStream } from './consumer.ts';
import { LiveConsumer } from './live-consumer.ts';

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly broker: 'nats' | 'redis';
  /** Called after each kill. */
  readonly onKill?: (line: string) => void;
}

export interface KillReport {
  readonly killed: { book: number; broker: number; both: number };
  readonly acknowledged: number;
  readonly fills: number;
  readonly trades: number;
  /** Trades that the consumer saw again and skipped. */
  readonly repeated: number;
  readonly seconds: number;
  /** Everything that is wrong, in words; empty when nothing is. */
  readonly faults: readonly string[];
}

const SUBJECT = 'trades.kills';
const CONNECTIONS = 12;
/** Often, so that snapshots and kills meet. */
const SNAPSHOT_EVERY = '4000';
const ORDERS_COMPARED = 20_000;

/**
 * Runs a book with its broker under load, kills one or both with SIGKILL at moments that the seed chooses, and starts them again. Compares, after
 * every kill, all acknowledged orders with those of the book, and at the end everything with everything.
 */
export async function runKills({ kills, seed, broker: kind, onKill }: KillOptions): Promise<KillReport> {
  const started = performance.now();
  const random = randomOf(seed);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-kills-'));
  const broker = kind === 'nats' ? await oneNats() : await startRedis();
  const book = await BookProcess.create(folder, [
    ...['--publish', broker.url, '--publish-subject', SUBJECT],
    ...['--snapshot-every', SNAPSHOT_EVERY, '--outbox-keep', '1'],
  ]);
  const consumer = new LiveConsumer(broker.url, SUBJECT);
  const acknowledged: AcknowledgedOrder[] = [];
  const faults: string[] = [];
  const killed = { book: 0, broker: 0, both: 0 };
  const ending = new AbortController();
  try {
    await book.start();
    const load = runOrderLoad({
      url: book.url,
      commands: Number.POSITIVE_INFINITY,
      connections: CONNECTIONS,
      seed,
      run: `kills-${seed}`,
      signal: ending.signal,
      onAcknowledged: (order) => acknowledged.push(order),
    });
    let checked = 0;
    for (let kill = 1; kill <= kills; kill++) {
      await pause(100 + random() * 900);
      const choice = random();
      const victim = choice < 0.6 ? 'book' : choice < 0.9 ? 'broker' : 'both';
      killed[victim]++;
      const brings: Promise<void>[] = [];
      if (victim !== 'broker')
        brings.push(
          again(
            () => book.end('SIGKILL'),
            random() * 200,
            () => book.start(),
          ),
        );
      if (victim !== 'book')
        brings.push(
          again(
            () => broker.kill(),
            random() * 800,
            () => broker.start(),
          ),
        );
      await Promise.all(brings);
      const until = acknowledged.length;
      faults.push(...(await missingOrders(book, acknowledged.slice(checked, until))));
      checked = until;
      onKill?.(
        `kill ${kill} of ${kills}: ${victim}; ${until} orders acknowledged, ${consumer.trades.length} trades consumed`,
      );
    }
    ending.abort();
    await load;
    const last = await allPublished(book);
    await until(() => consumer.trades.length >= last || consumer.faults.length > 0);
    await consumer.stop();
    faults.push(...consumer.faults.slice(0, 20), ...(await missingOrders(book, acknowledged.slice(checked))));
    faults.push(...differentFills(acknowledged, consumer.trades).slice(0, 20));
    faults.push(...(await differentOrders(book, acknowledged.slice(-ORDERS_COMPARED), consumer.trades)));
    const stream = await readStream(broker.url, SUBJECT);
    faults.push(
      ...complaintOf(() => checkDense(consumer.trades, 1, last)),
      ...complaintOf(() => checkDense(stream, 1, last)),
    );
    return {
      killed,
      acknowledged: acknowledged.length,
      fills: acknowledged.reduce((sum, { fills }) => sum + fills.length, 0),
      trades: last,
      repeated: consumer.repeated,
      seconds: (performance.now() - started) / 1_000,
      faults,
    };
  } finally {
    ending.abort();
    await consumer.stop();
    await book.end('SIGKILL');
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function oneNats(): Promise<BrokerServer> {
  const [server] = await startNats();
  if (server === undefined) throw new Error('no server was started');
  return server;
}

async function again(end: () => Promise<void>, waitMs: number, start: () => Promise<void>): Promise<void> {
  await end();
  await pause(waitMs);
  await start();
}

/** Acknowledged orders that the book does not know, or knows as others. */
async function missingOrders(book: BookProcess, orders: readonly AcknowledgedOrder[]): Promise<string[]> {
  const faults = await inParts(orders, async ({ id, clientOrderId, account }) => {
    const found = await book.get(`/v1/orders/${id}`, account);
    if (found === undefined) return `acknowledged order ${id} is lost`;
    return found.clientOrderId === clientOrderId ? undefined : `order ${id} has client id ${found.clientOrderId}`;
  });
  const ids = new Set(orders.map(({ id }) => id));
  return ids.size === orders.length ? faults : [...faults, 'two acknowledged orders have one id'];
}

/** Trades that a client was told of, and the consumer was not, or otherwise. */
function differentFills(orders: readonly AcknowledgedOrder[], trades: readonly PublishedTrade[]): string[] {
  const bySequence = new Map(trades.map((trade) => [trade.sequence, trade]));
  return orders.flatMap(({ id, fills }) =>
    fills.flatMap(({ sequence, price, quantity }) => {
      const trade = bySequence.get(sequence);
      const same =
        trade?.price === price && trade.quantity === quantity && [trade.makerOrderId, trade.takerOrderId].includes(id);
      return same ? [] : [`order ${id} was told of trade ${sequence}, the consumer got ${JSON.stringify(trade)}`];
    }),
  );
}

/** Orders of which the book says that another quantity is filled than the consumer's trades add up to. */
async function differentOrders(
  book: BookProcess,
  orders: readonly AcknowledgedOrder[],
  trades: readonly PublishedTrade[],
): Promise<string[]> {
  const filled = new Map<string, number>();
  for (const { makerOrderId, takerOrderId, quantity } of trades) {
    // In lots of 0.0001: whole numbers.
    const lots = Math.round(Number(quantity) * 10_000);
    for (const id of [makerOrderId, takerOrderId]) filled.set(id, (filled.get(id) ?? 0) + lots);
  }
  return inParts(orders, async ({ id, account }) => {
    const found = await book.get(`/v1/orders/${id}`, account);
    const lots = Math.round(Number(found?.filled) * 10_000);
    const published = filled.get(id) ?? 0;
    return lots === published
      ? undefined
      : `order ${id} is filled by ${found?.filled}, published are ${published} lots`;
  });
}

/** Waits until the broker has every trade, and resolves to their number. */
async function allPublished(book: BookProcess): Promise<number> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { publisher } = (await book.get('/v1/status')) as { publisher?: { last: string; acknowledged: string } };
    if (publisher !== undefined && publisher.last === publisher.acknowledged) return Number(publisher.last);
    if (performance.now() > deadline) throw new Error(`not all is published after 60 s: ${JSON.stringify(publisher)}`);
    await pause(50);
  }
}

async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isSo() && performance.now() < deadline) await pause(20);
}

/** Asks about `items`, 32 at a time, and resolves to the first complaints. */
async function inParts<T>(items: readonly T[], ask: (item: T) => Promise<string | undefined>): Promise<string[]> {
  const complaints: string[] = [];
  for (let from = 0; from < items.length && complaints.length < 20; from += 32) {
    const answers = await Promise.all(items.slice(from, from + 32).map(ask));
    complaints.push(...answers.filter((answer) => answer !== undefined));
  }
  return complaints;
}

function complaintOf(check: () => void): string[] {
  try {
    check();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Lehmer's generator with the multiplier of Park and Miller: the same moments for the same seed, as far as a clock allows. */
function randomOf(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
