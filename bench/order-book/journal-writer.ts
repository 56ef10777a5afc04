import { fdatasyncSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openFileOfZeros } from './file-of-zeros.ts';

export interface WriterTask {
  readonly path: string;
  /** Of all messages. */
  readonly bytes: number;
  /** Of the largest message. */
  readonly most: number;
}

/** A thread that writes as many bytes as a message says, forces them to disk and answers: all that no journal can do without. */
const { path, bytes, most } = workerData as WriterTask;
const file = openFileOfZeros(path, bytes);
const content = Buffer.alloc(most, 1);
let end = 0;
parentPort?.on('message', (length: number) => {
  end += writeSync(file, content, 0, length, end);
  fdatasyncSync(file);
  parentPort?.postMessage('written');
});
parentPort?.postMessage('ready');
