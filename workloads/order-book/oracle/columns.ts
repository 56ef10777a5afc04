import { readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { type Book, IMMEDIATE_OR_CANCEL, type Side } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';

/** Messages as columns: the format of the public benchmark's workloads. */
export interface MessageColumns {
  readonly count: number;
  /** Bits 0–1: 0 new, 1 cancel, 2 modify; bit 2 side; bit 3 immediate-or-cancel. */
  readonly flags: Uint8Array;
  readonly quantity: Uint8Array;
  readonly orderId: Uint32Array;
  /** Ticks in a book's range, or indexes into `prices`. */
  readonly price: Int32Array;
  /** The prices of the file by rank, when they do not fit a book: matching needs only their order. */
  readonly prices?: Int32Array;
}

const MESSAGE_BYTES = 10;
const CANCEL = 1;

/** Why a file is not a workload, in one sentence for the person who gave it. */
export class BadWorkload extends Error {
  readonly code = 'SLUICE_BAD_WORKLOAD';
}

/** Reads a `.cols.zst` file. Throws a BadWorkload when it cannot be read or is not one. */
export function readColumns(path: string): MessageColumns {
  const bytes = decompress(path, readBytes(path));
  const count = bytes.length / MESSAGE_BYTES;
  if (!Number.isInteger(count)) {
    throw new BadWorkload(`${path} holds ${bytes.length} bytes, which is not a multiple of ${MESSAGE_BYTES}`);
  }
  const column = (from: number, width: number): ArrayBuffer =>
    bytes.buffer.slice(bytes.byteOffset + from, bytes.byteOffset + from + width * count);
  const columns = {
    count,
    flags: new Uint8Array(column(0, 1)),
    quantity: new Uint8Array(column(count, 1)),
    orderId: new Uint32Array(column(2 * count, 4)),
    price: new Int32Array(column(6 * count, 4)),
  };
  checkMessages(path, columns);
  return withPricesInRange(columns);
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new BadWorkload(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** All frames of the file, one after the other, as the zstd command reads them. */
function decompress(path: string, compressed: Buffer): Buffer<ArrayBuffer> {
  const parts: Buffer[] = [];
  let rest = compressed;
  try {
    do {
      // `info` is not in the declared types: it adds the engine, which knows how far it read.
      const frame: unknown = zstdDecompressSync(rest, { info: true });
      const { buffer, engine } = frame as { buffer: Buffer; engine: { bytesWritten: number } };
      parts.push(buffer);
      rest = rest.subarray(engine.bytesWritten);
    } while (rest.length > 0);
    return Buffer.concat(parts);
  } catch (error) {
    throw new BadWorkload(`${path} is not a whole zstd file: ${error instanceof Error ? error.message : error}`);
  }
}

function checkMessages(path: string, { count, flags, quantity }: MessageColumns): void {
  for (let index = 0; index < count; index++) {
    const bits = flags[index] as number;
    const type = bits & 3;
    if (bits > 15 || type === 3) {
      throw new BadWorkload(`${path} is no workload: message ${index} has flags ${bits}, which no message has`);
    }
    if (type !== CANCEL && quantity[index] === 0) {
      throw new BadWorkload(`${path} is no workload: message ${index} has quantity 0`);
    }
  }
}

/** Ticks as they are when a book takes them all. Otherwise every price becomes its rank among the file's. */
function withPricesInRange(columns: MessageColumns): MessageColumns {
  const { count, flags, price } = columns;
  const isPriced = (index: number): boolean => ((flags[index] as number) & 3) !== CANCEL;
  let fits = true;
  for (let index = 0; index < count && fits; index++) {
    const ticks = price[index] as number;
    fits = !isPriced(index) || (ticks >= 1 && ticks <= MAX_PRICE);
  }
  if (fits) return columns;
  const sorted = price.filter((_, index) => isPriced(index)).sort();
  const prices = sorted.filter((ticks, index) => index === 0 || ticks !== sorted[index - 1]);
  const ranks = new Map(Array.from(prices, (ticks, index) => [ticks, index + 1]));
  return { ...columns, price: price.map((ticks) => ranks.get(ticks) ?? 1), prices };
}

/** What a workload asks of a book. */
export type Playable = Pick<Book, 'sequence' | 'place' | 'cancel' | 'replace'>;

/** Sends messages [from, to) through `book`, numbered by their index. */
export function playColumns(book: Playable, columns: MessageColumns, from: number, to: number): void {
  const { flags, quantity, orderId, price } = columns;
  for (let index = from; index < to; index++) {
    const bits = flags[index] as number;
    book.sequence = index;
    const id = orderId[index] as number;
    const type = bits & 3;
    if (type === 0) {
      const immediate = (bits & 8) === 0 ? 0 : IMMEDIATE_OR_CANCEL;
      book.place(id, ((bits >> 2) & 1) as Side, price[index] as number, quantity[index] as number, immediate);
    } else if (type === CANCEL) {
      book.cancel(id);
    } else {
      book.replace(id, price[index] as number, quantity[index] as number, 0);
    }
  }
}
