import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import * as book from '../engine/book.ts';
import * as hosted from '../engine/hosted-orders.ts';
import * as reports from '../engine/reports.ts';
import { checkAgainstReference, fullFlow, messageFlow, wideFlow } from '../engine/testing/conformance.ts';

// Plays the same messages to the engine and to the reference matcher, on every core, and stops at the first difference. A seed and
// a flow name a run: the same numbers find the same difference again.

interface Share {
  readonly first: number;
  readonly seeds: number;
  readonly messagesPerSeed: number;
  /** One int32: the seeds that were taken so far. */
  readonly taken: SharedArrayBuffer;
}

/** What a thread says of one seed. */
interface Verdict {
  readonly seed: number;
  readonly messages: number;
  readonly difference?: string;
}

/** Half of the messages are of the whole order surface. */
const flows = [
  { name: 'limits', flow: messageFlow, part: 0.25 },
  { name: 'wide', flow: wideFlow, part: 0.25 },
  { name: 'full', flow: fullFlow, part: 0.5 },
];
const DEPTH_EVERY = 32;

function check(seed: number, messagesPerSeed: number): Verdict {
  let messages = 0;
  for (const { name, flow, part } of flows) {
    const count = Math.ceil(messagesPerSeed * part);
    try {
      checkAgainstReference({ book, hosted, reports }, flow(seed, count), DEPTH_EVERY);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { seed, messages, difference: `seed ${seed}, flow ${name}, ${message}` };
    }
    messages += count;
  }
  return { seed, messages };
}

function checkShare({ first, seeds, messagesPerSeed, taken }: Share): void {
  const counter = new Int32Array(taken);
  for (let at = Atomics.add(counter, 0, 1); at < seeds; at = Atomics.add(counter, 0, 1)) {
    parentPort?.postMessage(check(first + at, messagesPerSeed));
  }
}

/** Resolves at the end of all seeds, or with the first difference. */
function checkAll(share: Share, onVerdict: (verdict: Verdict) => void): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    let left = share.seeds;
    const workers = Array.from({ length: Math.min(availableParallelism(), share.seeds) }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: share });
      worker.on('error', reject);
      worker.on('message', (verdict: Verdict) => {
        onVerdict(verdict);
        if (verdict.difference === undefined && --left > 0) return;
        for (const other of workers) void other.terminate();
        resolve(verdict.difference);
      });
      return worker;
    });
  });
}

async function main(): Promise<void> {
  const options = { messages: { type: 'string' }, seeds: { type: 'string' }, first: { type: 'string' } } as const;
  const { values } = parseArgs({ options });
  const messages = Number(values.messages ?? 1e6);
  const seeds = Number(values.seeds ?? 10);
  const first = Number(values.first ?? 1);
  const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 1e6;
  if (!(messages >= 1 && messages <= 1e12 && isCount(seeds) && isCount(first))) {
    console.error('--messages is a number such as 1e8, --seeds and the --first of them whole numbers such as 100');
    process.exitCode = 2;
    return;
  }
  const started = performance.now();
  let done = 0;
  let equalSeeds = 0;
  const elapsed = (): number => (performance.now() - started) / 1_000;
  const share = { first, seeds, messagesPerSeed: Math.ceil(messages / seeds), taken: new SharedArrayBuffer(4) };
  const difference = await checkAll(share, (verdict) => {
    done += verdict.messages;
    if (verdict.difference !== undefined) return;
    const rate = done / elapsed();
    const minutesLeft = ((share.messagesPerSeed * (seeds - ++equalSeeds)) / rate / 60).toFixed(1);
    const pace = `${done} messages, ${Math.round(rate)} a second, ${minutesLeft} minutes left`;
    console.error(`seed ${verdict.seed} equal, ${equalSeeds} of ${seeds}: ${pace}`);
  });
  if (difference !== undefined) {
    console.error(difference);
    process.exitCode = 1;
  }
  const differences = difference === undefined ? 0 : 1;
  console.log(JSON.stringify({ messages: done, seeds: equalSeeds, differences, seconds: Math.round(elapsed()) }));
}

if (isMainThread) await main();
else checkShare(workerData as Share);
