/** What a disk writes whole or not at all, also when the power goes. */
const SECTOR = 512;
const CONTENT = SECTOR - 1;
/** The first byte of each sector that was written; also that of the header of a segment. One flipped bit does not make it 0. */
const STAMP = 0x53;

/**
 * Frames go to a file that was filled with zeros ahead of them. When the power goes, any of the sectors of the last frame may still be
 * zeros, and a sector of zeros can be content. So the first byte of every sector is a stamp, and content is what lies between them: a
 * sector that was not written has no stamp, and one with a stamp that has other content than it should was damaged. (etcd takes any
 * sector of zeros for one that was not written.)
 */
export interface Content {
  /** Without the stamps. */
  readonly bytes: Uint8Array;
  /** Behind the last byte that is not zero, or whose stamp is not. */
  readonly end: number;
  /** Whether all sectors of bytes [from, to) were written. */
  readonly isThere: (from: number, to: number) => boolean;
}

/** Copies `content` behind the first `at` bytes of `into`, which begins at `position` of the file. Returns where the copy ends. */
export function putStamped(into: Uint8Array, at: number, position: number, content: Uint8Array): number {
  let end = at;
  for (let from = 0; from < content.length; ) {
    if ((position + end) % SECTOR === 0) into[end++] = STAMP;
    const count = Math.min(content.length - from, SECTOR - ((position + end) % SECTOR));
    into.set(content.subarray(from, from + count), end);
    end += count;
    from += count;
  }
  return end;
}

/** At most this many bytes are needed in a file for `length` bytes of content. */
export function stampedLength(length: number): number {
  return length + Math.ceil(length / CONTENT) + 1;
}

/** Where the content that is at `position` of a file comes in `Content.bytes`; a stamp stands for the byte behind it. */
export function contentOffset(position: number): number {
  return position - Math.ceil(position / SECTOR);
}

/** Where in the file content behind `offset` bytes goes on: at the stamp, when one is due. */
export function filePosition(offset: number): number {
  return offset + Math.ceil(offset / CONTENT);
}

/** The content of a file. `damaged` throws: it is told the position of a stamp that is neither whole nor missing. */
export function contentOf(file: Uint8Array, damaged: (position: number) => never): Content {
  const bytes = new Uint8Array(contentOffset(file.length));
  for (let from = 0, to = 0; from < file.length; from += SECTOR, to += CONTENT) {
    bytes.set(file.subarray(from + 1, from + SECTOR), to);
  }
  const isThere = (from: number, to: number): boolean => {
    if (to > bytes.length) return false;
    for (let sector = Math.floor(from / CONTENT); sector * CONTENT < to; sector++) {
      const stamp = file[sector * SECTOR];
      if (stamp === 0) return false;
      if (stamp !== STAMP) damaged(sector * SECTOR);
    }
    return true;
  };
  const last = lastByte(file);
  return { bytes, end: last < 0 ? 0 : contentOffset(last) + 1, isThere };
}

/** The last byte that is not zero, -1 when all are. */
function lastByte(file: Uint8Array): number {
  // Most of a file may be zeros: they are passed over by the sector.
  const zeros = Buffer.alloc(SECTOR);
  let end = file.length;
  while (end >= SECTOR && zeros.equals(file.subarray(end - SECTOR, end))) end -= SECTOR;
  while (end > 0 && file[end - 1] === 0) end--;
  return end - 1;
}
