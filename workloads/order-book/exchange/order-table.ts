import { SlotIndex } from './slot-index.ts';

/** Words per order. Three of them are pairs that hold a float64: id, time of creation, time of the last change. */
export const ORDER_WORDS = 18;
export const CREATED = 2;
export const UPDATED = 4;
/** Index of the account, see Accounts. */
export const ACCOUNT = 6;
/** Bits 0–7 terms as in a record, 8–9 status, then the flags below, 16–23 the engine's reason. */
export const STATE = 7;
export const MARKET = 8;
export const PRICE = 9;
export const QUANTITY = 10;
export const FILLED = 11;
/** Price and quantity as first placed. */
export const PLACED_PRICE = 12;
export const PLACED_QUANTITY = 13;
/** The client order id when it is a number. */
export const CLIENT_LOW = 14;
export const CLIENT_HIGH = 15;
/** Neighbours among the open orders of the account. */
export const PREVIOUS = 16;
export const NEXT = 17;

export const SIDE_BIT = 1;
export const TYPE_BIT = 2;
export const TERMS_MASK = 255;
export const STATUS_SHIFT = 8;
export const STATUS_MASK = 3 << STATUS_SHIFT;
/** It has terms beside those of STATE. */
export const HAS_EXTRA = 1 << 10;
/** Its client order id is a text that is no number. */
export const HAS_TEXT = 1 << 11;
export const REASON_SHIFT = 16;

export const OPEN = 0;
export const FILLED_STATUS = 1;
export const CANCELLED = 2;
export const REJECTED = 3;
export type StatusNumber = typeof OPEN | typeof FILLED_STATUS | typeof CANCELLED | typeof REJECTED;

/**
 * Records of the orders in one Int32Array, and the index from id to record: no object per order, so a million of them cost the
 * garbage collector nothing. A record is addressed by its offset in `words`; 0 is no record. Freed ones are used again, last in first
 * out, so the warm ones stay warm.
 */
export class OrderTable {
  words = new Int32Array(1_024 * ORDER_WORDS);
  /** The same memory as float64: the id of the order at `slot` is `doubles[slot >> 1]`. */
  doubles = new Float64Array(this.words.buffer);
  /** Number of orders. */
  count = 0;
  private readonly index = new SlotIndex();
  private free = 0;
  private fresh = ORDER_WORDS;

  /** The record of order `id`, or 0. */
  find(id: number): number {
    const { index, doubles } = this;
    const { table, mask } = index;
    const key = id | 0;
    for (let entry = index.home(key); ; entry = (entry + 1) & mask) {
      const slot = table[2 * entry + 1] as number;
      if (slot === 0 || (table[2 * entry] === key && doubles[slot >> 1] === id)) return slot;
    }
  }

  /** A record for order `id`, which is not there. Its other fields are the caller's to fill. */
  add(id: number): number {
    let slot = this.free;
    if (slot !== 0) {
      this.free = this.words[slot + NEXT] as number;
    } else {
      slot = this.fresh;
      this.fresh += ORDER_WORDS;
      if (this.fresh > this.words.length) this.grow();
    }
    this.doubles[slot >> 1] = id;
    this.index.add(id | 0, slot);
    this.count++;
    return slot;
  }

  remove(slot: number): void {
    this.index.remove((this.doubles[slot >> 1] as number) | 0, slot);
    this.words[slot + NEXT] = this.free;
    this.free = slot;
    this.count--;
  }

  private grow(): void {
    const grown = new Int32Array(this.words.length * 2);
    grown.set(this.words);
    this.words = grown;
    this.doubles = new Float64Array(grown.buffer);
  }
}
