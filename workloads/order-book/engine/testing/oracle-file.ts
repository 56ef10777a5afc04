import { readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { type Book, IMMEDIATE_OR_CANCEL, type Side } from '../book.ts';
import { REPORT_WORDS, type Reports, ReportType } from '../reports.ts';

/** Messages as columns: the format of the public benchmark's workloads (oracle README). */
export interface MessageColumns {
  readonly count: number;
  /** Bits 0–1: 0 new, 1 cancel, 2 modify; bit 2 side; bit 3 immediate-or-cancel. */
  readonly flags: Uint8Array;
  readonly quantity: Uint8Array;
  readonly orderId: Uint32Array;
  readonly price: Int32Array;
}

/** Reads a `.cols.zst` file. Throws when its length is not a whole number of messages. */
export function readColumns(path: string): MessageColumns {
  const bytes = new Uint8Array(zstdDecompressSync(readFileSync(path)));
  const count = bytes.length / 10;
  if (!Number.isInteger(count)) throw new Error(`${path} holds ${bytes.length} bytes, not a multiple of 10`);
  const column = (from: number, width: number): ArrayBuffer => bytes.slice(from, from + width * count).buffer;
  return {
    count,
    flags: new Uint8Array(column(0, 1)),
    quantity: new Uint8Array(column(count, 1)),
    orderId: new Uint32Array(column(2 * count, 4)),
    price: new Int32Array(column(6 * count, 4)),
  };
}

/** Sends messages [from, to) through `book`, numbered by their index. */
export function playColumns(book: Book, columns: MessageColumns, from: number, to: number): void {
  const { flags, quantity, orderId, price } = columns;
  for (let index = from; index < to; index++) {
    const bits = flags[index] as number;
    book.sequence = index;
    const id = orderId[index] as number;
    const type = bits & 3;
    if (type === 0) {
      const immediate = (bits & 8) === 0 ? 0 : IMMEDIATE_OR_CANCEL;
      book.place(id, ((bits >> 2) & 1) as Side, price[index] as number, quantity[index] as number, immediate);
    } else if (type === 1) {
      book.cancel(id);
    } else {
      book.replace(id, price[index] as number, quantity[index] as number, 0);
    }
  }
}

/**
 * The reports in the buffer as the oracle's lines, those of one message sorted by type as the benchmark does. Only whole
 * messages may be in the buffer.
 */
export function reportLines(reports: Reports): string[] {
  const lines: string[] = [];
  const types: number[] = [];
  let first = 0;
  for (let index = 0; index < reports.count; index++) {
    const at = index * REPORT_WORDS;
    const head = reports.words[at] as number;
    const sequence = (reports.words[at + 3] as number) >>> 0;
    if (index > 0 && sequence !== (reports.words[at - REPORT_WORDS + 3] as number) >>> 0) first = lines.length;
    const type = head & 255;
    const line = reportLine(reports, at, type, (head >> 8) & 255, sequence);
    let place = lines.length;
    while (place > first && (types[place - 1] as number) > type) place--;
    lines.splice(place, 0, line);
    types.splice(place, 0, type);
  }
  return lines;
}

function reportLine(reports: Reports, at: number, type: number, side: number, sequence: number): string {
  const price = reports.words[at + 1] as number;
  const quantity = reports.words[at + 2] as number;
  const id = reports.doubles[(at >> 1) + 2] as number;
  switch (type) {
    case ReportType.trade:
      return `1,${sequence},${price},${quantity},${id},${reports.doubles[(at >> 1) + 3] as number}`;
    case ReportType.cancelled:
      return `2,${sequence},${side},${id},${price}`;
    case ReportType.cancelRejected:
    case ReportType.modifyRejected:
      return `${type},${sequence},${id}`;
    default:
      return `${type},${sequence},${side},${id},${price},${quantity}`;
  }
}
