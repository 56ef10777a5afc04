import { OrderRecords } from './order-records.ts';

const FIBONACCI = 0x9e3779b1 | 0;
// Sixteen neighbouring ids share a cache line of the index: ids are dense and the young ones are used most.
const RUN_BITS = 4;
const RUN_MASK = 15;

/** Order records of a book that stands alone, with an index from order id to record. */
export class RestingOrders extends OrderRecords {
  /** Open addressing with linear probing, at most half full: entries of two words, low word of the id and slot. */
  private table = new Int32Array(2 * 4096);
  private mask = 4095;
  private shift = 32 - 12 + RUN_BITS;

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

  add(id: number): number {
    if (2 * (this.count + 1) > this.mask) this.growTable();
    const slot = this.take(id);
    this.insert(id | 0, slot);
    return slot;
  }

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
    this.give(slot);
  }

  private insert(low: number, slot: number): void {
    const table = this.table;
    const mask = this.mask;
    let entry = ((Math.imul(low >> RUN_BITS, FIBONACCI) >>> this.shift) << RUN_BITS) | (low & RUN_MASK);
    while (table[2 * entry + 1] !== 0) entry = (entry + 1) & mask;
    table[2 * entry] = low;
    table[2 * entry + 1] = slot;
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
