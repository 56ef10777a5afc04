import { Worker } from 'node:worker_threads';
import { errorOf, type Failure, failureOf } from './failure.ts';
import type { Frame } from './frame.ts';
import type { Journal } from './journal.ts';
import type { JournalTail } from './journal-reader.ts';

export interface ThreadOptions {
  readonly directory: string;
  readonly segmentBytes: number;
  readonly tail: JournalTail;
}

type Task =
  | { readonly kind: 'open' | 'close' }
  | { readonly kind: 'append'; readonly frame: Frame }
  | { readonly kind: 'discard'; readonly through: number };
export type Request = Task & { readonly id: number };

/** Done, unless it says what went wrong. */
export interface Reply {
  readonly id: number;
  readonly failure?: Failure;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

// In an image the thread is a bundle of its own beside the program's.
const source = import.meta.url.endsWith('.ts') ? './journal-thread.ts' : './journal-thread.js';

/**
 * A FileJournal in a thread of its own. A payload in shared memory is not copied on its way there: its owner leaves it alone until the
 * append is settled.
 */
export class ThreadedJournal implements Journal {
  lastSequence: number;
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private requests = 0;
  private ended: Failure | undefined;

  private constructor(options: ThreadOptions) {
    this.lastSequence = options.tail.lastSequence;
    this.worker = new Worker(new URL(source, import.meta.url), { workerData: options });
    this.worker.on('message', (reply: Reply) => this.settle(reply));
    this.worker.on('error', (error) => this.end(error));
    this.worker.on('exit', () => this.end(new Error('its thread has ended')));
  }

  /** Goes on behind `tail`, and cuts off what the file has behind it. */
  static async open(options: ThreadOptions): Promise<ThreadedJournal> {
    const journal = new ThreadedJournal(options);
    try {
      await journal.ask({ kind: 'open' });
    } catch (error) {
      await journal.worker.terminate();
      throw error;
    }
    return journal;
  }

  async append(frame: Frame): Promise<void> {
    await this.ask({ kind: 'append', frame });
    this.lastSequence = frame.firstSequence + frame.count - 1;
  }

  discardThrough(sequence: number): Promise<void> {
    return this.ask({ kind: 'discard', through: sequence });
  }

  async close(): Promise<void> {
    await this.ask({ kind: 'close' });
    await this.worker.terminate();
  }

  private ask(task: Task): Promise<void> {
    if (this.ended !== undefined) return Promise.reject(errorOf(this.ended));
    const id = ++this.requests;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ ...task, id });
    });
  }

  private settle({ id, failure }: Reply): void {
    const asked = this.waiting.get(id);
    this.waiting.delete(id);
    if (failure === undefined) asked?.resolve();
    else asked?.reject(errorOf(failure));
  }

  /** The thread does nothing more: what was asked has no answer, and what is on disk of it is known at the next start. */
  private end(cause: Error): void {
    this.ended ??= failureOf(cause);
    for (const { reject } of this.waiting.values()) reject(errorOf(this.ended));
    this.waiting.clear();
  }
}
