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
/** The order of the command at work; what goes before its PLACE is in it already. One for all: a message makes no object. */
const order = { id: 0, side: 0 as Side, price: 0, quantity: 0, flags: 0, owner: 0, stop: 0, peak: 0, partner: 0 };

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
    order.stop = price;
    order.peak = quantity;
    order.partner = id;
    return;
  }
  const book = bookOf(symbol);
  book.sequence = sequences[symbol] = (sequences[symbol] ?? 0) + 1;
  if (kind === PLACE) {
    const side = ((head >> 8) & 1) as Side;
    const owner = doubles[(at >> 1) + 3] as number;
    if (order.stop + order.peak + order.partner === 0) {
      book.place(id, side, price, quantity, flags, owner);
      return;
    }
    order.id = id;
    order.side = side;
    order.price = price;
    order.quantity = quantity;
    order.flags = flags;
    order.owner = owner;
    book.placeSpecial(order);
    order.stop = order.peak = order.partner = 0;
  } else if (kind === CANCEL) book.cancel(id);
  else if (kind === REPLACE) book.replace(id, price, quantity, flags);
  else if (kind === PHASE) book.enterPhase(price as Phase);
  else if (kind === BAND) book.setBand(price, quantity);
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
