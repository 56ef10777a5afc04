import { workerData } from 'node:worker_threads';
import { Book, type Phase, type Side } from './book.ts';
import { RingReader, RingWriter } from './report-ring.ts';
import { REPORT_WORDS, type Reports } from './reports.ts';
import { BAND, CANCEL, PHASE, PLACE, REPLACE, type ShardMemory, TERMS } from './shards.ts';
import { inlineMore } from './tuning.ts';

const { commands, reports } = workerData as ShardMemory;
const out = new RingWriter(reports);
const books: Book[] = [];
/** Commands per symbol so far: the sequence in its reports. */
const sequences: number[] = [];
const terms = { stop: 0, peak: 0, partner: 0 };

function bookOf(symbol: number): Book {
  const book = books[symbol] ?? new Book(out.reports);
  books[symbol] = book;
  return book;
}

function play({ words, doubles }: Reports, at: number): void {
  const head = words[at] as number;
  const symbol = head >>> 16;
  const price = words[at + 1] as number;
  const quantity = words[at + 2] as number;
  const flags = words[at + 3] as number;
  const id = doubles[(at >> 1) + 2] as number;
  const kind = head & 255;
  if (kind === TERMS) {
    terms.stop = price;
    terms.peak = quantity;
    terms.partner = id;
    return;
  }
  const book = bookOf(symbol);
  book.sequence = sequences[symbol] = (sequences[symbol] ?? 0) + 1;
  if (kind === PLACE)
    place(book, id, ((head >> 8) & 1) as Side, price, quantity, flags, doubles[(at >> 1) + 3] as number);
  else if (kind === CANCEL) book.cancel(id);
  else if (kind === REPLACE) book.replace(id, price, quantity, flags);
  else if (kind === PHASE) book.enterPhase(price as Phase);
  else if (kind === BAND) book.setBand(price, quantity);
}

function place(book: Book, id: number, side: Side, price: number, lots: number, flags: number, owner: number): void {
  const { stop, peak, partner } = terms;
  if (stop + peak + partner === 0) {
    book.place(id, side, price, lots, flags, owner);
    return;
  }
  book.placeSpecial(id, side, price, lots, flags, owner, stop, peak, partner);
  terms.stop = terms.peak = terms.partner = 0;
}

inlineMore();
const ring = new RingReader(commands);
let failure: unknown;
for (let chunk = ring.take(); chunk !== undefined; chunk = ring.take()) {
  try {
    for (let at = 0; failure === undefined && at < chunk.count * REPORT_WORDS; at += REPORT_WORDS) play(chunk, at);
  } catch (error) {
    // The rest is read all the same: the writer would wait for ever.
    failure = error;
  }
  ring.release();
  out.flush();
}
out.end();
if (failure !== undefined) throw failure;
