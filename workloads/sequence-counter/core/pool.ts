import { endOf } from './record.ts';
import type { Range } from './value.ts';

export interface PoolLimits {
  /** How many seconds of the present rate one block should last. */
  readonly horizonSeconds: number;
  readonly smallestBlock: number;
  readonly largestBlock: number;
}

/** Time constant of the rate estimate in ms. */
const rateWindowMs = 10_000;
/** A block that lasted shorter than this was too small whatever the average says: the next one doubles. */
const shortLivedMs = 1_000;

/**
 * The numbers that one process has in hand for one counter: a current block and the next one, fetched when half of the
 * current one is used, so that requests do not wait for the store.
 */
export class Pool {
  readonly #step: bigint;
  readonly #limits: PoolLimits;
  #ranges: Range[] = [];
  #left = 0;
  #lastBlock = 0;
  #takenSinceRefill = 0;
  #refilledAt: number | undefined;
  #ratePerMs = 0;

  constructor(step: bigint, limits: PoolLimits) {
    this.#step = step;
    this.#limits = limits;
  }

  /** Numbers in hand. */
  get left(): number {
    return this.#left;
  }

  /** Whether another block should be reserved now. */
  get low(): boolean {
    return this.#left * 2 <= this.#lastBlock;
  }

  /** Takes `count` numbers, all or none. The ranges ascend. */
  take(count: number): Range[] | undefined {
    if (count > this.#left) return undefined;
    this.#left -= count;
    this.#takenSinceRefill += count;
    const taken: Range[] = [];
    let missing = count;
    while (missing > 0) {
      const head = this.#ranges[0];
      if (head === undefined) throw new Error('the pool has fewer numbers than it counted');
      const used = Math.min(missing, head.count);
      taken.push({ first: head.first, count: used });
      missing -= used;
      if (used === head.count) this.#ranges.shift();
      else this.#ranges[0] = { first: head.first + BigInt(used) * this.#step, count: head.count - used };
    }
    return taken;
  }

  /** Adds a block that was won. `now` in monotonic ms. */
  refill(block: Range, now: number): void {
    this.#measure(now);
    this.#ranges.push(block);
    this.#left += block.count;
    this.#lastBlock = block.count;
  }

  /** How many numbers to reserve next. `waiting`: numbers that requests wait for already. */
  blockSize(now: number, waiting: number): number {
    const { horizonSeconds, smallestBlock, largestBlock } = this.#limits;
    const lasted = this.#refilledAt === undefined ? Number.POSITIVE_INFINITY : now - this.#refilledAt;
    const rate = this.#rateAt(now);
    const doubled = lasted < shortLivedMs ? this.#lastBlock * 2 : 0;
    const wanted = Math.max(rate * 1000 * horizonSeconds, doubled, smallestBlock);
    return Math.ceil(Math.max(Math.min(wanted, largestBlock), waiting));
  }

  /** The numbers in hand that reach up to the newest mark: those that can go back to the ledger. */
  tail(): Range | undefined {
    let tail = this.#ranges.at(-1);
    for (let index = this.#ranges.length - 2; tail !== undefined && index >= 0; index -= 1) {
      const before = this.#ranges[index];
      if (before === undefined || endOf(before, this.#step) !== tail.first) break;
      tail = { first: before.first, count: before.count + tail.count };
    }
    return tail;
  }

  /** Forgets everything in hand: after a lost lease, numbers of another holder may be above them. */
  clear(): void {
    this.#ranges = [];
    this.#left = 0;
    this.#lastBlock = 0;
  }

  #rateAt(now: number): number {
    if (this.#refilledAt === undefined) return 0;
    const elapsed = Math.max(now - this.#refilledAt, 1);
    const weight = 1 - Math.exp(-elapsed / rateWindowMs);
    return this.#ratePerMs + (this.#takenSinceRefill / elapsed - this.#ratePerMs) * weight;
  }

  #measure(now: number): void {
    this.#ratePerMs = this.#rateAt(now);
    this.#takenSinceRefill = 0;
    this.#refilledAt = now;
  }
}
