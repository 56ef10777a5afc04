import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { MAX_PAYLOAD_BYTES } from '../journal/frame.ts';
import type { Journal } from '../journal/journal.ts';
import type { ByteWriter } from './bytes.ts';
import { type Command, RECORDS_HEAD_BYTES, sequencesOf, writeCommand, writeRecords } from './command.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { Group } from './group.ts';
import { RECORD_BYTES } from './record.ts';

/** Commands in one group commit; a waiting crowd is worth one flush, and a crowd of this size hides its cost. */
const MAX_GROUP = 4_096;
const MAX_GROUP_BYTES = MAX_PAYLOAD_BYTES / 16;
/** One gathers, one is at the disk, one is applied. */
const KEPT_GROUPS = 3;

export interface SequencerOptions {
  readonly exchange: Exchange;
  readonly journal: Journal;
  /** Written into every frame. */
  readonly epoch: number;
  /** Commands that may wait for the disk; one more is refused with SLUICE_OVERLOADED. */
  readonly maxPending: number;
  /** Called after each group commit with its size, for metrics. */
  readonly onCommit?: (commands: number, bytes: number) => void;
  /** Called between two groups: the state is that after the last command of one. It may start a snapshot. */
  readonly onQuiet?: () => void;
}

/** Command records (record.ts) of an owner who is called back: without a promise or a copy, for doors of a high rate. */
export interface RecordBatch {
  /** Writes the records to `room`. Called before `submitBatch` returns, unless they are refused at once. */
  write(room: Uint8Array): void;
  /** They are durable and applied. `results` has RESULT_BYTES each in the same order, and is used again when this returns. Must not throw. */
  applied(results: Uint8Array): void;
  /** None of them was taken, or acknowledged: the error of `submit`. Must not throw. */
  refused(error: unknown): void;
}

/**
 * Puts commands in one order: takes what has arrived, journals it as one frame, and only when that is on disk applies it and
 * answers. So nothing that a reader can see, and no answer, is ahead of the journal. While one group is at the disk, the one before
 * it is applied and the next one gathers: the commit groups itself under load and adds no wait without.
 */
export class Sequencer {
  /** Called once per group commit, when all its commands are on disk and applied: what they did may be shown now. */
  readonly onApplied = new Set<() => void>();
  private readonly options: SequencerOptions;
  /** Groups that wait for the disk; the last one gathers. */
  private readonly queue: Group[] = [];
  private readonly free: Group[] = [];
  private unanswered = 0;
  private running: Promise<void> | undefined;
  private stopped = false;
  private broken: CodedError | undefined;

  constructor(options: SequencerOptions) {
    this.options = options;
  }

  /** Commands that have not been answered. */
  get pending(): number {
    return this.unanswered;
  }

  /** Why nothing is accepted any more; undefined while the journal works. */
  get failure(): CodedError | undefined {
    return this.broken;
  }

  /**
   * Resolves to what the command came to, when it is durable. Rejects with SLUICE_OVERLOADED, SLUICE_STOPPING,
   * SLUICE_DISK_FULL (not taken) or SLUICE_JOURNAL_FAILED (not acknowledged; after a restart it may turn out to be there).
   */
  submit(command: Command): Promise<Outcome> {
    const { exchange, epoch } = this.options;
    return new Promise((resolve, reject) => {
      this.enqueue(
        sequencesOf(command),
        (writer) => writeCommand(writer, command),
        () => resolve(exchange.apply(command, epoch)),
        reject,
      );
    });
  }

  /** Takes `count` command records, 1 to 4,096, as one unit: all are journaled, or none. */
  submitBatch(count: number, batch: RecordBatch): void {
    if (!Number.isInteger(count) || count < 1 || count > MAX_GROUP) {
      throw new RangeError(`${count} is not 1 to ${MAX_GROUP} records`);
    }
    const { exchange, epoch } = this.options;
    this.enqueue(
      count,
      (writer) => batch.write(writeRecords(writer, count)),
      (bytes) => batch.applied(exchange.applyRecords(bytes.subarray(RECORDS_HEAD_BYTES), epoch)),
      (error) => batch.refused(error),
    );
  }

