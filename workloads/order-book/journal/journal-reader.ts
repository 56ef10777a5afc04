import { join } from 'node:path';
import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import type { Disk } from './disk.ts';
import { checkNothingBehind, damaged, type Frame, readFrame } from './frame.ts';
import { SEGMENT_HEADER_BYTES, type Segment, segmentName, segmentOf, segmentStarts } from './segment.ts';

/** Where a journal ends and goes on. */
export interface JournalTail {
  /** Sequence of its last command, 0 when there is none. */
  readonly lastSequence: number;
  /** First sequence and good length of the segment to append to; length 0: it is still to be made. */
  readonly start: number;
  readonly length: number;
  /** Bytes that the file of this segment has, most of them zeros that frames will replace; 0 when none can be appended to it. */
  readonly capacity: number;
}

export interface ReadOptions {
  readonly disk: Disk;
  readonly directory: string;
  /** Frames that start after this sequence go to `replay`; earlier segments need not be there. */
  readonly afterSequence: number;
  /** The last command to read, the end of a frame; what follows is not looked at. Default: to the end. */
  readonly throughSequence?: number;
  /** Called once before any `replay`. */
  readonly prepare?: () => void;
  /** Called for every frame after `afterSequence`, in order. */
  readonly replay: (frame: Frame) => void;
}

/** What reading found, for the log. */
export interface ReadReport {
  readonly commandsReplayed: number;
  /** Bytes of an incomplete last frame, which was never acknowledged: to be cut off. */
  readonly tornBytes: number;
}

export interface JournalFound {
  readonly tail: JournalTail;
  readonly report: ReadReport;
}

/**
 * Checks every segment from the one that holds `afterSequence + 1` and replays it. A last frame that a crash left incomplete is not
 * part of it. Anything else that is wrong is refused: SLUICE_JOURNAL_CORRUPT, SLUICE_JOURNAL_GAP, SLUICE_JOURNAL_REGRESSED. Changes
 * nothing.
 */
export async function readJournal(options: ReadOptions): Promise<JournalFound> {
  const { disk, directory, afterSequence } = options;
  const starts = segmentStarts(await disk.list(directory));
  if (starts.length === 0 && afterSequence > 0) throw regressed(directory, 0, afterSequence);
  const needed = starts.filter((_, index) => (starts[index + 1] ?? Number.POSITIVE_INFINITY) > afterSequence + 1);
  const first = needed[0] ?? 1;
  if (first > afterSequence + 1) throw gap(join(directory, segmentName(first)), afterSequence + 1);
  options.prepare?.();
  const reader = new SegmentReader(options, first);
  for (const [index, start] of needed.entries()) await reader.read(start, index === needed.length - 1);
  if (reader.lastSequence < afterSequence) throw regressed(directory, reader.lastSequence, afterSequence);
  const { tail, lastSequence, commandsReplayed, tornBytes } = reader;
  return { tail: { lastSequence, ...tail }, report: { commandsReplayed, tornBytes } };
}

/** Reads segments in order and holds them to one dense sequence of commands under epochs that never fall. */
class SegmentReader {
  lastSequence: number;
  commandsReplayed = 0;
  tornBytes = 0;
  tail: Omit<JournalTail, 'lastSequence'>;
  private lastEpoch = 0;
  private readonly options: ReadOptions;

  constructor(options: ReadOptions, firstSequence: number) {
    this.options = options;
    this.lastSequence = firstSequence - 1;
    this.tail = { start: firstSequence, length: 0, capacity: 0 };
  }

  async read(start: number, isLast: boolean): Promise<void> {
    const { disk, directory, throughSequence = Number.POSITIVE_INFINITY } = this.options;
    if (this.lastSequence >= throughSequence) return;
    const file = join(directory, segmentName(start));
    if (start !== this.lastSequence + 1) throw gap(file, this.lastSequence + 1);
    const bytes = await disk.read(file);
    this.tail = { start, length: 0, capacity: 0 };
    if (isLast && bytes.length < SEGMENT_HEADER_BYTES) {
      this.tornBytes = bytes.length;
      return;
    }
    const segment = segmentOf(bytes, start, file);
    const offset = this.readFrames(segment, isLast);
    const capacity = segment.isCurrent && this.tornBytes === 0 ? bytes.length : 0;
    this.tail = { start, length: segment.positionOf(offset), capacity };
  }

  /** Returns where the frames of the segment end. */
  private readFrames(segment: Segment, isLast: boolean): number {
    const { afterSequence, throughSequence = Number.POSITIVE_INFINITY, replay } = this.options;
    let offset = segment.begin;
    while (offset < segment.end && this.lastSequence < throughSequence) {
      const found = readFrame(segment, offset);
      if (found === 'incomplete') {
        if (!isLast) throw damaged(segment, offset, 'an incomplete frame in the middle of the journal');
        checkNothingBehind(segment, offset);
        this.tornBytes = segment.positionOf(segment.end) - segment.positionOf(offset);
        break;
      }
      const { frame, end } = found;
      if (frame.firstSequence !== this.lastSequence + 1 || frame.epoch < this.lastEpoch) {
        throw damaged(segment, offset, 'the order of frames');
      }
      this.lastSequence += frame.count;
      this.lastEpoch = frame.epoch;
      if (this.lastSequence > afterSequence) {
        replay(frame);
        this.commandsReplayed += frame.count;
      }
      offset = end;
    }
    return offset;
  }
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
