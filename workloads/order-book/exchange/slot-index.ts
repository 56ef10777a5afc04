const FIBONACCI = 0x9e3779b1 | 0;
// Sixteen neighbouring keys share a cache line: order ids are dense and the young ones are used most.
const RUN_BITS = 4;
const RUN_MASK = 15;
const FIRST_BITS = 12;

/**
 * An index from 32-bit keys to the slots of records: open addressing with linear probing, at most half full, no tombstones. Several
 * slots may have one key; who searches compares the records. Slot 0 is no slot.
 */
export class SlotIndex {
  /** Entries of two words: key and slot. The entries of `key` begin at `home(key)` and end before the first slot of 0. */
  table = new Int32Array(2 << FIRST_BITS);
  mask = (1 << FIRST_BITS) - 1;
  private shift = 32 - FIRST_BITS + RUN_BITS;
  private count = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Makes the table as large as `slots` need. Memory that is not used yet costs nothing, and growing takes tens of milliseconds. */
  reserve(slots: number): void {
    let bits = 32 - this.shift + RUN_BITS;
    while (1 << bits <= 2 * slots) bits++;
    if (1 << bits > this.mask + 1) this.resize(bits);
  }

  home(key: number): number {
    return ((Math.imul(key >> RUN_BITS, FIBONACCI) >>> this.shift) << RUN_BITS) | (key & RUN_MASK);
  }

  add(key: number, slot: number): void {
    if (2 * ++this.count > this.mask) this.reserve(this.count);
    this.insert(key, slot);
  }

  /** The entry of `key` and `slot` is there. */
  remove(key: number, slot: number): void {
    const { table, mask } = this;
    let hole = this.home(key);
    for (let found = table[2 * hole + 1]; found !== slot; found = table[2 * hole + 1]) {
      if (found === 0) throw new Error(`slot ${slot} is not in the index`);
      hole = (hole + 1) & mask;
    }
    // Backward shift: entries behind the hole that probed past it move up.
    for (let entry = (hole + 1) & mask; ; entry = (entry + 1) & mask) {
      const moved = table[2 * entry + 1] as number;
      if (moved === 0) break;
      const movedKey = table[2 * entry] as number;
      if (((entry - this.home(movedKey)) & mask) < ((entry - hole) & mask)) continue;
      table[2 * hole] = movedKey;
      table[2 * hole + 1] = moved;
      hole = entry;
    }
    table[2 * hole + 1] = 0;
    this.count--;
  }

  private insert(key: number, slot: number): void {
    const { table, mask } = this;
    let entry = this.home(key);
    while (table[2 * entry + 1] !== 0) entry = (entry + 1) & mask;
    table[2 * entry] = key;
    table[2 * entry + 1] = slot;
  }

  private resize(bits: number): void {
    const old = this.table;
    this.table = new Int32Array(2 << bits);
    this.mask = (1 << bits) - 1;
    this.shift = 32 - bits + RUN_BITS;
    for (let entry = 0; entry < old.length; entry += 2) {
      const slot = old[entry + 1] as number;
      if (slot !== 0) this.insert(old[entry] as number, slot);
    }
  }
}
