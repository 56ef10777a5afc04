import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Book } from '../engine/book.ts';
import { createRingMemory, RingWriter } from '../engine/report-ring.ts';
import { BadWorkload, type MessageColumns, playColumns } from './columns.ts';
import type { ReaderData, RunRequest, RunResult } from './reader.ts';

export interface OracleResult {
  /** Of the whole report text. */
  readonly sha256: string;
  readonly messages: number;
  readonly fills: number;
  readonly messagesPerSecondMedian: number;
  readonly messagesPerSecondWorst: number;
  /** Of each timed run, slowest first. */
  readonly rates: readonly number[];
}

/**
 * Plays the workload through a fresh book once for the hash and then `runs` times against the clock, from the first message to the
 * moment when the second thread has read the last report. Each timed run must hand over the very reports that were hashed. Throws
 * a BadWorkload when the text has no line for what a message asks.
 */
export async function measureWorkload(columns: MessageColumns, runs = 10): Promise<OracleResult> {
  const memory = createRingMemory();
  const workerData: ReaderData = { memory, prices: columns.prices };
  const reader = new Worker(new URL('./reader.ts', import.meta.url), { workerData });
  try {
    const ring = new RingWriter(memory);
    const { result: hashed } = await playRun(reader, ring, columns, { withText: true });
    if (hashed.text === undefined) throw new BadWorkload(hashed.failure ?? 'the second thread has no text');
    const rates: number[] = [];
    for (let run = 0; run < runs; run++) {
      const { result, seconds } = await playRun(reader, ring, columns, { withText: false });
      if (result.checksum !== hashed.checksum)
        throw new Error(`timed run ${run} gave other reports than the hashed one`);
      rates.push(Math.round(columns.count / seconds));
    }
    rates.sort((a, b) => a - b);
    return {
      ...hashed.text,
      messages: columns.count,
      messagesPerSecondMedian: median(rates),
      messagesPerSecondWorst: rates[0] ?? 0,
      rates,
    };
  } finally {
    await reader.terminate();
  }
}

async function playRun(reader: Worker, ring: RingWriter, columns: MessageColumns, request: RunRequest) {
  const book = new Book(ring.reports, { maxResting: columns.count });
  reader.postMessage(request);
  const answer = once(reader, 'message');
  const started = process.hrtime.bigint();
  playColumns(book, columns, 0, columns.count);
  ring.end();
  // Nothing is measured as nothing: a clock that did not tick would divide by zero.
  const seconds = Math.max(1, Number(process.hrtime.bigint() - started)) / 1e9;
  const [result] = (await answer) as [RunResult];
  return { result, seconds };
}

/** Of sorted numbers; 0 of none. */
function median(sorted: readonly number[]): number {
  const upper = sorted[sorted.length >> 1] ?? 0;
  const lower = sorted[(sorted.length - 1) >> 1] ?? 0;
  return Math.round((lower + upper) / 2);
}
