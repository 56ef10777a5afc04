import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import { MAX_PAYLOAD_BYTES } from '../journal/frame.ts';
import type { Journal } from '../journal/journal.ts';
import { ByteWriter } from './bytes.ts';
import { type Command, writeCommand } from './command.ts';
import type { Exchange, Outcome } from './exchange.ts';

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

interface Waiting {
  readonly command: Command;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts commands in one order: takes what has arrived, journals it as one frame, and only when that is on disk applies it and
 * answers. So nothing that a reader can see, and no answer, is ahead of the journal. While one batch is at the disk, the next one
 * gathers: the commit groups itself under load and adds no wait without.
 */
export class Sequencer {
  private readonly options: SequencerOptions;
  private readonly writer = new ByteWriter(1 << 16);
  private waiting: Waiting[] = [];
  private inFlight = 0;
  private running: Promise<void> | undefined;
  private stopped = false;
  private broken: CodedError | undefined;

  constructor(options: SequencerOptions) {
    this.options = options;
  }

  /** Commands that have not been answered. */
  get pending(): number {
    return this.waiting.length + this.inFlight;
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
    if (this.broken !== undefined) return Promise.reject(this.broken);
    if (this.stopped) {
      const sentence = 'The book is stopping: send the order again to its next start.';
      return Promise.reject(new CodedError(errors.stopping, sentence, { retryAfterSeconds: 2 }));
    }
    if (this.pending >= this.options.maxPending) {
      const sentence = `${this.pending} orders wait for the disk already: the order was not taken. Send it again in a second.`;
      return Promise.reject(new CodedError(errors.overloaded, sentence, { retryAfterSeconds: 1 }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ command, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Refuses new commands and resolves when all earlier ones are answered. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    // Everything that arrives in the same turn of the event loop joins the first batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.takeBatch();
      const payload = this.writer.take();
      this.inFlight = batch.length;
      try {
        await this.commit(batch.length, payload);
      } catch (error) {
        this.refuse(batch, error);
        continue;
      } finally {
        this.inFlight = 0;
      }
      this.answer(batch);
      this.options.onCommit?.(batch.length, payload.length);
      this.options.onQuiet?.();
    }
    this.running = undefined;
  }

  private takeBatch(): Waiting[] {
    let count = 0;
    while (count < this.waiting.length && count < MAX_BATCH && this.writer.size < MAX_BATCH_BYTES) {
      const next = this.waiting[count++];
      if (next !== undefined) writeCommand(this.writer, next.command);
    }
    return this.waiting.splice(0, count);
  }

  private commit(count: number, payload: Uint8Array): Promise<void> {
    const { journal, epoch } = this.options;
    return journal.append({ firstSequence: journal.lastSequence + 1, epoch, count, payload });
  }

  private answer(batch: readonly Waiting[]): void {
    const { exchange, epoch } = this.options;
    for (const { command, resolve } of batch) resolve(exchange.apply(command, epoch));
  }

  private refuse(batch: readonly Waiting[], error: unknown): void {
    for (const { reject } of batch) reject(error);
    if (error instanceof CodedError && error.code === errors.diskFull.code) return;
    this.broken =
      error instanceof CodedError
        ? error
        : new CodedError(errors.journalFailed, 'The journal failed in a way that it should not.', { cause: error });
    for (const { reject } of this.waiting.splice(0)) reject(this.broken);
  }
}
