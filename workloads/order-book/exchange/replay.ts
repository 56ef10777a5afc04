import type { CodedError } from '@sluice/kit';
import type { Disk } from '../journal/disk.ts';
import type { Frame } from '../journal/frame.ts';
import { type JournalFound, type ReadOptions, readJournal } from '../journal/journal-reader.ts';
import { readAhead } from '../journal/read-ahead.ts';
import { segmentStarts } from '../journal/segment.ts';
import { SnapshotStore } from '../journal/snapshot-store.ts';
import { ByteReader } from './bytes.ts';
import { readCommand, readRecords } from './command.ts';
import { Exchange } from './exchange.ts';
import type { CreateListeners } from './listener.ts';
import { decodeExchange, encodeExchange } from './snapshot.ts';

/** Files of a journal that are replayed sooner than a thread has started. */
const SHORT_JOURNAL = 2;

export interface ReplayOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** Told of snapshots that are damaged and passed over. */
  readonly warn: (error: CodedError) => void;
  /** Replays no frame that begins after this command. Default: to the end. */
  readonly throughSequence?: number;
  readonly listeners?: CreateListeners;
  /** A thread may read the journal of the real disk ahead of its replay. */
  readonly mayReadAhead?: boolean;
}

export interface Replayed extends JournalFound {
  readonly exchange: Exchange;
  readonly snapshotSequence: number;
}

/** The state that newest intact snapshot and journal add up to. Changes nothing in the directory. */
export async function replayDirectory(options: ReplayOptions): Promise<Replayed> {
  const { disk, directory } = options;
  const snapshot = await new SnapshotStore(disk, directory).load(options.warn);
  const snapshotSequence = snapshot?.sequence ?? 0;
  let exchange = new Exchange();
  const prepare = (): void => {
    if (snapshot !== undefined) exchange = decodeExchange(snapshot.content);
    exchange.listeners.push(...(options.listeners?.(exchange) ?? []));
    exchange.replaying = true;
  };
  const replay = (frame: Frame): void => applyFrame(exchange, frame);
  const found = await read(options, { disk, directory, afterSequence: snapshotSequence, prepare, replay });
  exchange.replaying = false;
  return { exchange, snapshotSequence, ...found };
}

async function read(options: ReplayOptions, what: ReadOptions): Promise<JournalFound> {
  const { disk, directory, throughSequence } = options;
  if (options.mayReadAhead === true) {
    const { length } = segmentStarts(await disk.list(directory));
    if (length > SHORT_JOURNAL) return readAhead(what);
  }
  return readJournal(throughSequence === undefined ? what : { ...what, throughSequence });
}

/** What a written snapshot came to. */
export interface SnapshotWritten {
  readonly bytes: number;
  /** The journal is no longer needed up to this command. */
  readonly needless: number;
}

/**
 * Writes the snapshot at `sequence`, the end of a durable frame, from what is on disk: the snapshot before it and the journal behind
 * that. The exchange at work is not asked, so it need not wait.
 */
export async function writeSnapshot(disk: Disk, directory: string, sequence: number): Promise<SnapshotWritten> {
  const warn = (): void => undefined;
  const { exchange } = await replayDirectory({ disk, directory, warn, throughSequence: sequence });
  if (exchange.sequence !== sequence) throw new Error(`the journal was read to ${exchange.sequence}, not ${sequence}`);
  return saveSnapshot(disk, directory, exchange);
}

/** Writes the snapshot of an exchange that stands still. */
export async function saveSnapshot(disk: Disk, directory: string, exchange: Exchange): Promise<SnapshotWritten> {
  const content = encodeExchange(exchange);
  const needless = await new SnapshotStore(disk, directory).save({ sequence: exchange.sequence, content });
  return { bytes: content.length, needless };
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
