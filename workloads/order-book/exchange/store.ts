import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodedError } from '@sluice/kit';
import { type Clock, systemClock } from '@sluice/runtime/clock';
import type { Logger } from '@sluice/runtime/telemetry';
import { errors } from '../errors.ts';
import { lockDirectory } from '../journal/directory-lock.ts';
import { type Disk, disk as realDisk } from '../journal/disk.ts';
import { FileJournal } from '../journal/file-journal.ts';
import type { Journal } from '../journal/journal.ts';
import { ThreadedJournal } from '../journal/threaded-journal.ts';
import type { Exchange } from './exchange.ts';
import type { CreateListeners } from './listener.ts';
import { replayDirectory, type SnapshotWritten, saveSnapshot, writeSnapshot } from './replay.ts';
import { writeSnapshotAside } from './snapshot-writer.ts';

export interface StoreOptions {
  readonly directory: string;
  readonly log: Logger;
  /** Bytes after which the journal continues in a new file. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Commands after which a snapshot is due. Default SNAPSHOT_EVERY. */
  readonly snapshotEvery?: number;
  /** Milliseconds between two snapshots, unless very many commands came. Default 30 s. */
  readonly snapshotPauseMs?: number;
  readonly clock?: Clock;
  /** Another disk than the real one, for tests: the journal then works in this thread and not in one of its own. */
  readonly disk?: Disk;
  /** Hear the replay of the journal too; `Exchange.replaying` tells it. They start with the state of the snapshot. */
  readonly listeners?: CreateListeners;
  /**
   * Waited for before a snapshot counts: a start from it does not replay what came before, so what is derived from that must be on disk.
   * When it rejects, the snapshot is not written.
   */
  readonly beforeSnapshot?: () => Promise<void>;
}

/** Replaying so many commands takes less than a second. */
export const SNAPSHOT_EVERY = 1_000_000;
/** A snapshot does not wait for its time when it is due so many times over. */
const MANY = 10;
/** And not for a processor that has nothing else to do when it is due so many times over. */
const URGENT = 20;

/** The data directory of one book: lock, snapshots, journal, and the exchange that they add up to. */
export class Store {
  readonly exchange: Exchange;
  readonly journal: Journal;
  /** Above that of every earlier start that wrote something. */
  readonly epoch: number;
  private readonly options: StoreOptions;
  private readonly unlock: () => void;
  private snapshotSequence: number;
  /** Where a snapshot was last begun: one that fails is not tried again with every group. */
  private triedSequence: number;
  private saving: Promise<void> | undefined;
  private triedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(
    options: StoreOptions,
    parts: { exchange: Exchange; journal: Journal; epoch: number; unlock: () => void },
    snapshotSequence: number,
  ) {
    this.options = options;
    this.exchange = parts.exchange;
    this.journal = parts.journal;
    this.epoch = parts.epoch;
    this.unlock = parts.unlock;
    this.snapshotSequence = snapshotSequence;
    this.triedSequence = snapshotSequence;
  }

  /**
   * Takes the directory (made when it is missing and its parent is there), loads the newest intact snapshot and replays the journal
   * after it. Throws the coded errors of lock, journal and snapshots; then nothing was changed but an incomplete last frame.
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { directory, log, disk = realDisk, segmentBytes = 64 * 1024 * 1024 } = options;
    const isNew = await makeDirectory(directory);
    let unlock = (): void => undefined;
    try {
      unlock = lockDirectory(directory);
      // The directory itself must outlive a power cut, not only what is in it.
      if (isNew) await disk.syncDirectory(dirname(directory));
      const { listeners } = options;
      const warn = (error: CodedError): void => log.warn({ code: error.code }, error.message);
      const mayReadAhead = options.disk === undefined;
      const replay = { disk, directory, warn, mayReadAhead, ...(listeners !== undefined && { listeners }) };
      const { exchange, snapshotSequence, tail, report } = await replayDirectory(replay);
      const place = { directory, segmentBytes, tail };
      const journal =
        options.disk === undefined
          ? await ThreadedJournal.open(place)
          : await FileJournal.open({ ...place, disk }, tail);
      if (report.tornBytes > 0) {
        log.warn(
          { bytes: report.tornBytes },
          'cut off an unfinished, never acknowledged frame at the end of the journal',
        );
      }
      const epoch = exchange.epoch + 1;
      log.info({ sequence: exchange.sequence, epoch, snapshot: snapshotSequence, ...report }, 'journal open');
      return new Store(options, { exchange, journal, epoch, unlock }, snapshotSequence);
    } catch (error) {
      unlock();
      // Nothing in it was acknowledged to anybody: leave no half-made directory behind.
      if (isNew) await rm(directory, { recursive: true });
      throw error;
    }
  }

  /**
   * Starts a snapshot when one is due, beside the work. Called when the exchange stands at the end of a group. A snapshot plays all
   * commands since the one before it once more, so a busy book makes few of them, and at the lowest priority; but a start must not
   * take for ever.
   */
  snapshotIfDue(): void {
    const {
      snapshotEvery = SNAPSHOT_EVERY,
      snapshotPauseMs = 30_000,
      clock = systemClock,
      directory,
      disk,
    } = this.options;
    const { sequence } = this.exchange;
    if (this.saving !== undefined || sequence - this.triedSequence < snapshotEvery) return;
    const behind = sequence - this.snapshotSequence;
    const isEarly = clock.monotonic() - this.triedAtMs < snapshotPauseMs;
    if (isEarly && behind < MANY * snapshotEvery) return;
    this.triedSequence = sequence;
    const isUrgent = behind >= URGENT * snapshotEvery;
    const write = (): Promise<SnapshotWritten> =>
      disk === undefined
        ? writeSnapshotAside({ directory, sequence, isUrgent })
        : writeSnapshot(disk, directory, sequence);
    this.saving = this.trySnapshot(sequence, write).finally(() => {
      this.saving = undefined;
      this.triedAtMs = clock.monotonic();
    });
  }

  /** A last snapshot when something happened since, then gives the directory back. Commands must have stopped. */
  async close(): Promise<void> {
    await this.saving;
    const { directory, disk = realDisk } = this.options;
    const { exchange } = this;
    if (exchange.sequence > this.snapshotSequence) {
      await this.trySnapshot(exchange.sequence, () => saveSnapshot(disk, directory, exchange));
    }
    await this.journal.close();
    this.unlock();
  }

  /** The journal holds everything, so a snapshot that fails costs time at the next start and nothing else. */
  private async trySnapshot(sequence: number, write: () => Promise<SnapshotWritten>): Promise<void> {
    try {
      await this.options.beforeSnapshot?.();
      const { bytes, needless } = await write();
      this.snapshotSequence = sequence;
      await this.journal.discardThrough(needless);
      this.options.log.info({ sequence, bytes }, 'snapshot written');
    } catch (error) {
      this.options.log.warn({ err: error }, 'the snapshot could not be written');
    }
  }
}

/** Resolves to whether the directory had to be made. One level only: a misspelt path should not grow a tree. */
async function makeDirectory(directory: string): Promise<boolean> {
  try {
    await mkdir(directory);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    const why = code === 'ENOENT' ? 'its parent does not exist' : code;
    const sentence = `${directory} cannot be made (${why}): choose a directory that this user may write.`;
    throw new CodedError(errors.directoryUnusable, sentence, { cause: error });
  }
}
