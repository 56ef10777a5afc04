import { crc32c } from '../journal/crc32c.ts';
import { numberedFiles } from '../journal/numbered-files.ts';
import { TRADE_BYTES } from './trade-record.ts';

/** A file of the outbox: a header of 32 bytes (magic, format, first number, origin, CRC-32C), then trades. Named by its first number. */
export const OUTBOX_HEADER_BYTES = 32;
const MAGIC = 0x58544f53;
const FORMAT = 1;

/** Where a file begins, and the number of the first trade that was ever in this outbox. */
export interface OutboxHeader {
  readonly first: number;
  readonly origin: number;
}

/** The name of an outbox file by its first number, and the first numbers of those among names. */
export const { nameOf: outboxName, numbersIn: outboxStarts } = numberedFiles('trades', 'log');

export function encodeOutboxHeader({ first, origin }: OutboxHeader): Uint8Array {
  const bytes = new Uint8Array(OUTBOX_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, FORMAT, true);
  view.setBigUint64(8, BigInt(first), true);
  view.setBigUint64(16, BigInt(origin), true);
  view.setUint32(28, crc32c(bytes, 0, 28), true);
  return bytes;
}

/** The header at the beginning of `bytes`, undefined when it is not whole or fails its checksum. */
export function readOutboxHeader(bytes: Uint8Array): OutboxHeader | undefined {
  if (bytes.length < OUTBOX_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, OUTBOX_HEADER_BYTES);
  const intact =
    view.getUint32(0, true) === MAGIC &&
    view.getUint32(4, true) === FORMAT &&
    view.getUint32(28, true) === crc32c(bytes, 0, 28);
  return intact
    ? { first: Number(view.getBigUint64(8, true)), origin: Number(view.getBigUint64(16, true)) }
    : undefined;
}

/** Where trade `number` stands in the file that begins at `first`. */
export function tradeOffset(first: number, number: number): number {
  return OUTBOX_HEADER_BYTES + (number - first) * TRADE_BYTES;
}

/** Whole trades in a file of `bytes` bytes. */
export function tradesIn(bytes: number): number {
  return Math.max(0, Math.floor((bytes - OUTBOX_HEADER_BYTES) / TRADE_BYTES));
}
