import { Worker } from 'node:worker_threads';
import { Shards } from '../shards.ts';
import { playSurface, type SurfaceTarget } from './surface-load.ts';

// A program of its own. Prints by how many bytes the heap of each thread grew over a million commands of the whole order surface that
// go through a ring to a shard and whose reports go through another ring to a reader, after a warm-up that compiles everything.

const COMMANDS = 1_000_000;
const SLICE = 100_000;
/** What asking a thread for its usage puts on its heap, at most. */
const REPORT_OF_USAGE = 8_192;

const started: Worker[] = [];
process.on('worker', (worker) => started.push(worker));
const shards = new Shards(1);
const reader = new Worker(new URL('./ring-drain.ts', import.meta.url), { workerData: shards.reportMemory[0] });
const [shard = reader] = started;

let symbol = 0;
const target: SurfaceTarget = {
  place: (order) => shards.place(symbol, order),
  cancel: (id) => shards.cancel(symbol, id),
  replace: (id, price, quantity, flags) => shards.replace(symbol, id, price, quantity, flags),
};

/** A thread that waits for its ring answers when something comes. */
async function usageOf(worker: Worker): Promise<number> {
  const answer = worker.getHeapStatistics();
  shards.cancel(symbol, Number.MAX_SAFE_INTEGER);
  shards.flush();
  return (await answer).used_heap_size;
}

async function usages(): Promise<readonly [writer: number, shard: number, reader: number]> {
  const [ofShard, ofReader] = [await usageOf(shard), await usageOf(reader)];
  return [process.memoryUsage().heapUsed, ofShard, ofReader];
}

for (symbol = 1; symbol <= 3; symbol++) playSurface(target, 0, COMMANDS);
symbol = 0;
const grown = [0, 0, 0];
let before = await usages();
for (let from = 0; from < COMMANDS; from += SLICE) {
  playSurface(target, from, from + SLICE);
  const now = await usages();
  for (const [at, used] of now.entries()) {
    grown[at] = (grown[at] ?? 0) + Math.max(0, used - (before[at] ?? 0) - REPORT_OF_USAGE);
  }
  before = now;
}
await shards.close();
const [writer, ofShard, ofReader] = grown;
console.log(JSON.stringify({ writer, shard: ofShard, reader: ofReader }));
