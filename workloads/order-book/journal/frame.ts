import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { crc32c } from './crc32c.ts';

/**
 * One frame per group commit, little-endian:
 *
 *     0  u32  magic            4  u32  bytes of payload
 *     8  u64  sequence of the first command
 *    16  u64  epoch           24  u32  number of commands
 *    28  u32  CRC-32C of the payload
 *    32  u32  CRC-32C of bytes 0 … 31
 *    36  payload: the commands, back to back
 *     …  u8   END_MARK, not 0: that the frame was written to its end. Not in segments of format 1
 *
 * The header has a checksum of its own: a flipped bit in the length must not pass for a frame that the crash cut off.
 */
export const FRAME_HEADER_BYTES = 36;
/** A payload is at most this long; a longer length is damage. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const MAGIC = 0x314a4c53;
const FIRST_BYTE = MAGIC & 255;
/** One flipped bit does not make it 0. */
export const END_MARK = 0xe5;

export interface Frame {
  readonly firstSequence: number;
  readonly epoch: number;
  readonly count: number;
  readonly payload: Uint8Array;
}

/** What stands before the payload of a frame of 1 … MAX_PAYLOAD_BYTES bytes. */
export function encodeHeader({ firstSequence, epoch, count, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, payload.length, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setBigUint64(16, BigInt(epoch), true);
  view.setUint32(24, count, true);
  view.setUint32(28, crc32c(payload), true);
  view.setUint32(32, crc32c(bytes, 0, 32), true);
  return bytes;
}

/** The content of a segment, from which frames are read. */
export interface FrameSource {
  readonly file: string;
  readonly bytes: Uint8Array;
  /** Where content ends at the latest. */
  readonly end: number;
  /** Whether END_MARK stands behind each payload. */
  readonly isMarked: boolean;
  /** Whether bytes [from, to) were written, and something behind them when there must be. */
  readonly isThere: (from: number, to: number) => boolean;
  /** The place in the file of a byte, for messages. */
  readonly positionOf: (offset: number) => number;
}

/** What stands at an offset: a frame and where it ends, or less than a whole frame at the end of what was written. */
export type FrameAt = { readonly frame: Frame; readonly end: number } | 'incomplete';

/**
 * Reads the frame at `offset`. Throws SLUICE_JOURNAL_CORRUPT when bytes that are there are wrong; only bytes that were never written
 * make it 'incomplete'.
 */
export function readFrame(source: FrameSource, offset: number): FrameAt {
  const { bytes, isMarked } = source;
  if (isMarked && bytes[offset] === 0) return 'incomplete';
  if (!source.isThere(offset, offset + FRAME_HEADER_BYTES)) return 'incomplete';
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  const length = view.getUint32(4, true);
  if (!isHeader(bytes, offset) || length > MAX_PAYLOAD_BYTES) throw damaged(source, offset, 'the header of a frame');
  const start = offset + FRAME_HEADER_BYTES;
  const end = start + length;
  if (!source.isThere(start, end) || (isMarked && bytes[end] === 0)) return 'incomplete';
  if (view.getUint32(28, true) !== crc32c(bytes, start, end)) throw damaged(source, offset, 'the content of a frame');
  if (isMarked && bytes[end] !== END_MARK) throw damaged(source, end, 'the end of a frame');
  return {
    frame: {
      firstSequence: Number(view.getBigUint64(8, true)),
      epoch: Number(view.getBigUint64(16, true)),
      count: view.getUint32(24, true),
      payload: bytes.subarray(start, end),
    },
    end: isMarked ? end + 1 : end,
  };
}

/** Throws SLUICE_JOURNAL_CORRUPT when a frame stands behind `offset`: then it was no crash that left the one at `offset` incomplete. */
export function checkNothingBehind(source: FrameSource, offset: number): void {
  const { bytes } = source;
  for (let at = offset + 1; at + FRAME_HEADER_BYTES <= source.end; at++) {
    if (bytes[at] === FIRST_BYTE && isHeader(bytes, at)) throw damaged(source, offset, 'a frame that others follow');
  }
}

function isHeader(bytes: Uint8Array, offset: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  return view.getUint32(0, true) === MAGIC && view.getUint32(32, true) === crc32c(bytes, offset, offset + 32);
}

/** What is at `offset` is not what was written. */
export function damaged(source: Pick<FrameSource, 'file' | 'positionOf'>, offset: number, what: string): CodedError {
  return corrupt(source.file, source.positionOf(offset), what);
}

export function corrupt(file: string, offset: number, what: string): CodedError {
  const sentence = `${file} is damaged: ${what} at byte ${offset} fails its checksum. Nothing was changed; restore the file or the whole directory from a copy.`;
  return new CodedError(errors.journalCorrupt, sentence);
}
