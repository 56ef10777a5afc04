import { Worker } from 'node:worker_threads';
import { errorOf, type Failure } from './failure.ts';
import type { JournalFound, ReadOptions } from './journal-reader.ts';

/** Files that were read and not yet replayed: one to go on with at once, and one more. */
export const AHEAD = 2;

export interface ReaderTask {
  readonly directory: string;
  readonly afterSequence: number;
  /** Counts the files that were replayed. */
  readonly taken: Int32Array;
}

/** A frame in the content of its file. */
export interface FrameAddress {
  readonly firstSequence: number;
  readonly epoch: number;
  readonly count: number;
  readonly from: number;
  readonly bytes: number;
}

interface FileRead {
  readonly kind: 'frames';
  readonly content: ArrayBufferLike;
  readonly frames: readonly FrameAddress[];
}

export type Message =
  | FileRead
  | ({ readonly kind: 'end' } & JournalFound)
  | { readonly kind: 'failed'; readonly failure: Failure };

// In an image the thread is a bundle of its own beside the program's.
const source = import.meta.url.endsWith('.ts') ? './reader-thread.ts' : './reader-thread.js';

/** `readJournal` of the real disk, with a thread that reads and checks the next files while this one prepares and replays. */
export async function readAhead(options: Omit<ReadOptions, 'disk' | 'throughSequence'>): Promise<JournalFound> {
  const { directory, afterSequence } = options;
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const workerData: ReaderTask = { directory, afterSequence, taken };
  const worker = new Worker(new URL(source, import.meta.url), { workerData });
  try {
    options.prepare?.();
    return await new Promise((resolve, reject) => {
      worker.on('message', (message: Message) => {
        try {
          if (message.kind === 'failed') throw errorOf(message.failure);
          if (message.kind === 'end') resolve({ tail: message.tail, report: message.report });
          else replayFile(message, taken, options.replay);
        } catch (error) {
          reject(error);
        }
      });
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread that reads the journal ended with ${code}`)));
    });
  } finally {
    await worker.terminate();
  }
}

function replayFile({ content, frames }: FileRead, taken: Int32Array, replay: ReadOptions['replay']): void {
  for (const { from, bytes, ...frame } of frames) replay({ ...frame, payload: new Uint8Array(content, from, bytes) });
  Atomics.add(taken, 0, 1);
  Atomics.notify(taken, 0);
}
