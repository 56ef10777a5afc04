import { parentPort, workerData } from 'node:worker_threads';
import { blockingDisk } from './blocking-disk.ts';
import { disk } from './disk.ts';
import { failureOf } from './failure.ts';
import { FileJournal } from './file-journal.ts';
import type { Reply, Request, ThreadOptions } from './threaded-journal.ts';

/**
 * The thread of a ThreadedJournal: does one request after another, with calls that block it. Checksum, write and fdatasync of a frame
 * follow each other without a turn of the main thread's event loop, which plays the frame before meanwhile. What nobody waits for is
 * left to Node's pool of threads.
 */
const { directory, segmentBytes, tail } = workerData as ThreadOptions;
const opened = FileJournal.open({ disk: blockingDisk, background: disk, directory, segmentBytes }, tail);
// It may have failed before the request to open it is here, which hears of it then.
opened.catch(() => undefined);
let last: Promise<void> = Promise.resolve();

async function perform(request: Request): Promise<void> {
  const journal = await opened;
  if (request.kind === 'append') await journal.append(request.frame);
  else if (request.kind === 'discard') await journal.discardThrough(request.through);
  else if (request.kind === 'close') await journal.close();
}

async function answer(request: Request): Promise<void> {
  const { id } = request;
  let reply: Reply = { id };
  try {
    await perform(request);
  } catch (error) {
    reply = { id, failure: failureOf(error) };
  }
  parentPort?.postMessage(reply);
}

parentPort?.on('message', (request: Request) => {
  // Old files are removed beside the work, which is not concerned.
  if (request.kind === 'discard') void answer(request);
  else last = last.then(() => answer(request));
});
