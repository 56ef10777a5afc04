import { seededRandom } from '@sluice/runtime/testing';
import { startNats } from '../../../../hack/brokers/nats.ts';
import { startRedis } from '../../../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../../../hack/brokers/server.ts';
import { type AcknowledgedOrder, runOrderLoad } from '../../load/run-order-load.ts';
import { BookEnded, BookProcess } from '../../testing/book-process.ts';
import type { PublishedTrade } from '../trade-message.ts';
import { type BinaryOrder, runBinaryLoad, sendAgain } from './binary-orders.ts';
import { checkDense, readStream } from './consumer.ts';
import { LiveConsumer } from './live-consumer.ts';

export interface KillOptions {
  readonly kills: number;
  readonly seed: number;
  readonly broker: 'nats' | 'redis';
  /** The program to kill. Default: that of this checkout. */
  readonly program?: string;
  /** Called after each kill. */
  readonly onKill?: (line: string) => void;
}

export interface KillReport {
  readonly killed: { book: number; broker: number; both: number };
  /** Orders that were acknowledged, by door. */
  readonly rest: number;
  readonly binary: number;
  /** Fills that answers over REST told. */
  readonly fills: number;
  readonly trades: number;
  /** Trades that the consumer saw again and skipped. */
  readonly repeated: number;
  readonly seconds: number;
  /** Everything that is wrong, in words; empty when nothing is. The run ends with the first kill that shows some. */
  readonly faults: readonly string[];
}

const SUBJECT = 'trades.kills';
const REST_CONNECTIONS = 12;
const BINARY_CONNECTIONS = 4;
/** Often, so that snapshots and kills meet. */
const SNAPSHOT_EVERY = '8000';
/** Orders of each door whose filled quantity is compared at the end. */
const ORDERS_COMPARED = 10_000;

/** A book with its broker, and all that anybody was told. */
interface Rig {
  readonly book: BookProcess;
  readonly broker: BrokerServer;
  readonly consumer: LiveConsumer;
  readonly rest: AcknowledgedOrder[];
  readonly binary: BinaryOrder[];
}

/**
 * Runs a book with its broker under load through both doors, kills one or both with SIGKILL at moments that the seed chooses, and starts them
 * again. Compares, after every kill, all acknowledged orders with those of the book, and at the end everything with everything.
 */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const started = performance.now();
  const { seed, program } = options;
  const broker = options.broker === 'nats' ? await oneNats() : await startRedis();
  const flags = ['--publish', broker.url, '--publish-subject', SUBJECT, '--outbox-keep', '1'];
  const book = new BookProcess({
    binary: true,
    flags: [...flags, '--snapshot-every', SNAPSHOT_EVERY],
    ...(program !== undefined && { program }),
  });
  const consumer = new LiveConsumer(broker.url, SUBJECT);
  const rig: Rig = { book, broker, consumer, rest: [], binary: [] };
  const ending = new AbortController();
  try {
    await book.start();
    const load = startLoad(rig, seed, ending.signal);
    const killed = { book: 0, broker: 0, both: 0 };
    const faults = await killAgainAndAgain(rig, options, killed);
    ending.abort();
    await load;
    if (faults.length === 0) faults.push(...(await compareAll(rig)));
    return {
      killed,
      rest: rig.rest.length,
      binary: rig.binary.length,
      fills: rig.rest.reduce((sum, { fills }) => sum + fills.length, 0),
      trades: consumer.trades.length,
      repeated: consumer.repeated,
      seconds: (performance.now() - started) / 1_000,
      faults,
    };
  } finally {
    ending.abort();
    await consumer.stop();
    await book.remove();
    await broker.stop();
  }
}

async function startLoad({ book, rest, binary }: Rig, seed: number, signal: AbortSignal): Promise<void> {
  await Promise.all([
    runOrderLoad({
      url: book.url,
      commands: Number.POSITIVE_INFINITY,
      connections: REST_CONNECTIONS,
      seed,
      run: `kills-${seed}`,
      signal,
      onAcknowledged: (order) => rest.push(order),
    }),
    runBinaryLoad({
      port: book.ports.binary,
      connections: BINARY_CONNECTIONS,
      seed,
      signal,
      onAcknowledged: (order) => binary.push(order),
    }),
  ]);
}

