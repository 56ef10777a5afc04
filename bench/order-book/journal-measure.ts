import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { median } from './engine-section.ts';
import { openBook, SHAPE } from './journal-book.ts';
import { OrderFlow } from './journal-flow.ts';
import { openLoop, pace, play, type Submit } from './journal-load.ts';
import { type JournalFigures, type Latency, summary } from './journal-section.ts';
import type { WriterTask } from './journal-writer.ts';

export interface JournalTask {
  /** An empty one. */
  readonly directory: string;
  readonly rounds: number;
  /** Of each open loop. */
  readonly seconds: number;
}

/** What is measured in the process of the book. */
export type JournalMeasured = Pick<
  JournalFigures,
  'rates' | 'halfLoad' | 'latencies' | 'calm' | 'control' | 'thread' | 'whileSnapshot'
>;

const RESTING = 100_000;
const ROUND = 2_000_000;
/** Commands per second far from what the book can do. */
const CALM = 250_000;
/** A group commit takes 4,096 commands, a batch of the open loop has 256. */
const BATCHES_OF_GROUP = 16;

const { directory, rounds, seconds } = JSON.parse(process.argv[2] ?? '') as JournalTask;

async function warmBook(name: string, snapshotEvery: number) {
  const { store, sequencer, submit } = await openBook(join(directory, name), snapshotEvery);
  const flow = new OrderFlow(7, SHAPE);
  await play(submit, flow, RESTING, true);
  // The compiler warms up on what follows.
  await play(submit, flow, ROUND, false);
  const stop = async (): Promise<void> => {
    await sequencer.stop();
    await store.close();
  };
  return { submit, flow, stop };
}

async function measure(): Promise<JournalMeasured> {
  const { submit, flow, stop } = await warmBook('load', Number.POSITIVE_INFINITY);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) rates.push(ROUND / (await play(submit, flow, ROUND, false)));
  const halfLoad = median(rates) / 2;
  const latencies: Latency[] = [];
  for (let round = 0; round < rounds; round++) latencies.push(summary(await openLoop(submit, flow, halfLoad, seconds)));
  const calm = summary(await openLoop(submit, flow, CALM, seconds));
  await stop();
  const nothing: Submit = () => new Promise((resolve) => setImmediate(resolve));
  const control = summary(await openLoop(nothing, new OrderFlow(7, SHAPE), halfLoad, seconds));
  const thread = await threadAlone(halfLoad);
  const whileSnapshot = await loadWhileSnapshots(halfLoad);
  return { rates, halfLoad, latencies, calm, control, thread, whileSnapshot };
}

/** What a thread takes that only writes the bytes and forces them to disk: one message is under way, and what waits goes together. */
async function threadAlone(halfLoad: number): Promise<Latency> {
  const { everyMs, bytes } = pace(halfLoad);
  const path = join(directory, 'written');
  const all = bytes * Math.ceil((seconds * 1_000) / everyMs);
  const workerData: WriterTask = { path, bytes: all, most: bytes * BATCHES_OF_GROUP };
  const worker = new Worker(new URL('./journal-writer.js', import.meta.url), { workerData });
  await once(worker, 'message');
  const waiting: (() => void)[] = [];
  let underWay: (() => void)[] = [];
  const send = (): void => {
    underWay = waiting.splice(0, BATCHES_OF_GROUP);
    if (underWay.length > 0) worker.postMessage(underWay.length * bytes);
  };
  worker.on('message', () => {
    const written = underWay;
    send();
    for (const answer of written) answer();
  });
  const submit: Submit = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (underWay.length === 0) send();
    });
  const latency = summary(await openLoop(submit, new OrderFlow(7, SHAPE), halfLoad, seconds));
  await worker.terminate();
  rmSync(path);
  return latency;
}

async function loadWhileSnapshots(halfLoad: number): Promise<Latency> {
  const { submit, flow, stop } = await warmBook('snapshots', 1_000_000);
  const latency = summary(await openLoop(submit, flow, halfLoad, seconds));
  await stop();
  return latency;
}

// Only its bundle is run.
console.log(JSON.stringify(await measure()));
