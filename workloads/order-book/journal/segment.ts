import { crc32c } from './crc32c.ts';
import { corrupt, type FrameSource } from './frame.ts';
import { laterVersion } from './later-version.ts';
import { numberedFiles } from './numbered-files.ts';
import { contentOf, contentOffset, filePosition } from './sectors.ts';

/**
 * A segment file: a header of 20 bytes (magic, format, first sequence, CRC-32C), then frames. Named by its first sequence. Format 1
 * ends where its file ends. A file of format 2 was filled with zeros beforehand, and its sectors are stamped (sectors.ts).
 */
export const SEGMENT_HEADER_BYTES = 20;
const MAGIC = 0x47455353;
const FORMAT = 2;

/** The name of a segment by its first sequence, and the first sequences of those among names. */
export const { nameOf: segmentName, numbersIn: segmentStarts } = numberedFiles('journal', 'log');

export function encodeSegmentHeader(firstSequence: number, format = FORMAT): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, format, true);
  view.setBigUint64(8, BigInt(firstSequence), true);
  view.setUint32(16, crc32c(bytes, 0, 16), true);
  return bytes;
}

export interface Segment extends FrameSource {
  /** Where the first frame is in `bytes`. */
  readonly begin: number;
  /** Whether frames can be appended to it. */
  readonly isCurrent: boolean;
}

/**
 * The segment of `firstSequence` that is in a file. Throws SLUICE_JOURNAL_CORRUPT when it does not begin with its header, and
 * SLUICE_LATER_VERSION when the header is whole and of a format that this version does not know.
 */
export function segmentOf(bytes: Uint8Array, firstSequence: number, file: string): Segment {
  const format = formatOf(bytes);
  const expected = encodeSegmentHeader(firstSequence, format);
  for (let index = 0; index < SEGMENT_HEADER_BYTES; index++) {
    if (bytes[index] !== expected[index]) throw corrupt(file, index, 'the header of the file');
  }
  if (format > FORMAT) throw laterVersion(`${file} of format ${format}`);
  return format === FORMAT ? stamped(bytes, file) : growing(bytes, file);
}

/** What the header says; FORMAT where it is cut off, or says 0, which no version wrote. */
function formatOf({ buffer, byteOffset, length }: Uint8Array): number {
  return length < SEGMENT_HEADER_BYTES ? FORMAT : new DataView(buffer, byteOffset).getUint32(4, true) || FORMAT;
}

function growing(bytes: Uint8Array, file: string): Segment {
  const isThere = (_from: number, to: number): boolean => to <= bytes.length;
  const positionOf = (offset: number): number => offset;
  const begin = SEGMENT_HEADER_BYTES;
  return { file, bytes, begin, end: bytes.length, isCurrent: false, isMarked: false, isThere, positionOf };
}

function stamped(file: Uint8Array, name: string): Segment {
  const { bytes, end, isThere } = contentOf(file, (position) => {
    throw corrupt(name, position, 'a sector');
  });
  return {
    file: name,
    bytes,
    begin: contentOffset(SEGMENT_HEADER_BYTES),
    end,
    isCurrent: true,
    isMarked: true,
    // The end mark at least stands behind header and payload of a whole frame.
    isThere: (from, to) => to < end && isThere(from, to + 1),
    positionOf: filePosition,
  };
}
