import { join } from 'node:path';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { type Disk, type DiskFile, isDiskFull, isForbidden } from './disk.ts';
import { fullAtStart, reasonOf } from './failure.ts';
import { END_MARK, encodeHeader, FRAME_HEADER_BYTES, type Frame } from './frame.ts';
import type { Journal } from './journal.ts';
import { type JournalTail, type ReadOptions, type ReadReport, readJournal } from './journal-reader.ts';
import { putStamped, stampedLength } from './sectors.ts';
import { encodeSegmentHeader, SEGMENT_HEADER_BYTES, segmentName, segmentStarts } from './segment.ts';
import { fillPiece, SpareSegment, sparePath } from './spare-segment.ts';

export interface FileJournalOptions {
  readonly disk: Disk;
  /** For what need not be done before an append is: making the next file, removing old ones. Default: `disk`. */
  readonly background?: Disk;
  readonly directory: string;
  /** No segment is made larger than this many bytes, unless one frame needs it. */
  readonly segmentBytes: number;
}

/** A small book has small files: each is up to so many times as large as the one before it. */
const GROWTH = 4;
const MARK = Uint8Array.of(END_MARK);

/** Reads the journal in `directory`, see `readJournal`, and opens it for appending: cuts off what a crash left of a last frame. */
export async function openFileJournal(
  options: FileJournalOptions & ReadOptions,
): Promise<{ journal: FileJournal; report: ReadReport }> {
  const { tail, report } = await readJournal(options);
  return { journal: await FileJournal.open(options, tail), report };
}

/** The segment that is appended to. */
interface OpenSegment {
  readonly file: DiskFile;
  length: number;
  /** Frames go into it until this many bytes are used; 0 for none. */
  capacity: number;
}

/** The journal of a single member: segments of frames, each forced to disk before its append resolves. */
export class FileJournal implements Journal {
  lastSequence: number;
  private readonly options: FileJournalOptions;
  private readonly spare: SpareSegment;
  private segment: OpenSegment;
  private failure: CodedError | undefined;
  /** A frame as it goes to the file. */
  private buffer = new Uint8Array(1 << 16);

  private constructor(options: FileJournalOptions, segment: OpenSegment, lastSequence: number) {
    const { disk, background = disk, directory } = options;
    this.options = options;
    this.spare = new SpareSegment(background, directory);
    this.segment = segment;
    this.lastSequence = lastSequence;
  }

  /** Goes on behind `tail`, and cuts off what a crash left behind it. */
  static async open(options: FileJournalOptions, tail: JournalTail): Promise<FileJournal> {
    try {
      return new FileJournal(options, await openSegment(options, tail), tail.lastSequence);
    } catch (error) {
      throw notOpened(options.directory, error);
    }
  }

