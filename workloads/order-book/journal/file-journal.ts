import { join } from 'node:path';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { type Disk, type DiskFile, isDiskFull } from './disk.ts';
import { corrupt, encodeFrame, type Frame, readFrame } from './frame.ts';
import type { Journal } from './journal.ts';
import {
  checkSegmentHeader,
  encodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  segmentName,
  segmentSequence,
} from './segment.ts';

export interface FileJournalOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** A segment that has grown past this many bytes is followed by a new one. */
  readonly segmentBytes: number;
}

/** Where a journal ends and goes on. */
export interface JournalTail {
  /** Sequence of its last command, 0 when there is none. */
  readonly lastSequence: number;
  /** First sequence and good length of the segment to append to; length 0: it is still to be made. */
  readonly start: number;
  readonly length: number;
}

export interface ReadOptions extends Pick<FileJournalOptions, 'disk' | 'directory'> {
  /** Frames that start after this sequence go to `replay`; earlier segments need not be there. */
  readonly afterSequence: number;
  /** The last command to read, the end of a frame; what follows is not looked at. Default: to the end. */
  readonly throughSequence?: number;
  /** Called for every frame after `afterSequence`, in order. */
  readonly replay: (frame: Frame) => void;
}

/** What reading found, for the log. */
export interface ReadReport {
  readonly commandsReplayed: number;
  /** Bytes of an incomplete last frame, which was never acknowledged: they are to be cut off. */
  readonly tornBytes: number;
}

/** Reads the journal in `directory`, see `readJournal`, and opens it for appending: cuts off what a crash left of a last frame. */
export async function openFileJournal(
  options: FileJournalOptions & ReadOptions,
): Promise<{ journal: FileJournal; report: ReadReport }> {
  const { tail, report } = await readJournal(options);
  return { journal: await FileJournal.open(options, tail), report };
}

/**
 * Checks every segment from the one that holds `afterSequence + 1` and replays it. A last frame that a crash left incomplete is not
 * part of it. Anything else that is wrong is refused: SLUICE_JOURNAL_CORRUPT, SLUICE_JOURNAL_GAP, SLUICE_JOURNAL_REGRESSED. Changes
 * nothing.
 */
export async function readJournal(options: ReadOptions): Promise<{ tail: JournalTail; report: ReadReport }> {
  const { disk, directory, afterSequence } = options;
  const starts = (await disk.list(directory))
    .map(segmentSequence)
    .filter((sequence) => sequence !== undefined)
    .sort((a, b) => a - b);
  if (starts.length === 0 && afterSequence > 0) throw regressed(directory, 0, afterSequence);
  const needed = starts.filter((_, index) => (starts[index + 1] ?? Number.POSITIVE_INFINITY) > afterSequence + 1);
  const first = needed[0] ?? 1;
  if (first > afterSequence + 1) throw gap(join(directory, segmentName(first)), afterSequence + 1);
  const reader = new SegmentReader(options, first);
  for (const [index, start] of needed.entries()) await reader.read(start, index === needed.length - 1);
  if (reader.lastSequence < afterSequence) throw regressed(directory, reader.lastSequence, afterSequence);
  const { tail, lastSequence, commandsReplayed, tornBytes } = reader;
  return { tail: { lastSequence, ...tail }, report: { commandsReplayed, tornBytes } };
}

/** Reads segments in order and holds them to one dense sequence of commands under epochs that never fall. */
class SegmentReader {
  lastSequence: number;
  private lastEpoch = 0;
  commandsReplayed = 0;
  tornBytes = 0;
  /** First sequence and good length of the segment to append to; length 0: it is still to be made. */
  tail = { start: 1, length: 0 };
  private readonly options: ReadOptions;

  constructor(options: ReadOptions, firstSequence: number) {
    this.options = options;
    this.lastSequence = firstSequence - 1;
    this.tail = { start: firstSequence, length: 0 };
  }

  async read(start: number, isLast: boolean): Promise<void> {
    const { disk, directory, afterSequence, throughSequence = Number.POSITIVE_INFINITY, replay } = this.options;
    if (this.lastSequence >= throughSequence) return;
    const file = join(directory, segmentName(start));
    if (start !== this.lastSequence + 1) throw gap(file, this.lastSequence + 1);
    const bytes = await disk.read(file);
    this.tail = { start, length: 0 };
    if (isLast && bytes.length < SEGMENT_HEADER_BYTES) {
      this.tornBytes = bytes.length;
      return;
    }
    checkSegmentHeader(bytes, start, file);
    let offset = SEGMENT_HEADER_BYTES;
    while (offset < bytes.length && this.lastSequence < throughSequence) {
      const found = readFrame(bytes, offset, file);
      if (found === 'incomplete') {
        if (!isLast) throw corrupt(file, offset, 'an incomplete frame in the middle of the journal');
        this.tornBytes = bytes.length - offset;
        break;
      }
      const { frame, end } = found;
      if (frame.firstSequence !== this.lastSequence + 1 || frame.epoch < this.lastEpoch) {
        throw corrupt(file, offset, 'the order of frames');
      }
      this.lastSequence += frame.count;
      this.lastEpoch = frame.epoch;
      if (this.lastSequence > afterSequence) {
        replay(frame);
        this.commandsReplayed += frame.count;
      }
      offset = end;
    }
    this.tail.length = offset;
  }
}

