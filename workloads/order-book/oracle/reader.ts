import { parentPort, workerData } from 'node:worker_threads';
import { RingReader } from '../engine/report-ring.ts';
import { REPORT_WORDS, type Reports } from '../engine/reports.ts';
import { ReportText } from './report-text.ts';

/** What the second thread is told before each run. */
export interface RunRequest {
  /** Also write and hash the text, which takes many times as long as matching. */
  readonly withText: boolean;
}

/** What it answers when a run's reports have all arrived. */
export interface RunResult {
  /** Folds every word of every report, so that runs can be compared. */
  readonly checksum: number;
  readonly text?: { readonly sha256: string; readonly fills: number };
  /** Why there is no text. */
  readonly failure?: string;
}

export interface ReaderData {
  readonly memory: SharedArrayBuffer;
  readonly prices: Int32Array | undefined;
}

function foldReports(before: number, { words, count }: Reports): number {
  let checksum = before;
  for (let at = 0; at < count * REPORT_WORDS; at++) checksum = (Math.imul(checksum, 31) + (words[at] as number)) | 0;
  return checksum;
}

function readRun(ring: RingReader, text: ReportText | undefined): RunResult {
  let checksum = 0;
  let failure: string | undefined;
  for (;;) {
    const chunk = ring.take();
    if (chunk === undefined) break;
    checksum = foldReports(checksum, chunk);
    try {
      if (failure === undefined) text?.add(chunk);
    } catch (error) {
      // The rest is read all the same: the writer would wait for ever.
      failure = error instanceof Error ? error.message : String(error);
    }
    ring.release();
  }
  if (failure !== undefined) return { checksum, failure };
  return text === undefined ? { checksum } : { checksum, text: { sha256: text.digest(), fills: text.fills } };
}

if (parentPort !== null) {
  const port = parentPort;
  const { memory, prices } = workerData as ReaderData;
  const ring = new RingReader(memory);
  port.on('message', ({ withText }: RunRequest) => {
    port.postMessage(readRun(ring, withText ? new ReportText(prices) : undefined));
  });
}
