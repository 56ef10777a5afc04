import { isMarkedAsUntransferable, parentPort, workerData } from 'node:worker_threads';
import { blockingDisk } from './blocking-disk.ts';
import { failureOf } from './failure.ts';
import type { Frame } from './frame.ts';
import { readJournal } from './journal-reader.ts';
import { AHEAD, type FrameAddress, type Message, type ReaderTask } from './read-ahead.ts';

/** The thread of `readAhead`: reads and checks one file after the other, and hands over the content of each with its frames. */
const { directory, afterSequence, taken } = workerData as ReaderTask;
let content: ArrayBufferLike | undefined;
let frames: FrameAddress[] = [];
let sent = 0;

function replay({ firstSequence, epoch, count, payload }: Frame): void {
  // The frames of a file are views of one buffer.
  if (payload.buffer !== content) send();
  content = payload.buffer;
  frames.push({ firstSequence, epoch, count, from: payload.byteOffset, bytes: payload.length });
}

function send(): void {
  if (content === undefined) return;
  for (let done = Atomics.load(taken, 0); sent - done >= AHEAD; done = Atomics.load(taken, 0)) {
    Atomics.wait(taken, 0, done);
  }
  sent++;
  post({ kind: 'frames', content, frames }, content instanceof ArrayBuffer ? [content] : []);
  frames = [];
}

function post(message: Message, owned: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(
    message,
    owned.filter((buffer) => !isMarkedAsUntransferable(buffer)),
  );
}

try {
  const found = await readJournal({ disk: blockingDisk, directory, afterSequence, replay });
  send();
  post({ kind: 'end', ...found });
} catch (error) {
  post({ kind: 'failed', failure: failureOf(error) });
}
