import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { MAX_PAYLOAD_BYTES } from '../journal/frame.ts';
import type { Journal } from '../journal/journal.ts';
import { ByteWriter } from './bytes.ts';
import { type Command, writeCommand, writeRecords } from './command.ts';
import type { Exchange, Outcome } from './exchange.ts';
import { RECORD_BYTES } from './record.ts';

/** Commands in one group commit; a waiting crowd is worth one flush, and a crowd of this size hides its cost. */
const MAX_BATCH = 4_096;
const MAX_BATCH_BYTES = MAX_PAYLOAD_BYTES / 16;

export interface SequencerOptions {
  readonly exchange: Exchange;
  readonly journal: Journal;
  /** Written into every frame. */
  readonly epoch: number;
  /** Commands that may wait for the disk; one more is refused with SLUICE_OVERLOADED. */
  readonly maxPending: number;
  /** Called after each group commit with its size, for metrics. */
  readonly onCommit?: (commands: number, bytes: number) => void;
  /** Called between two commits, when state and journal stand at the same command. It may start a snapshot. */
  readonly onQuiet?: () => void;
}

/** A command or a batch of records that waits for its turn. */
interface Waiting {
  readonly commands: number;
  readonly write: (writer: ByteWriter) => void;
  readonly apply: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts commands in one order: takes what has arrived, journals it as one frame, and only when that is on disk applies it and
 * answers. So nothing that a reader can see, and no answer, is ahead of the journal. While one batch is at the disk, the next one
 * gathers: the commit groups itself under load and adds no wait without.
 */
export class Sequencer {
  /** Called once per group commit, when all its commands are on disk and applied: what they did may be shown now. */
  readonly onApplied = new Set<() => void>();
  private readonly options: SequencerOptions;
  private readonly writer = new ByteWriter(1 << 16);
  private waiting: Waiting[] = [];
  private queued = 0;
  private inFlight = 0;
  private running: Promise<void> | undefined;
  private stopped = false;
  private broken: CodedError | undefined;

  constructor(options: SequencerOptions) {
    this.options = options;
  }

  /** Commands that have not been answered. */
  get pending(): number {
    return this.queued + this.inFlight;
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
    return this.enqueue(
      1,
      (writer) => writeCommand(writer, command),
      () => exchange.apply(command, epoch),
    );
  }

  /**
   * Takes 1 to 4,096 command records (record.ts) as one unit: all are journaled, or none. Resolves to their results, RESULT_BYTES
   * each in the same order, and rejects as `submit` does. `records` may be used again when this returns.
   */
  submitRecords(records: Uint8Array): Promise<Uint8Array> {
    const commands = records.length / RECORD_BYTES;
    if (!Number.isInteger(commands) || commands === 0 || commands > MAX_BATCH) {
      throw new RangeError(`${records.length} bytes are not 1 to ${MAX_BATCH} records`);
    }
    const { exchange, epoch } = this.options;
    const taken = records.slice();
    return this.enqueue(
      commands,
      (writer) => writeRecords(writer, taken),
      () => exchange.applyRecords(taken, epoch),
    );
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

  private enqueue<T>(commands: number, write: (writer: ByteWriter) => void, apply: () => T): Promise<T> {
    const refusal = this.refusal(commands);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      this.waiting.push({ commands, write, apply: () => resolve(apply()), reject });
      this.queued += commands;
      this.running ??= this.run();
    });
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
    // Everything that arrives in the same turn of the event loop joins the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      const payload = this.writer.take();
      const commands = this.inFlight;
      try {
        await this.commit(commands, payload);
      } catch (error) {
        this.refuse(batch, error);
        continue;
      } finally {
        this.inFlight = 0;
      }
      this.answer(batch);
      for (const listener of this.onApplied) listener();
      this.options.onCommit?.(commands, payload.length);
      this.options.onQuiet?.();
    }
    this.running = undefined;
  }

  private takeBatch(): Waiting[] {
    let count = 0;
    for (const { commands, write } of this.waiting) {
      if (count > 0 && (this.inFlight + commands > MAX_BATCH || this.writer.size >= MAX_BATCH_BYTES)) break;
      write(this.writer);
      this.inFlight += commands;
      count++;
    }
    this.queued -= this.inFlight;
    return this.waiting.splice(0, count);
  }

  private commit(count: number, payload: Uint8Array): Promise<void> {
    const { journal, epoch } = this.options;
    return journal.append({ firstSequence: journal.lastSequence + 1, epoch, count, payload });
  }

  private answer(batch: readonly Waiting[]): void {
    for (const { apply } of batch) apply();
  }

  private refuse(batch: readonly Waiting[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    if (error instanceof CodedError && error.code === errors.diskFull.code) return;
    this.broken =
      error instanceof CodedError
        ? error
        : new CodedError(errors.journalFailed, 'The journal failed in a way that it should not.', { cause: error });
    for (const { reject } of this.waiting.splice(0)) reject(this.broken);
    this.queued = 0;
  }
}
