import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { playColumns } from '../../oracle/columns.ts';
import { ownWorkload } from '../../oracle/testing/own-workload.ts';
import {
  Book,
  CANCEL_OLDEST,
  FILL_OR_KILL,
  IMMEDIATE_OR_CANCEL,
  KEEP_PRIORITY,
  marketPrice,
  type Side,
} from '../book.ts';
import { Reports } from '../reports.ts';
import { mulberry32 } from './conformance.ts';

// A program of its own, so that nobody else's objects are counted. Prints by how many bytes the heap grew over two million messages
// of limit orders and over one million of the whole order surface, after a warm-up that compiles everything and fills the pools.

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const columns = ownWorkload(1, 2_000_000);
const SLICE = 100_000;
/** What asking for the usage puts on the heap itself, at most. */
const REPORT_OF_USAGE = 1_024;
const draws = Float64Array.from({ length: 8_192 }, mulberry32(7));

function createBook(): Book {
  return new Book(
    new Reports(8_192, (full) => {
      full.count = 0;
    }),
  );
}

/** Icebergs, stops, pairs, owners who meet themselves, immediate orders, replacements and cancels. */
function playSurface(book: Book, from: number, to: number): void {
  for (let index = from + 1; index <= to; index++) {
    const draw = draws[index & 8_191] as number;
    const small = ((draw * 1_024) | 0) & 15;
    const side = (index & 1) as Side;
    const price = 1_000 + small;
    const owner = 1 + (index & 3);
    if (draw < 0.2) book.place(index, side, price, 1 + small, CANCEL_OLDEST, owner);
    else if (draw < 0.3) book.place(index, side, price, 1 + small, FILL_OR_KILL, owner);
    else if (draw < 0.35) book.place(index, side, marketPrice(side), 2, IMMEDIATE_OR_CANCEL, owner);
    else if (draw < 0.45) book.placeSpecial(index, side, price, 9, 0, owner, 0, 2, 0);
    else if (draw < 0.55) book.placeSpecial(index, side, price, 3, 0, owner, 990 + 2 * small, 0, 0);
    else if (draw < 0.6) book.placeSpecial(index, side, price, 3, 0, owner, 0, 0, index - 2);
    else if (draw < 0.75) book.replace(index - small, price, 1 + small, KEEP_PRIORITY);
    else book.cancel(index - 1 - 2 * small);
  }
}

/** Sums what each slice added: a collection in between hides what one slice added, not what all did. */
function growth(count: number, play: (book: Book, from: number, to: number) => void): number {
  const book = createBook();
  for (let warmUp = 0; warmUp < 3; warmUp++) play(createBook(), 0, count);
  collect();
  let grown = 0;
  let before = process.memoryUsage().heapUsed;
  for (let from = 0; from < count; from += SLICE) {
    play(book, from, Math.min(count, from + SLICE));
    const now = process.memoryUsage().heapUsed;
    grown += Math.max(0, now - before - REPORT_OF_USAGE);
    before = now;
  }
  return grown;
}

const limits = growth(columns.count, (book, from, to) => playColumns(book, columns, from, to));
const surface = growth(1_000_000, playSurface);
console.log(JSON.stringify({ limits, surface }));
