import { doubled } from './ladder.ts';

/** Words per order: half a cache line. Words 0–1 hold the id as a float64. */
export const REMAINING = 2;
export const PRICE = 3;
export const PREVIOUS = 4;
export const NEXT = 5;
export const LEVEL = 6;
/** Side in bit 0, then the bits below, then the owner. */
export const TERMS = 7;

export const SIDE_BIT = 1;
/** A stop that waits for its price. */
export const WAITING = 2;
/** Collected in a call, for the next auction. */
export const CALLED = 4;
/** Shows a part of its quantity. */
export const ICEBERG = 8;
/** One of two orders of which one cancels the other. */
export const LINKED = 16;
/** A stop whose price came, before its turn. */
export const TRIGGERED = 32;
/** Orders that the shortest way through the book does not know. */
export const SPECIAL = WAITING | CALLED | ICEBERG | LINKED | TRIGGERED;
export const OWNER_SHIFT = 6;

/** Words of a special order beside its record. */
export const HIDDEN = 0;
export const PEAK = 1;
export const PARTNER = 2;
/** Price and flags of a stop once it is triggered. */
export const LIMIT = 3;
export const FLAGS = 4;

// A large buffer begins 16 bytes behind the start of a page, as malloc gives it: from word 12 on, a record does not lie across two
// cache lines.
const FIRST = 12;
const RECORD_WORDS = 8;

/**
 * Records of the orders in a book, in one Int32Array. A record is addressed by its offset in `words`; 0 is no record. Freed records
 * are reused last in first out, so the warm ones stay warm. How a record is found by the id of its order is for the two kinds to say:
 * RestingOrders has an index of its own, HostedOrders asks whoever owns the book.
 */
export abstract class OrderRecords {
  /** Order records of eight words, see REMAINING … TERMS. */
  words = new Int32Array(RECORD_WORDS * 1024);
  /** The same memory as float64: the id of the order at `slot` is `ids[slot >> 1]`. */
  ids = new Float64Array(this.words.buffer);
  /** What special orders have beside their record, at the same offset. Empty before the first of them. */
  extras = new Int32Array(0);
  /** Number of orders. */
  count = 0;
  private free = 0;
  private fresh = FIRST;

  /** The record of order `id`, or 0. */
  abstract find(id: number): number;

  /** A record for order `id`, which is not in the book. Its other fields are the caller's to fill. */
  abstract add(id: number): number;

  /** Frees the record at `slot` and the id with it. */
  abstract remove(slot: number): void;

  /** The record of order `id`, made when it has none. */
  obtain(id: number): number {
    const slot = this.find(id);
    return slot === 0 ? this.add(id) : slot;
  }

  /** Makes room for the extras of every order there is. */
  reserveExtras(): void {
    if (this.extras.length >= this.words.length) return;
    const grown = new Int32Array(this.words.length);
    grown.set(this.extras);
    this.extras = grown;
  }

  /** A record that is not in use, for order `id`. */
  protected take(id: number): number {
    let slot = this.free;
    if (slot !== 0) {
      this.free = this.words[slot + NEXT] as number;
    } else {
      slot = this.fresh;
      this.fresh += RECORD_WORDS;
      if (this.fresh > this.words.length) this.grow();
    }
    this.ids[slot >> 1] = id;
    this.count++;
    return slot;
  }

  protected give(slot: number): void {
    this.words[slot + NEXT] = this.free;
    this.free = slot;
    this.count--;
  }

  private grow(): void {
    this.words = doubled(this.words);
    this.ids = new Float64Array(this.words.buffer);
  }
}
