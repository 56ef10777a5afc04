import { join } from 'node:path';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { crc32c } from './crc32c.ts';
import type { Disk } from './disk.ts';
import { numberedFiles } from './numbered-files.ts';

const FILES = numberedFiles('snapshot', 'bin');
const HEADER_BYTES = 16;
const MAGIC = 0x504e5353;
/** Forced to disk at once. */
const PIECE_BYTES = 512 * 1024;

export interface Snapshot {
  /** The last command that is in it. */
  readonly sequence: number;
  readonly content: Uint8Array;
}

/**
 * Snapshots of the state in `directory`, two at a time: the newest, and the one before it for the case that the newest is damaged.
 * A file appears under its name only when it is whole and on disk.
 */
export class SnapshotStore {
  private readonly disk: Disk;
  private readonly directory: string;

  constructor(disk: Disk, directory: string) {
    this.disk = disk;
    this.directory = directory;
  }

  /**
   * The newest intact snapshot. Damaged ones are told to `warn` and passed over: the journal is kept from the older one on,
   * so nothing is lost by that. Throws SLUICE_SNAPSHOT_CORRUPT when there are snapshots and all are damaged.
   */
  async load(warn: (error: CodedError) => void): Promise<Snapshot | undefined> {
    let damaged: CodedError | undefined;
    for (const sequence of (await this.sequences()).reverse()) {
      const path = this.path(sequence);
      const content = unwrap(await this.disk.read(path));
      if (content !== undefined) return { sequence, content };
      damaged = new CodedError(errors.snapshotCorrupt, `${path} is damaged: it fails its checksum.`);
      warn(damaged);
    }
    if (damaged !== undefined) throw damaged;
    return undefined;
  }

  /** Writes a snapshot. Resolves to the sequence up to which the journal is no longer needed, 0 for none. */
  async save({ sequence, content }: Snapshot): Promise<number> {
    const { disk, directory } = this;
    const temporary = join(directory, 'snapshot.tmp');
    try {
      await this.write(temporary, wrap(content));
    } catch (error) {
      // On a full disk, half a snapshot would take the room that the journal needs.
      await disk.remove(temporary).catch(() => undefined);
      throw error;
    }
    await disk.rename(temporary, this.path(sequence));
    await disk.syncDirectory(directory);
    const all = await this.sequences();
    for (const old of all.slice(0, -2)) await disk.remove(this.path(old));
    return all.length < 2 ? 0 : (all.at(-2) ?? 0);
  }

  private async write(path: string, bytes: Uint8Array): Promise<void> {
    const file = await this.disk.open(path);
    try {
      await file.truncate(0);
      // A frame of the journal that comes meanwhile waits for a piece and not for all of it.
      for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
        await file.write(bytes.subarray(from, from + PIECE_BYTES), from);
        await file.datasync();
      }
    } finally {
      await file.close();
    }
  }

  private async sequences(): Promise<number[]> {
    return FILES.numbersIn(await this.disk.list(this.directory));
  }

  private path(sequence: number): string {
    return join(this.directory, FILES.nameOf(sequence));
  }
}

/** Header: magic, CRC-32C of the rest, length of the content as u64. */
function wrap(content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + content.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setBigUint64(8, BigInt(content.length), true);
  bytes.set(content, HEADER_BYTES);
  view.setUint32(4, crc32c(bytes, 8), true);
  return bytes;
}

function unwrap(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const intact =
    view.getUint32(0, true) === MAGIC &&
    view.getBigUint64(8, true) === BigInt(bytes.length - HEADER_BYTES) &&
    view.getUint32(4, true) === crc32c(bytes, 8);
  return intact ? bytes.subarray(HEADER_BYTES) : undefined;
}
