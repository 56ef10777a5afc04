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
 *
 * The header has a checksum of its own: a flipped bit in the length must not pass for a frame that the crash cut off.
 */
export const FRAME_HEADER_BYTES = 36;
/** A payload is at most this long; a longer length is damage. */
export const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const MAGIC = 0x314a4c53;

export interface Frame {
  readonly firstSequence: number;
  readonly epoch: number;
  readonly count: number;
  readonly payload: Uint8Array;
}

/** Encodes a frame. `payload`: 1 … MAX_PAYLOAD_BYTES bytes. */
export function encodeFrame({ firstSequence, epoch, count, payload }: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, payload.length, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setBigUint64(16, BigInt(epoch), true);
  view.setUint32(24, count, true);
  view.setUint32(28, crc32c(payload), true);
  view.setUint32(32, crc32c(bytes, 0, 32), true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** What stands at an offset: a frame and where it ends, or less than a whole frame at the end of the file. */
export type FrameAt = { readonly frame: Frame; readonly end: number } | 'incomplete';

/**
 * Reads the frame at `offset`. Throws SLUICE_JOURNAL_CORRUPT when bytes that are there are wrong; only bytes that are
 * missing at the end make it 'incomplete'.
 */
export function readFrame(bytes: Uint8Array, offset: number, file: string): FrameAt {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return 'incomplete';
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
  const length = view.getUint32(4, true);
  const intact = view.getUint32(0, true) === MAGIC && view.getUint32(32, true) === crc32c(bytes, offset, offset + 32);
  if (!intact || length > MAX_PAYLOAD_BYTES) throw corrupt(file, offset, 'the header of a frame');
  const start = offset + FRAME_HEADER_BYTES;
  const end = start + length;
  if (end > bytes.length) return 'incomplete';
  if (view.getUint32(28, true) !== crc32c(bytes, start, end)) throw corrupt(file, offset, 'the content of a frame');
  return {
    frame: {
      firstSequence: Number(view.getBigUint64(8, true)),
      epoch: Number(view.getBigUint64(16, true)),
      count: view.getUint32(24, true),
      payload: bytes.subarray(start, end),
    },
    end,
  };
}

export function corrupt(file: string, offset: number, what: string): CodedError {
  const sentence = `${file} is damaged: ${what} at byte ${offset} fails its checksum. Nothing was changed; restore the file or the whole directory from a copy.`;
  return new CodedError(errors.journalCorrupt, sentence);
}
