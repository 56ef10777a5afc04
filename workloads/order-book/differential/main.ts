import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import * as book from '../engine/book.ts';
import * as reports from '../engine/reports.ts';
import { checkAgainstReference, fullFlow, messageFlow, wideFlow } from '../engine/testing/conformance.ts';

// Plays the same messages to the engine and to the reference matcher, on every core, and stops at the first difference. A seed and
// a flow name a run: the same numbers find the same difference again.

interface Share {
  readonly seeds: readonly number[];
  readonly messagesPerSeed: number;
}

const flows = { limits: messageFlow, wide: wideFlow, full: fullFlow };
const DEPTH_EVERY = 32;

function check({ seeds, messagesPerSeed }: Share): void {
  for (const seed of seeds) {
    for (const [name, flow] of Object.entries(flows)) {
      // Half of the messages are of the whole order surface.
      const count = Math.ceil(messagesPerSeed * (flow === fullFlow ? 0.5 : 0.25));
      try {
        checkAgainstReference({ book, reports }, flow(seed, count), DEPTH_EVERY);
      } catch (error) {
        throw new Error(`seed ${seed}, flow ${name}`, { cause: error });
      }
    }
    process.stderr.write(`seed ${seed}: equal\n`);
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { messages: { type: 'string' }, seeds: { type: 'string' } } });
  const messages = Number(values.messages ?? 1e6);
  const count = Number(values.seeds ?? 10);
  if (!(messages >= 1 && messages <= 1e12 && Number.isInteger(count) && count >= 1 && count <= 1e6)) {
    console.error('--messages is a number such as 1e8, and --seeds a whole number such as 100');
    process.exitCode = 2;
    return;
  }
  const started = performance.now();
  const cores = Math.min(availableParallelism(), count);
  const seeds = Array.from({ length: count }, (_, index) => index + 1);
  await Promise.all(
    Array.from({ length: cores }, async (_, core) => {
      const share: Share = {
        seeds: seeds.filter((seed) => seed % cores === core),
        messagesPerSeed: Math.ceil(messages / count),
      };
      // Rejects with what the worker throws.
      await once(new Worker(new URL(import.meta.url), { workerData: share }), 'exit');
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  console.log(JSON.stringify({ messages, seeds: count, differences: 0, seconds: Math.round(seconds) }));
}

if (isMainThread) await main();
else check(workerData as Share);
