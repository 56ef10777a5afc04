import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';

/** Zeros that are written and forced to disk at once: little enough that a frame that comes meanwhile hardly waits. */
const PIECE = new Uint8Array(256 * 1024);

export function sparePath(directory: string): string {
  return join(directory, 'journal.spare');
}

/** Fills `file` with zeros from `from` on, `bytes` of them at most, and forces them to disk. Resolves to how many. */
export async function fillPiece(file: DiskFile, from: number, bytes: number): Promise<number> {
  const count = Math.min(bytes, PIECE.length);
  await file.write(PIECE.subarray(0, count), from);
  await file.datasync();
  return count;
}

/**
 * The file that will be the next segment, filled with zeros beside the work. A frame that replaces zeros changes nothing but content,
 * so its fdatasync need not wait for the journal of the file system: 0.2 ms instead of 0.5 to 2 ms at p99 (ext4, 20 MB/s).
 */
export class SpareSegment {
  private readonly disk: Disk;
  private readonly path: string;
  private file: DiskFile | undefined;
  private size = 0;
  /** Bytes that it should have by now, and that it will have. */
  private target = 0;
  private most = 0;
  private filling: Promise<void> | undefined;
  /** It could not be filled: not tried again before the next one. */
  private isGivenUp = false;

  constructor(disk: Disk, directory: string) {
    this.disk = disk;
    this.path = sparePath(directory);
  }

  /**
   * Adds pieces until there are `bytes`: whole ones, as a write and an fdatasync beside each frame would cost as much as the frame, and
   * one after the other, as frames that are as large as a piece would else find a file of one piece, again and again. The file gets
   * `most` bytes at most. Does not wait, and what goes wrong costs only the spare.
   */
  growTo(bytes: number, most: number): void {
    this.target = Math.min(bytes, most);
    this.most = most;
    if (this.filling !== undefined || this.isGivenUp || this.size >= bytes) return;
    this.filling = this.fill()
      .catch(() => this.giveUp())
      .finally(() => {
        this.filling = undefined;
      });
  }

  /** Lets go of the file at `sparePath`. Resolves to its size, 0 when there is none. */
  async take(): Promise<number> {
    await this.pieceUnderWay();
    const { size } = this;
    await this.file?.close();
    this.file = undefined;
    this.size = 0;
    this.isGivenUp = false;
    return size;
  }

  /** Gives its room back, and makes none until the next `take`. Resolves to whether there was some. */
  async drop(): Promise<boolean> {
    await this.pieceUnderWay();
    const had = this.file !== undefined;
    await this.giveUp();
    return had;
  }

  private async fill(): Promise<void> {
    if (this.file === undefined) {
      this.file = await this.disk.open(this.path);
      await this.file.truncate(0);
    }
    while (this.size < this.target) this.size += await fillPiece(this.file, this.size, this.most - this.size);
  }

  /** No other begins behind it. */
  private async pieceUnderWay(): Promise<void> {
    this.target = 0;
    await this.filling;
  }

  private async giveUp(): Promise<void> {
    const { file } = this;
    this.isGivenUp = true;
    this.file = undefined;
    this.size = 0;
    if (file === undefined) return;
    await file.close().catch(() => undefined);
    await this.disk.remove(this.path).catch(() => undefined);
  }
}
