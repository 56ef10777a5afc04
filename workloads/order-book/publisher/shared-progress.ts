import type { TradeSource } from './publisher.ts';

const WRITTEN = 0;
const ACKNOWLEDGED = 1;

/** How far outbox and broker are, shared by the thread of the book and the thread of the publisher without a message for each step. */
export class SharedProgress implements TradeSource {
  readonly memory: SharedArrayBuffer;
  private readonly numbers: BigInt64Array;
  /** Counts the changes that somebody may wait for. */
  private readonly turn: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(24)) {
    this.memory = memory;
    this.numbers = new BigInt64Array(memory, 0, 2);
    this.turn = new Int32Array(memory, 16, 1);
  }

  written(): number {
    return Number(Atomics.load(this.numbers, WRITTEN));
  }

  setWritten(number: number): void {
    Atomics.store(this.numbers, WRITTEN, BigInt(number));
    this.wake();
  }

  acknowledged(): number {
    return Number(Atomics.load(this.numbers, ACKNOWLEDGED));
  }

  setAcknowledged(number: number): void {
    Atomics.store(this.numbers, ACKNOWLEDGED, BigInt(number));
  }

  async above(number: number): Promise<void> {
    const turn = Atomics.load(this.turn, 0);
    // Looked at after the turn was read: a change in between is not slept over.
    if (this.written() > number) return;
    await Atomics.waitAsync(this.turn, 0, turn).value;
  }

  wake(): void {
    Atomics.add(this.turn, 0, 1);
    Atomics.notify(this.turn, 0);
  }
}
