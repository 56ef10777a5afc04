import { Worker } from 'node:worker_threads';
import type { SnapshotWritten } from './replay.ts';

export interface SnapshotTask {
  readonly directory: string;
  readonly sequence: number;
  /** It is written beside the work, or else when nobody else wants the processor. */
  readonly isUrgent: boolean;
}

// In an image the thread is a bundle of its own beside the program's.
const source = import.meta.url.endsWith('.ts') ? './snapshot-thread.ts' : './snapshot-thread.js';

/** `writeSnapshot` in a thread of its own: orders are taken meanwhile. */
export function writeSnapshotAside(task: SnapshotTask): Promise<SnapshotWritten> {
  const worker = new Worker(new URL(source, import.meta.url), { workerData: task });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread of the snapshot ended with ${code}`)));
  });
}
