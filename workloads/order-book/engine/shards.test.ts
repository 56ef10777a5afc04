import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Book, BUY, CALL, CANCEL_OLDEST, CONTINUOUS, type OrderTerms, SELL } from './book.ts';
import { Reports } from './reports.ts';
import { Shards } from './shards.ts';
import { mulberry32 } from './testing/conformance.ts';
import { IDS_PER_SYMBOL, SymbolHashes } from './testing/ring-collector.ts';

const SYMBOLS = 7;

/** The calls that a book and a symbol of the shards have in common. */
interface Target {
  place(order: OrderTerms): void;
  cancel(id: number): void;
  replace(id: number, price: number, quantity: number, flags: number): void;
  auction(): void;
}

/** Commands of all symbols, mixed, of the whole order surface. */
function play(count: number, target: (symbol: number) => Target): void {
  const random = mulberry32(5);
  const pick = (size: number): number => Math.floor(random() * size);
  for (let index = 1; index <= count; index++) {
    const symbol = pick(SYMBOLS);
    const book = target(symbol);
    const id = symbol * IDS_PER_SYMBOL + index;
    const earlier = symbol * IDS_PER_SYMBOL + Math.max(1, index - pick(60));
    const kind = random();
    const price = 1_000 + pick(20);
    if (kind < 0.2) book.cancel(earlier);
    else if (kind < 0.3) book.replace(earlier, price, 1 + pick(9), 0);
    else if (kind < 0.301) book.auction();
    else {
      const stop = random() < 0.1 ? 1_000 + pick(20) : 0;
      const peak = random() < 0.1 ? 2 : 0;
      const partner = random() < 0.1 ? earlier : 0;
      const side = random() < 0.5 ? BUY : SELL;
      const order = { id, side, price, quantity: 1 + pick(9), flags: CANCEL_OLDEST, owner: pick(4) } as const;
      book.place({ ...order, stop, peak, partner });
    }
  }
}

function alone(count: number): [number, string][] {
  const hashes = new SymbolHashes();
  const reports = new Reports(64, (full) => full.grow());
  const books = Array.from({ length: SYMBOLS }, () => ({ book: new Book(reports), commands: 0 }));
  const send = (symbol: number, call: (book: Book) => void): void => {
    const own = books[symbol];
    if (own === undefined) throw new Error('no such symbol');
    own.book.sequence = ++own.commands;
    call(own.book);
    hashes.add(reports);
    reports.count = 0;
  };
  play(count, (symbol) => ({
    place: (order) =>
      send(symbol, (book) => {
        const { id, side, price, quantity, flags, owner, stop, peak, partner } = order;
        if (stop + peak + partner === 0) book.place(id, side, price, quantity, flags, owner);
        else book.placeSpecial(order);
      }),
    cancel: (id) => send(symbol, (book) => book.cancel(id)),
    replace: (id, price, quantity, flags) => send(symbol, (book) => book.replace(id, price, quantity, flags)),
    auction: () => {
      send(symbol, (book) => book.enterPhase(CALL));
      send(symbol, (book) => book.enterPhase(CONTINUOUS));
    },
  }));
  return hashes.digests();
}

async function sharded(count: number, threads: number): Promise<[number, string][]> {
  const shards = new Shards(threads);
  const collected = shards.reportMemory.map(async (memory) => {
    const collector = new Worker(new URL('./testing/ring-collector.ts', import.meta.url), { workerData: memory });
    const [hashes] = (await once(collector, 'message')) as [[number, string][]];
    return hashes;
  });
  play(count, (symbol) => ({
    place: (order) => shards.place(symbol, order),
    cancel: (id) => shards.cancel(symbol, id),
    replace: (...terms) => shards.replace(symbol, ...terms),
    auction: () => {
      shards.enterPhase(symbol, CALL);
      shards.enterPhase(symbol, CONTINUOUS);
    },
  }));
  await shards.close();
  return (await Promise.all(collected)).flat().sort((a, b) => a[0] - b[0]);
}

describe('symbols over threads', () => {
  it.each([1, 2, 3])(
    'with %i threads every symbol has the reports of a book alone',
    async (threads) => {
      const expected = alone(40_000);
      expect(expected).toHaveLength(SYMBOLS);
      expect(await sharded(40_000, threads)).toEqual(expected);
    },
    120_000,
  );
});
