import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { createRingMemory, RingWriter } from './report-ring.ts';
import type { RingCheck, RingFindings } from './testing/ring-checker.ts';

/** Writes `count` records, handing on after each for which `flushes` says so. */
async function send(count: number, pause: number, flushes: (index: number) => boolean): Promise<RingFindings> {
  const memory = createRingMemory();
  const workerData: RingCheck = { memory, pause };
  const reader = new Worker(new URL('./testing/ring-checker.ts', import.meta.url), { workerData });
  const answer = once(reader, 'message');
  const ring = new RingWriter(memory);
  for (let index = 0; index < count; index++) {
    ring.reports.push(0, 1, 2, index, 2 ** 40 + index, 0);
    if (flushes(index)) ring.flush();
  }
  ring.end();
  return ((await answer) as [RingFindings])[0];
}

it('many times what the ring holds arrives whole and in order', async () => {
  expect(await send(1_000_000, 0, () => false)).toEqual({ records: 1_000_000, chunks: 245, outOfPlace: 0 });
}, 60_000);

it('a slow reader makes the writer wait; nothing is written over', async () => {
  expect(await send(200_000, 5, () => false)).toEqual({ records: 200_000, chunks: 49, outOfPlace: 0 });
}, 60_000);

it('what is handed on early arrives as it was cut, and an empty chunk does not', async () => {
  expect(await send(900, 1, (index) => index % 3 === 2)).toEqual({ records: 900, chunks: 300, outOfPlace: 0 });
  expect(await send(0, 0, () => true)).toEqual({ records: 0, chunks: 0, outOfPlace: 0 });
}, 60_000);
