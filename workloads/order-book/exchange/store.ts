import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CodedError } from '@sluice/kit';
import type { Logger } from '@sluice/runtime/telemetry';
import { errors } from '../errors.ts';
import { lockDirectory } from '../journal/directory-lock.ts';
import { type Disk, disk as realDisk } from '../journal/disk.ts';
import { type FileJournal, openFileJournal } from '../journal/file-journal.ts';
import type { Frame } from '../journal/frame.ts';
import { SnapshotStore } from '../journal/snapshot-store.ts';
import { ByteReader } from './bytes.ts';
import { readCommand, readRecords } from './command.ts';
import { Exchange } from './exchange.ts';
import type { CreateListeners } from './listener.ts';
import { decodeExchange, encodeExchange } from './snapshot.ts';

export interface StoreOptions {
  readonly directory: string;
  readonly log: Logger;
  /** Bytes after which the journal continues in a new file. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Commands after which a snapshot is due. Default 250,000: replaying fewer takes well under a second. */
  readonly snapshotEvery?: number;
  readonly disk?: Disk;
  /** Hear the replay of the journal too; `Exchange.replaying` tells it. They start with the state of the snapshot. */
  readonly listeners?: CreateListeners;
  /**
   * Waited for before a snapshot counts: a start from it does not replay what came before, so what is derived from that must be on disk.
   * When it rejects, the snapshot is not written.
   */
  readonly beforeSnapshot?: () => Promise<void>;
}

/** The data directory of one book: lock, snapshots, journal, and the exchange that they add up to. */
export class Store {
  readonly exchange: Exchange;
  readonly journal: FileJournal;
  /** Above that of every earlier start that wrote something. */
  readonly epoch: number;
  private readonly options: StoreOptions;
  private readonly snapshots: SnapshotStore;
  private readonly unlock: () => void;
  private snapshotSequence: number;
  private saving: Promise<void> | undefined;

  private constructor(
    options: StoreOptions,
    parts: { exchange: Exchange; journal: FileJournal; epoch: number; snapshots: SnapshotStore; unlock: () => void },
    snapshotSequence: number,
  ) {
    this.options = options;
    this.exchange = parts.exchange;
    this.journal = parts.journal;
    this.epoch = parts.epoch;
    this.snapshots = parts.snapshots;
    this.unlock = parts.unlock;
    this.snapshotSequence = snapshotSequence;
  }

  /**
   * Takes the directory (made when it is missing and its parent is there), loads the newest intact snapshot and replays the journal after it. Throws the coded
   * errors of lock, journal and snapshots; then nothing was changed but an incomplete last frame.
   */
  static async open(options: StoreOptions): Promise<Store> {
    const { directory, log, disk = realDisk, segmentBytes = 64 * 1024 * 1024 } = options;
    const isNew = await makeDirectory(directory);
    let unlock = (): void => undefined;
    try {
      unlock = lockDirectory(directory);
      // The directory itself must outlive a power cut, not only what is in it.
      if (isNew) await disk.syncDirectory(dirname(directory));
      const snapshots = new SnapshotStore(disk, directory);
      const snapshot = await snapshots.load((error) => log.warn({ code: error.code }, error.message));
      const exchange = snapshot === undefined ? new Exchange() : decodeExchange(snapshot.content);
      exchange.listeners.push(...(options.listeners?.(exchange) ?? []));
      exchange.replaying = true;
      const afterSequence = exchange.sequence;
      const replay = (frame: Frame): void => applyFrame(exchange, frame);
      const opened = await openFileJournal({ disk, directory, segmentBytes, afterSequence, replay });
      exchange.replaying = false;
      const { journal, report } = opened;
      if (report.tornBytes > 0) {
        log.warn(
          { bytes: report.tornBytes },
          'cut off an unfinished, never acknowledged frame at the end of the journal',
        );
      }
      const epoch = exchange.epoch + 1;
      log.info({ sequence: exchange.sequence, epoch, snapshot: afterSequence, ...report }, 'journal open');
      return new Store(options, { exchange, journal, epoch, snapshots, unlock }, afterSequence);
    } catch (error) {
      unlock();
      // Nothing in it was acknowledged to anybody: leave no half-made directory behind.
      if (isNew) await rm(directory, { recursive: true });
      throw error;
    }
  }

  /** Starts a snapshot when one is due. Called when exchange and journal stand at the same command. */
  snapshotIfDue(): void {
    const { snapshotEvery = 250_000 } = this.options;
    if (this.saving !== undefined || this.exchange.sequence - this.snapshotSequence < snapshotEvery) return;
    this.saving = this.trySnapshot().finally(() => {
      this.saving = undefined;
    });
  }

  /** A last snapshot when something happened since, then gives the directory back. Commands must have stopped. */
  async close(): Promise<void> {
    await this.saving;
    if (this.exchange.sequence > this.snapshotSequence) await this.trySnapshot();
    await this.journal.close();
    this.unlock();
  }

  /** The journal holds everything, so a snapshot that fails costs time at the next start and nothing else. */
  private async trySnapshot(): Promise<void> {
    try {
      await this.snapshot();
    } catch (error) {
      this.options.log.warn({ err: error }, 'the snapshot could not be written');
    }
  }

  private async snapshot(): Promise<void> {
    const { sequence } = this.exchange;
    const content = encodeExchange(this.exchange);
    await this.options.beforeSnapshot?.();
    const needless = await this.snapshots.save({ sequence, content });
    this.snapshotSequence = sequence;
    await this.journal.discardThrough(needless);
    this.options.log.info({ sequence, bytes: content.length }, 'snapshot written');
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

/** Applies the commands of a frame in order. */
export function applyFrame(exchange: Exchange, frame: Frame): void {
  const reader = new ByteReader(frame.payload);
  while (!reader.done) {
    const records = readRecords(reader);
    if (records === undefined) exchange.apply(readCommand(reader), frame.epoch);
    else exchange.applyRecords(records, frame.epoch);
  }
  if (exchange.sequence !== frame.firstSequence + frame.count - 1) {
    throw new Error(`frame ${frame.firstSequence} does not hold its ${frame.count} commands`);
  }
}