  /** As `submitBatch`, with copies. Resolves to the results of the records, RESULT_BYTES each, and rejects as `submit` does. */
  async submitRecords(records: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.submitBatch(records.length / RECORD_BYTES, {
        write: (room) => room.set(records),
        applied: (results) => resolve(results.slice()),
        refused: reject,
      });
    });
  }

  /** The number of the account for command records: given in the journal when it has none. */
  async accountNumber(account: string): Promise<number> {
    const { orders } = this.options.exchange;
    const known = orders.numberOf(account);
    if (known !== 0) return known;
    await this.submit({ kind: 'account', account });
    const given = orders.numberOf(account);
    if (given !== 0) return given;
    throw new CodedError(errors.tooManyAccounts, 'The book has given all numbers that it has for accounts.');
  }

  /** Refuses new commands and resolves when all earlier ones are answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private enqueue(
    commands: number,
    write: (writer: ByteWriter) => void,
    apply: (bytes: Uint8Array) => void,
    refuse: (error: unknown) => void,
  ): void {
    const refusal = this.refusal(commands);
    if (refusal !== undefined) {
      refuse(refusal);
      return;
    }
    const group = this.gathering(commands);
    group.add(commands, write, apply, refuse);
    if (group !== this.queue.at(-1)) this.queue.push(group);
    this.unanswered += commands;
    this.running ??= this.run();
  }

  /** The group that takes `commands` more: the last one of the queue, or one that is to be added to it. */
  private gathering(commands: number): Group {
    const last = this.queue.at(-1);
    if (last !== undefined && last.commands + commands <= MAX_GROUP && last.bytes < MAX_GROUP_BYTES) return last;
    return this.free.pop() ?? new Group();
  }

  private refusal(commands: number): CodedError | undefined {
    if (this.broken !== undefined) return this.broken;
    if (this.stopped) {
      const sentence = 'The book is stopping: send the order again to its next start.';
      return new CodedError(errors.stopping, sentence, { retryAfterSeconds: 2 });
    }
    if (this.pending + commands <= this.options.maxPending) return undefined;
    const sentence = `${this.pending} orders wait for the disk already: the order was not taken. Send it again in a second.`;
    return new CodedError(errors.overloaded, sentence, { retryAfterSeconds: 1 });
  }

  private async run(): Promise<void> {
    // Everything that arrives in the same turn of the event loop joins the first group.
    await new Promise<void>((resolve) => setImmediate(resolve));
    let durable: Group | undefined;
    for (;;) {
      const group = this.queue.shift();
      const written = group === undefined ? undefined : this.commit(group);
      // The disk has its next work before the group that it has done is applied.
      if (durable !== undefined) this.answer(durable);
      durable = undefined;
      if (group === undefined) {
        if (this.queue.length === 0) break;
        continue;
      }
      const error = await written;
      if (error === undefined) durable = group;
      else this.refuse(group, error);
    }
    this.running = undefined;
  }

  /** Resolves to what went wrong; undefined when the group is on disk. */
  private async commit({ commands, payload }: Group): Promise<unknown> {
    const { journal, epoch } = this.options;
    try {
      await journal.append({ firstSequence: journal.lastSequence + 1, epoch, count: commands, payload });
      return undefined;
    } catch (error) {
      return error;
    }
  }

  private answer(group: Group): void {
    const { commands, bytes } = group;
    group.applyAll();
    this.release(group);
    // After the release: who waited for room looks at `pending`.
    for (const listener of this.onApplied) listener();
    this.options.onCommit?.(commands, bytes);
    this.options.onQuiet?.();
  }

  private refuse(group: Group, error: unknown): void {
    group.rejectAll(error);
    this.release(group);
    if (error instanceof CodedError && error.code === errors.diskFull.code) return;
    this.broken =
      error instanceof CodedError
        ? error
        : new CodedError(errors.journalFailed, 'The journal failed in a way that it should not.', { cause: error });
    for (const waiting of this.queue.splice(0)) {
      waiting.rejectAll(this.broken);
      this.release(waiting);
    }
  }

  private release(group: Group): void {
    this.unanswered -= group.commands;
    group.clear();
    // What a burst needed is not kept for ever.
    if (this.free.length < KEPT_GROUPS) this.free.push(group);
  }
}