/** The journal of a single member: segments of frames, each forced to disk before its append resolves. */
export class FileJournal implements Journal {
  lastSequence: number;
  private readonly options: FileJournalOptions;
  private file: DiskFile;
  private length: number;
  private failure: CodedError | undefined;

  private constructor(options: FileJournalOptions, file: DiskFile, lastSequence: number, length: number) {
    this.options = options;
    this.file = file;
    this.lastSequence = lastSequence;
    this.length = length;
  }

  /** Goes on behind `tail`, and cuts off what the file has behind it. */
  static async open(options: FileJournalOptions, { start, length, lastSequence }: JournalTail): Promise<FileJournal> {
    if (length === 0) {
      const file = await createSegment(options, start);
      return new FileJournal(options, file, lastSequence, SEGMENT_HEADER_BYTES);
    }
    const file = await options.disk.open(join(options.directory, segmentName(start)));
    await file.truncate(length);
    await file.datasync();
    return new FileJournal(options, file, lastSequence, length);
  }

  async append(frame: Frame): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (frame.firstSequence !== this.lastSequence + 1) {
      throw new Error(`append of ${frame.firstSequence} after ${this.lastSequence}`);
    }
    if (this.length > this.options.segmentBytes) await this.startSegment(frame.firstSequence);
    const bytes = encodeFrame(frame);
    try {
      await this.file.write(bytes, this.length);
    } catch (error) {
      throw await this.takeBack(error);
    }
    try {
      await this.file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages and report success next time (fsyncgate, 2018): never try again.
      throw this.fail('could not be forced to disk', error);
    }
    this.length += bytes.length;
    this.lastSequence += frame.count;
  }

  async discardThrough(sequence: number): Promise<void> {
    const { disk, directory } = this.options;
    const starts = (await disk.list(directory))
      .map(segmentSequence)
      .filter((start) => start !== undefined)
      .sort((a, b) => a - b);
    for (const [index, start] of starts.entries()) {
      const next = starts[index + 1];
      if (next === undefined || next > sequence + 1) break;
      await disk.remove(join(directory, segmentName(start)));
    }
    await disk.syncDirectory(directory);
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  /** Rotation comes before an append, so a full disk is met while the old segment is whole. */
  private async startSegment(firstSequence: number): Promise<void> {
    let file: DiskFile;
    try {
      file = await createSegment(this.options, firstSequence);
    } catch (error) {
      if (isDiskFull(error)) throw diskFull(this.options.directory, error);
      throw this.fail('could not be continued in a new file', error);
    }
    await this.file.close();
    this.file = file;
    this.length = SEGMENT_HEADER_BYTES;
  }

  /** A write failed: the bytes of the frame that reached the file must go, or a later frame would stand behind half of one. */
  private async takeBack(error: unknown): Promise<CodedError> {
    try {
      await this.file.truncate(this.length);
    } catch (truncation) {
      return this.fail('could not be cut back after a failed write', truncation);
    }
    if (isDiskFull(error)) return diskFull(this.options.directory, error);
    return this.fail('could not be written', error);
  }

  private fail(what: string, cause: unknown): CodedError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const sentence = `The journal in ${this.options.directory} ${what} (${reason}). It accepts nothing more; what was acknowledged is safe. Check the disk, then start the program again.`;
    this.failure = new CodedError(errors.journalFailed, sentence, { cause });
    return this.failure;
  }
}

async function createSegment(options: FileJournalOptions, firstSequence: number): Promise<DiskFile> {
  const { disk, directory } = options;
  const path = join(directory, segmentName(firstSequence));
  const file = await disk.open(path);
  try {
    await file.truncate(0);
    await file.write(encodeSegmentHeader(firstSequence), 0);
    await file.datasync();
    await disk.syncDirectory(directory);
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

function diskFull(directory: string, cause: unknown): CodedError {
  const sentence = `The disk of ${directory} is full: the order was not taken. Free some space; orders are taken again as soon as they fit.`;
  return new CodedError(errors.diskFull, sentence, { cause, retryAfterSeconds: 5 });
}

function gap(file: string, missing: number): CodedError {
  return new CodedError(
    errors.journalGap,
    `${file} does not follow what is there: command ${missing} is missing. Restore the missing journal file or an older snapshot.`,
  );
}

function regressed(directory: string, last: number, snapshot: number): CodedError {
  return new CodedError(
    errors.journalRegressed,
    `The journal in ${directory} ends at command ${last}, but a snapshot was taken at ${snapshot}: acknowledged commands are missing. Restore the journal files.`,
  );
}
