import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { RingReader } from '../report-ring.ts';
import { REPORT_WORDS, type Reports } from '../reports.ts';

/** Ids of the tests: the symbol's number in millions. */
export const IDS_PER_SYMBOL = 1_000_000;

/** Hashes the reports of each symbol apart from the others'. */
export class SymbolHashes {
  private readonly hashes = new Map<number, Hash>();

  add({ words, doubles, count }: Reports): void {
    for (let at = 0; at < count * REPORT_WORDS; at += REPORT_WORDS) {
      const symbol = Math.floor((doubles[(at >> 1) + 2] as number) / IDS_PER_SYMBOL);
      const hash = this.hashes.get(symbol) ?? createHash('sha256');
      this.hashes.set(symbol, hash.update(words.subarray(at, at + REPORT_WORDS).join()));
    }
  }

  digests(): [symbol: number, sha256: string][] {
    return [...this.hashes]
      .map(([symbol, hash]): [number, string] => [symbol, hash.digest('hex')])
      .sort((a, b) => a[0] - b[0]);
  }
}

// As a worker: reads one ring to its end and posts the hashes.
if (parentPort !== null && workerData instanceof SharedArrayBuffer) {
  const ring = new RingReader(workerData);
  const hashes = new SymbolHashes();
  for (let chunk = ring.take(); chunk !== undefined; chunk = ring.take()) {
    hashes.add(chunk);
    ring.release();
  }
  parentPort.postMessage(hashes.digests());
}