  async append(frame: Frame): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (frame.firstSequence !== this.lastSequence + 1) {
      throw new Error(`append of ${frame.firstSequence} after ${this.lastSequence}`);
    }
    try {
      await this.write(frame);
    } catch (error) {
      // The room that is kept for the next file goes to the frame.
      if (this.failure !== undefined || !(await this.spare.drop())) throw error;
      await this.write(frame);
    }
    this.lastSequence += frame.count;
    const { length, capacity } = this.segment;
    const next = Math.min(this.options.segmentBytes, capacity * GROWTH);
    // Ready when this one is half full.
    this.spare.growTo(Math.ceil(next * Math.min(1, (2 * length) / capacity)), next);
  }

  async discardThrough(sequence: number): Promise<void> {
    const { disk, background = disk, directory } = this.options;
    const starts = segmentStarts(await background.list(directory));
    for (const [index, start] of starts.entries()) {
      const next = starts[index + 1];
      if (next === undefined || next > sequence + 1) break;
      await background.remove(join(directory, segmentName(start)));
    }
    await background.syncDirectory(directory);
  }

  async close(): Promise<void> {
    await this.spare.drop();
    await this.segment.file.close();
  }

  private async write(frame: Frame): Promise<void> {
    const { length, capacity } = this.segment;
    const isFull = capacity === 0 || (length > SEGMENT_HEADER_BYTES && length + lengthOf(frame) > capacity);
    if (isFull) await this.startSegment(frame.firstSequence);
    const { segment } = this;
    const encoded = this.encode(frame, segment.length);
    try {
      await segment.file.write(encoded, segment.length);
    } catch (error) {
      throw await this.takeBack(error);
    }
    try {
      await segment.file.datasync();
    } catch (error) {
      // The kernel may have dropped the pages and report success next time (fsyncgate, 2018): never try again.
      throw this.fail('could not be forced to disk', error);
    }
    segment.length += encoded.length;
  }

  /** The frame as it is at `position` of a file. */
  private encode(frame: Frame, position: number): Uint8Array {
    const needed = lengthOf(frame);
    if (this.buffer.length < needed) this.buffer = new Uint8Array(2 * needed);
    let end = 0;
    for (const part of [encodeHeader(frame), frame.payload, MARK]) end = putStamped(this.buffer, end, position, part);
    return this.buffer.subarray(0, end);
  }

  /** Rotation comes before an append, so a full disk is met while the old segment is whole. */
  private async startSegment(firstSequence: number): Promise<void> {
    const old = this.segment.file;
    const zeros = await this.spare.take();
    try {
      this.segment = await createSegment(this.options, firstSequence, zeros);
    } catch (error) {
      if (isDiskFull(error)) throw diskFull(this.options.directory, error);
      throw this.fail('could not be continued in a new file', error);
    }
    await old.close();
  }

  /** A write failed: the bytes of the frame that reached the file must go, or a later frame would stand behind half of one. */
  private async takeBack(error: unknown): Promise<CodedError> {
    try {
      await this.segment.file.truncate(this.segment.length);
    } catch (truncation) {
      return this.fail('could not be cut back after a failed write', truncation);
    }
    this.segment.capacity = this.options.segmentBytes;
    if (isDiskFull(error)) return diskFull(this.options.directory, error);
    return this.fail('could not be written', error);
  }

  private fail(what: string, cause: unknown): CodedError {
    const sentence = `The journal in ${this.options.directory} ${what} (${reasonOf(cause)}). It accepts nothing more; what was acknowledged is safe. Check the disk, then start the program again.`;
    this.failure = new CodedError(errors.journalFailed, sentence, { cause });
    return this.failure;
  }
}

/** Bytes that a frame takes in a file, at most. */
function lengthOf(frame: Frame): number {
  return stampedLength(FRAME_HEADER_BYTES + frame.payload.length + MARK.length);
}

/** The segment where the journal goes on: the one of `tail`, cut off behind it, or a new one. */
async function openSegment(options: FileJournalOptions, tail: JournalTail): Promise<OpenSegment> {
  const { start, length, capacity } = tail;
  if (length === 0) return createSegment(options, start, 0);
  const file = await options.disk.open(join(options.directory, segmentName(start)));
  if (capacity === 0) {
    await file.truncate(length);
    await file.datasync();
  }
  return { file, length, capacity };
}

/** Makes the file of a segment of the spare, of which the first `zeros` bytes are zeros on disk. It gets its name when it is whole. */
async function createSegment(options: FileJournalOptions, start: number, zeros: number): Promise<OpenSegment> {
  const { disk, directory, segmentBytes } = options;
  const path = sparePath(directory);
  const file = await disk.open(path);
  try {
    const capacity = zeros === 0 ? await fill(file, segmentBytes) : zeros;
    await file.write(encodeSegmentHeader(start), 0);
    await file.datasync();
    await disk.rename(path, join(directory, segmentName(start)));
    await disk.syncDirectory(directory);
    return { file, length: SEGMENT_HEADER_BYTES, capacity };
  } catch (error) {
    await file.close();
    await disk.remove(path).catch(() => undefined);
    throw error;
  }
}

/** Resolves to the capacity: all that a segment may have, when there is no room for zeros and it grows instead. */
async function fill(file: DiskFile, segmentBytes: number): Promise<number> {
  await file.truncate(0);
  try {
    return await fillPiece(file, 0, segmentBytes);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    await file.truncate(0);
    return segmentBytes;
  }
}

function diskFull(directory: string, cause: unknown): CodedError {
  const sentence = `The disk of ${directory} is full: the order was not taken. Free some space; orders are taken again as soon as they fit.`;
  return new CodedError(errors.diskFull, sentence, { cause, retryAfterSeconds: 5 });
}

function notOpened(directory: string, cause: unknown): unknown {
  if (isDiskFull(cause)) return fullAtStart(directory, cause);
  if (!isForbidden(cause)) return cause;
  const sentence = `${directory} cannot be written (${reasonOf(cause)}): start as the user whose files these are, or choose another --data directory.`;
  return new CodedError(errors.directoryUnusable, sentence, { cause });
}
