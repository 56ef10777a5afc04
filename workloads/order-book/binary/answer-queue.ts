import { ANSWER_BYTES } from './answer-frame.ts';

/** Commands that were taken together, from the `from`-th of the connection up to the one before the `to`-th. */
export interface Taken {
  readonly from: number;
  readonly to: number;
  /** Their results are written. */
  isAnswered: boolean;
}

/**
 * The results of one connection, in the order of its commands. Each command has its place from when it is taken until the system has
 * its result, in a ring that has one for each that may be under way: so nothing is allocated for a command.
 */
export class AnswerQueue {
  /** Commands that may be under way. */
  readonly window: number;
  readonly view: DataView;
  private readonly bytes: Buffer;
  /** Taken and not sent yet, oldest first. */
  private readonly batches: Taken[] = [];
  /** Commands since the connection began: taken, and with their results given to the socket, and to the system. */
  private taken = 0;
  private sent = 0;
  private released = 0;

  constructor(window: number) {
    this.window = window;
    this.bytes = Buffer.allocUnsafeSlow(window * ANSWER_BYTES);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  }

  /** Commands that have a place: their results are not out of this process yet. */
  get underWay(): number {
    return this.taken - this.released;
  }

  /** All commands that were taken have their results, and those are with the socket. */
  get isSent(): boolean {
    return this.sent === this.taken;
  }

  /** Where the result of the `index`-th command of the connection is written in `view`. */
  placeOf(index: number): number {
    return (index % this.window) * ANSWER_BYTES;
  }

  /** Takes the next `count` commands. */
  take(count: number): Taken {
    const batch = { from: this.taken, to: this.taken + count, isAnswered: false };
    this.taken = batch.to;
    this.batches.push(batch);
    return batch;
  }

  /** All results of these commands are written. */
  answered(taken: Taken): void {
    taken.isAnswered = true;
  }

  /** The results that can be sent now, in order: in no, one or two pieces, and how many they are. They stay until `release`. */
  takeAnswered(): { readonly pieces: readonly Buffer[]; readonly count: number } {
    const from = this.sent;
    for (let [oldest] = this.batches; oldest?.isAnswered; [oldest] = this.batches) {
      this.sent = oldest.to;
      this.batches.shift();
    }
    const count = this.sent - from;
    if (count === 0) return { pieces: [], count };
    const start = this.placeOf(from);
    const end = start + count * ANSWER_BYTES;
    const { bytes } = this;
    const isWhole = end <= bytes.length;
    const pieces = isWhole
      ? [bytes.subarray(start, end)]
      : [bytes.subarray(start), bytes.subarray(0, end - bytes.length)];
    return { pieces, count };
  }

  /** The system has the oldest `count` results that were sent. */
  release(count: number): void {
    this.released += count;
  }
}
