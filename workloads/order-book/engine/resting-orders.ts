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

const FIBONACCI = 0x9e3779b1 | 0;
// Sixteen neighbouring ids share a cache line of the index: ids are dense and the young ones are used most.
const RUN_BITS = 4;
const RUN_MASK = 15;

/**
 * Records of the orders in a book, in one Int32Array, and the index from order id to record. A record is addressed by
 * its offset in `words`; 0 is no record. Freed records are reused last in first out, so the warm ones stay warm.
 */
export class RestingOrders {
  /** Order records of eight words, see REMAINING … TERMS. */
  words = new Int32Array(8 * 1024);
  /** The same memory as float64: the id of the order at `slot` is `ids[slot >> 1]`. */
  ids = new Float64Array(this.words.buffer);
  /** What special orders have beside their record, at the same offset. Empty before the first of them. */
  extras = new Int32Array(0);
  /** Number of orders. */
  count = 0;
  private free = 0;
  private fresh = 8;
  /** Open addressing with linear probing, at most half full: entries of two words, low word of the id and slot. */
  private table = new Int32Array(2 * 4096);
  private mask = 4095;
  private shift = 32 - 12 + RUN_BITS;

  /** The record of order `id`, or 0. */
  find(id: number): number {
    const table = this.table;
    const mask = this.mask;
    const low = id | 0;
    let entry = ((Math.imul(low >> RUN_BITS, FIBONACCI) >>> this.shift) << RUN_BITS) | (low & RUN_MASK);
    for (;;) {
      const slot = table[2 * entry + 1] as number;
      if (slot === 0) return 0;
      if (table[2 * entry] === low && this.ids[slot >> 1] === id) return slot;
      entry = (entry + 1) & mask;
    }
  }

  /** A record for order `id`, which is not in the book. Its other fields are the caller's to fill. */
  add(id: number): number {
    if (2 * (this.count + 1) > this.mask) this.growTable();
    let slot = this.free;
    if (slot !== 0) {
      this.free = this.words[slot + NEXT] as number;
    } else {
      slot = this.fresh;
      this.fresh += 8;
      if (slot >= this.words.length) this.growRecords();
    }
    this.ids[slot >> 1] = id;
    this.insert(id | 0, slot);
    this.count++;
    return slot;
  }

  /** Makes room for the extras of every order there is. */
  reserveExtras(): void {
    if (this.extras.length >= this.words.length) return;
    const grown = new Int32Array(this.words.length);
    grown.set(this.extras);
    this.extras = grown;
  }

  /** Frees the record at `slot` and the id with it. */
  remove(slot: number): void {
    const low = (this.ids[slot >> 1] as number) | 0;
    const table = this.table;
    const mask = this.mask;
    let hole = ((Math.imul(low >> RUN_BITS, FIBONACCI) >>> this.shift) << RUN_BITS) | (low & RUN_MASK);
    while (table[2 * hole + 1] !== slot) hole = (hole + 1) & mask;
    // Backward shift: entries behind the hole that probed past it move up, so no tombstones gather.
    let entry = hole;
    for (;;) {
      entry = (entry + 1) & mask;
      const moved = table[2 * entry + 1] as number;
      if (moved === 0) break;
      const key = table[2 * entry] as number;
      const home = ((Math.imul(key >> RUN_BITS, FIBONACCI) >>> this.shift) << RUN_BITS) | (key & RUN_MASK);
      if (((entry - home) & mask) < ((entry - hole) & mask)) continue;
      table[2 * hole] = key;
      table[2 * hole + 1] = moved;
      hole = entry;
    }
    table[2 * hole + 1] = 0;
    this.words[slot + NEXT] = this.free;
    this.free = slot;
    this.count--;
  }

  private insert(low: number, slot: number): void {
    const table = this.table;
    const mask = this.mask;
    let entry = ((Math.imul(low >> RUN_BITS, FIBONACCI) >>> this.shift) << RUN_BITS) | (low & RUN_MASK);
    while (table[2 * entry + 1] !== 0) entry = (entry + 1) & mask;
    table[2 * entry] = low;
    table[2 * entry + 1] = slot;
  }

  private growRecords(): void {
    this.words = doubled(this.words);
    this.ids = new Float64Array(this.words.buffer);
  }

  private growTable(): void {
    const old = this.table;
    this.table = new Int32Array(old.length * 2);
    this.mask = this.mask * 2 + 1;
    this.shift--;
    for (let entry = 0; entry < old.length; entry += 2) {
      const slot = old[entry + 1] as number;
      if (slot !== 0) this.insert(old[entry] as number, slot);
    }
  }
}
