import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { OrderTerms, Phase } from './book.ts';
import { createRingMemory, RingWriter } from './report-ring.ts';

/** Kinds of command records; a record has the layout of a report. TERMS goes before the PLACE that it belongs to. */
export const PLACE = 0;
export const CANCEL = 1;
export const REPLACE = 2;
export const TERMS = 3;
export const PHASE = 4;
export const BAND = 5;
/** Symbols are numbered 0 … this. */
export const MAX_SYMBOL = 32_767;

export interface ShardMemory {
  readonly commands: SharedArrayBuffer;
  readonly reports: SharedArrayBuffer;
}

/**
 * Books spread over threads: a symbol's commands all go to one thread, in the order of the calls, so its reports are those of a
 * book alone, whatever the number of threads. Each thread hands its reports on through a ring of its own, which another thread
 * must read: a full ring makes everybody behind it wait. Ids are unique over all symbols.
 */
export class Shards {
  /** One report ring per thread. */
  readonly reportMemory: readonly SharedArrayBuffer[];
  private readonly workers: readonly Worker[];
  private readonly rings: readonly RingWriter[];

  /** `threads`: 1 or more. */
  constructor(threads: number) {
    const memory = Array.from({ length: threads }, () => ({
      commands: createRingMemory(),
      reports: createRingMemory(),
    }));
    this.reportMemory = memory.map(({ reports }) => reports);
    this.rings = memory.map(({ commands }) => new RingWriter(commands));
    this.workers = memory.map((workerData) => new Worker(new URL('./shard.ts', import.meta.url), { workerData }));
  }

  place(symbol: number, order: OrderTerms): void {
    const { id, side, price, quantity, flags, owner, stop, peak, partner } = order;
    const { reports } = this.ringOf(symbol);
    if (stop + peak + partner > 0) reports.push(TERMS | (symbol << 16), stop, peak, 0, partner, 0);
    reports.push(PLACE | (side << 8) | (symbol << 16), price, quantity, flags, id, owner);
  }

  cancel(symbol: number, id: number): void {
    this.ringOf(symbol).reports.push(CANCEL | (symbol << 16), 0, 0, 0, id, 0);
  }

  replace(symbol: number, id: number, price: number, quantity: number, flags: number): void {
    this.ringOf(symbol).reports.push(REPLACE | (symbol << 16), price, quantity, flags, id, 0);
  }

  enterPhase(symbol: number, phase: Phase): void {
    this.ringOf(symbol).reports.push(PHASE | (symbol << 16), phase, 0, 0, 0, 0);
  }

  setBand(symbol: number, lowest: number, highest: number): void {
    this.ringOf(symbol).reports.push(BAND | (symbol << 16), lowest, highest, 0, 0, 0);
  }

  /** Hands on what has been called; without it a ring hands on 4,096 commands at a time. */
  flush(): void {
    for (const ring of this.rings) ring.flush();
  }

  /** Ends the threads when all commands are played and all reports read. Rejects with what a thread failed with. */
  async close(): Promise<void> {
    const exits = this.workers.map((worker) => once(worker, 'exit'));
    for (const ring of this.rings) ring.end();
    await Promise.all(exits);
  }

  private ringOf(symbol: number): RingWriter {
    return this.rings[symbol % this.rings.length] as RingWriter;
  }
}
