import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { playColumns } from '../../oracle/columns.ts';
import { ownWorkload } from '../../oracle/testing/own-workload.ts';
import { Book } from '../book.ts';
import { Reports } from '../reports.ts';
import { playSurface, type SurfaceTarget } from './surface-load.ts';

// A program of its own, so that nobody else's objects are counted. Prints by how many bytes the heap grew over two million messages
// of limit orders and over one million of the whole order surface, after a warm-up that compiles everything and fills the pools.

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const columns = ownWorkload(1, 2_000_000);
const SLICE = 100_000;
/** What asking for the usage puts on the heap itself, at most. */
const REPORT_OF_USAGE = 1_024;

function createBook(): Book {
  return new Book(
    new Reports(8_192, (full) => {
      full.count = 0;
    }),
  );
}

function targetOf(book: Book): SurfaceTarget {
  return {
    place(order) {
      const { id, side, price, quantity, flags, owner, stop, peak, partner } = order;
      if (stop + peak + partner === 0) book.place(id, side, price, quantity, flags, owner);
      else book.placeSpecial(order);
    },
    cancel: (id) => book.cancel(id),
    replace: (id, price, quantity, flags) => book.replace(id, price, quantity, flags),
  };
}

/** Sums what each slice added: a collection in between hides what one slice added, not what all did. */
function growth<T>(count: number, create: () => T, play: (target: T, from: number, to: number) => void): number {
  for (let warmUp = 0; warmUp < 3; warmUp++) play(create(), 0, count);
  const target = create();
  collect();
  let grown = 0;
  let before = process.memoryUsage().heapUsed;
  for (let from = 0; from < count; from += SLICE) {
    play(target, from, Math.min(count, from + SLICE));
    const now = process.memoryUsage().heapUsed;
    grown += Math.max(0, now - before - REPORT_OF_USAGE);
    before = now;
  }
  return grown;
}

const limits = growth(columns.count, createBook, (book, from, to) => playColumns(book, columns, from, to));
const surface = growth(1_000_000, () => targetOf(createBook()), playSurface);
console.log(JSON.stringify({ limits, surface }));
