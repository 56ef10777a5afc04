import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RECORD_BYTES } from '../../workloads/order-book/exchange/record.ts';
import type { OrderFlow } from './journal-flow.ts';

/** Takes a batch of command records and resolves when all of it is answered. */
export type Submit = (records: Uint8Array) => Promise<unknown>;

/** Records of one batch in the closed loop. */
const BATCH = 1_024;
/** Batches under way: one gathers, one is at the disk, one is applied, and as many wait. */
const IN_FLIGHT = 12;
/** Records of one batch in the open loop: at a million a second, one batch each quarter of a millisecond. */
const SMALL_BATCH = 256;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Batches of records made beforehand, in one piece of memory: making them is not measured, nor is collecting what the ones before them
 * left.
 */
export function makeBatches(flow: OrderFlow, records: number, size: number, resting = false): Uint8Array[] {
  const timeMs = Date.now();
  const bytes = size * RECORD_BYTES;
  const memory = new Uint8Array(Math.ceil(records / size) * bytes);
  const batches = Array.from({ length: memory.length / bytes }, (_, index) => {
    const batch = memory.subarray(index * bytes, (index + 1) * bytes);
    if (resting) flow.fillResting(batch, timeMs);
    else flow.fillMixed(batch, timeMs);
    return batch;
  });
  collectGarbage();
  return batches;
}

/** Sends all batches, some at a time, and resolves to the seconds until the last answer. */
export async function closedLoop(submit: Submit, batches: readonly Uint8Array[]): Promise<number> {
  const started = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) await submit(batch);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  return (performance.now() - started) / 1_000;
}

export function play(submit: Submit, flow: OrderFlow, records: number, resting: boolean): Promise<number> {
  return closedLoop(submit, makeBatches(flow, records, BATCH, resting));
}

/** Milliseconds between two batches of the open loop, and bytes of one. */
export const pace = (rate: number) => ({ everyMs: (SMALL_BATCH / rate) * 1_000, bytes: SMALL_BATCH * RECORD_BYTES });

/**
 * Sends batches by the clock, `rate` records a second, whether or not earlier ones are answered. Resolves to the milliseconds from the
 * time at which each was due to its answer.
 */
export async function openLoop(submit: Submit, flow: OrderFlow, rate: number, seconds: number): Promise<Float64Array> {
  const batches = makeBatches(flow, rate * seconds, SMALL_BATCH);
  const latencies = new Float64Array(batches.length);
  const { everyMs } = pace(rate);
  const started = performance.now();
  const answers: Promise<void>[] = [];
  for (const [index, batch] of batches.entries()) {
    const due = started + index * everyMs;
    // A timer is too coarse: the loop turns until it is time, and answers come in meanwhile.
    while (performance.now() < due) await new Promise((resolve) => setImmediate(resolve));
    const answered = (): void => {
      latencies[index] = performance.now() - due;
    };
    answers.push(submit(batch).then(answered));
  }
  await Promise.all(answers);
  return latencies.sort();
}
