import { crc32c } from './crc32c.ts';
import { corrupt } from './frame.ts';

/** A segment file: a header of 20 bytes (magic, format, first sequence, CRC-32C), then frames. Named by its first sequence. */
export const SEGMENT_HEADER_BYTES = 20;
const MAGIC = 0x47455353;
const FORMAT = 1;
const NAME = /^journal-(\d{20})\.log$/;

export function segmentName(firstSequence: number): string {
  return `journal-${String(firstSequence).padStart(20, '0')}.log`;
}

/** First sequence of a segment by its name, undefined for other files. */
export function segmentSequence(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function encodeSegmentHeader(firstSequence: number): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, FORMAT, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setUint32(16, crc32c(bytes, 0, 16), true);
  return bytes;
}

/** Throws SLUICE_JOURNAL_CORRUPT unless `bytes` begin with the header of the segment of `firstSequence`. */
export function checkSegmentHeader(bytes: Uint8Array, firstSequence: number, file: string): void {
  const expected = encodeSegmentHeader(firstSequence);
  for (let index = 0; index < SEGMENT_HEADER_BYTES; index++) {
    if (bytes[index] !== expected[index]) throw corrupt(file, index, 'the header of the file');
  }
}
