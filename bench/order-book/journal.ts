import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { median } from './engine-section.ts';
import { openBook, SHAPE } from './journal-book.ts';
import { OrderFlow } from './journal-flow.ts';
import { openLoop, pace, play, type Submit } from './journal-load.ts';
import { type JournalFigures, journalSection, type Latency } from './journal-section.ts';
import { conditionsLine, writeSection } from './page.ts';
import { quantile } from './quantile.ts';

const RESTING = 100_000;
const ROUND = 2_000_000;
const SECONDS = 3;
/** Commands per second far from what the book can do. */
const CALM = 250_000;
const rounds = Number(process.env.ROUNDS || 5);
const cache = join(import.meta.dirname, '../../.cache/bench-order-book');
const run = promisify(execFile);

function summary(sorted: Float64Array): Latency {
  const [p50 = 0, p99 = 0, p999 = 0] = [0.5, 0.99, 0.999].map((share) => quantile(sorted, share));
  return { p50, p99, p999, max: sorted.at(-1) ?? 0 };
}

async function measureLoad(directory: string, snapshotEvery: number) {
  const { store, sequencer, submit } = await openBook(directory, snapshotEvery);
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

async function load(directory: string) {
  const { submit, flow, stop } = await measureLoad(directory, Number.POSITIVE_INFINITY);
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) rates.push(ROUND / (await play(submit, flow, ROUND, false)));
  const halfLoad = median(rates) / 2;
  const latencies: Latency[] = [];
  for (let round = 0; round < rounds; round++) latencies.push(summary(await openLoop(submit, flow, halfLoad, SECONDS)));
  const calm = summary(await openLoop(submit, flow, CALM, SECONDS));
  await stop();
  const nothing: Submit = () => new Promise((resolve) => setImmediate(resolve));
  const control = summary(await openLoop(nothing, new OrderFlow(7, SHAPE), halfLoad, SECONDS));
  return { rates, halfLoad, latencies, calm, control, handOver: await handOver(halfLoad) };
}

/** What two threads take to hand a message over and back, at the same times. */
async function handOver(halfLoad: number): Promise<Latency> {
  const worker = new Worker(new URL('./journal-echo.ts', import.meta.url));
  const waiting: (() => void)[] = [];
  worker.on('message', () => waiting.shift()?.());
  const send: Submit = () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      worker.postMessage(0);
    });
  const latency = summary(await openLoop(send, new OrderFlow(7, SHAPE), halfLoad, SECONDS));
  await worker.terminate();
  return latency;
}

/** What the disk takes for the same bytes at the same times. */
async function diskAlone(directory: string, halfLoad: number): Promise<Latency> {
  const { everyMs, bytes } = pace(halfLoad);
  const program = join(import.meta.dirname, 'journal-disk.ts');
  const { stdout } = await run(process.execPath, [program, directory, `${bytes}`, `${everyMs}`, `${SECONDS}`], {
    maxBuffer: 1 << 24,
  });
  return summary(Float64Array.from(JSON.parse(stdout) as number[]).sort());
}

async function loadWhileSnapshots(directory: string, halfLoad: number): Promise<Latency> {
  const { submit, flow, stop } = await measureLoad(directory, 1_000_000);
  const latency = summary(await openLoop(submit, flow, halfLoad, SECONDS));
  await stop();
  return latency;
}

async function recovery(directory: string): Promise<JournalFigures['recovery']> {
  const program = join(import.meta.dirname, 'journal-recovery.ts');
  await run(process.execPath, [program, 'fill', directory]);
  const { stdout } = await run(process.execPath, [program, 'recover', directory]);
  return JSON.parse(stdout) as JournalFigures['recovery'];
}

const conditions = await conditionsLine();
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'journal-'));
try {
  const measured = await load(join(folder, 'load'));
  const disk = await diskAlone(folder, measured.halfLoad);
  const whileSnapshot = await loadWhileSnapshots(join(folder, 'snapshots'), measured.halfLoad);
  const recovered = await recovery(join(folder, 'recovery'));
  const text = journalSection({ conditions, ...measured, seconds: SECONDS, disk, whileSnapshot, recovery: recovered });
  console.log(text);
  if (process.env.WRITE === '1') await writeSection('journal', text);
} finally {
  rmSync(folder, { recursive: true });
}