/** Resolves to what is wrong after the first kill that shows something. */
async function killAgainAndAgain(
  rig: Rig,
  { kills, seed, onKill }: KillOptions,
  killed: KillReport['killed'],
): Promise<string[]> {
  const { book, broker, consumer, rest, binary } = rig;
  const random = seededRandom(seed);
  const bookAgain = async (): Promise<void> => {
    await book.end('SIGKILL');
    await pause(random() * 200);
    await book.start();
  };
  const brokerAgain = async (): Promise<void> => {
    await broker.kill();
    await pause(random() * 800);
    await broker.start();
  };
  let checked = { rest: 0, binary: 0 };
  for (let kill = 1; kill <= kills; kill++) {
    await pause(100 + random() * 900);
    const choice = random();
    const victim = choice < 0.6 ? 'book' : choice < 0.9 ? 'broker' : 'both';
    killed[victim]++;
    try {
      await Promise.all([victim === 'broker' || bookAgain(), victim === 'book' || brokerAgain()]);
    } catch (error) {
      if (error instanceof BookEnded) return [error.message];
      throw error;
    }
    const until = { rest: rest.length, binary: binary.length };
    const faults = [
      ...(await missingOrders(book, rest.slice(checked.rest, until.rest))),
      ...(await sendAgain(book.ports.binary, binary.slice(checked.binary, until.binary))),
    ];
    checked = until;
    const orders = `${until.rest} orders acknowledged over REST, ${until.binary} through the binary port`;
    onKill?.(`kill ${kill} of ${kills}: ${victim}; ${orders}, ${consumer.trades.length} trades consumed`);
    if (faults.length > 0) return faults;
  }
  return [];
}

/** Compares book, clients, consumer and stream with each other when nothing moves any more. */
async function compareAll({ book, broker, consumer, rest, binary }: Rig): Promise<string[]> {
  const last = await allPublished(book);
  await until(() => consumer.trades.length >= last || consumer.faults.length > 0);
  await consumer.stop();
  const stream = await readStream(broker.url, SUBJECT);
  const lastRest = rest.slice(-ORDERS_COMPARED);
  const lastBinary = binary.slice(-ORDERS_COMPARED);
  const lastOrders = [...lastRest, ...lastBinary.map(({ id, account }) => ({ id: String(id), account }))];
  return [
    ...consumer.faults.slice(0, 20),
    ...(await missingOrders(book, lastRest)),
    ...(await sendAgain(book.ports.binary, lastBinary)),
    ...sameIds([...rest.map(({ id }) => id), ...binary.map(({ id }) => String(id))]),
    ...(await doubledOrders(book, new Set(lastOrders.map(({ account }) => account)))),
    ...differentFills(rest, consumer.trades).slice(0, 20),
    ...(await differentOrders(book, lastOrders, consumer.trades)),
    ...complaintOf(() => checkDense(consumer.trades, 1, last)),
    ...complaintOf(() => checkDense(stream, 1, last)),
  ];
}

async function oneNats(): Promise<BrokerServer> {
  const [server] = await startNats();
  if (server === undefined) throw new Error('no server was started');
  return server;
}

/** Acknowledged orders that the book does not know, or knows as others. */
async function missingOrders(book: BookProcess, orders: readonly AcknowledgedOrder[]): Promise<string[]> {
  return inParts(orders, async ({ id, clientOrderId, account }) => {
    const found = await book.get(`/v1/orders/${id}`, account);
    if (found === undefined) return `acknowledged order ${id} is lost`;
    return found.clientOrderId === clientOrderId ? undefined : `order ${id} has client id ${found.clientOrderId}`;
  });
}

function sameIds(ids: readonly string[]): string[] {
  const different = new Set(ids).size;
  return different === ids.length ? [] : [`${ids.length} orders were acknowledged with ${different} ids`];
}

/** Open orders of one account with the same client order id: something was placed twice. */
async function doubledOrders(book: BookProcess, accounts: Iterable<string>): Promise<string[]> {
  const faults: string[] = [];
  for (const account of accounts) {
    const seen = new Set<string>();
    for (let after = ''; ; ) {
      const page = await book.get(`/v1/orders?limit=1000${after}`, account);
      const orders = page?.orders as { id: string; clientOrderId: string }[];
      for (const { clientOrderId } of orders) {
        if (seen.has(clientOrderId)) faults.push(`${account} has two open orders with client id ${clientOrderId}`);
        seen.add(clientOrderId);
      }
      const end = orders.at(-1);
      if (end === undefined) break;
      after = `&after=${end.id}`;
    }
  }
  return faults;
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
  orders: readonly { readonly id: string; readonly account: string }[],
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
