import { parentPort, workerData } from 'node:worker_threads';
import { RingReader } from '../report-ring.ts';
import { REPORT_WORDS } from '../reports.ts';

/** As workerData. */
export interface RingCheck {
  readonly memory: SharedArrayBuffer;
  /** Milliseconds to sleep at every chunk: the writer must wait. */
  readonly pause: number;
}

/** What arrived: record n must be of sequence n. */
export interface RingFindings {
  readonly records: number;
  readonly chunks: number;
  readonly outOfPlace: number;
}

const { memory, pause } = workerData as RingCheck;
const ring = new RingReader(memory);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let records = 0;
let chunks = 0;
let outOfPlace = 0;
for (let chunk = ring.take(); chunk !== undefined; chunk = ring.take()) {
  if (pause > 0) Atomics.wait(sleeper, 0, 0, pause);
  for (let at = 0; at < chunk.count * REPORT_WORDS; at += REPORT_WORDS) {
    if (chunk.words[at + 3] !== records || chunk.doubles[(at >> 1) + 2] !== 2 ** 40 + records) outOfPlace++;
    records++;
  }
  chunks++;
  ring.release();
}
parentPort?.postMessage({ records, chunks, outOfPlace } satisfies RingFindings);
