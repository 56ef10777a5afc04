const FIBONACCI = 0x9e3779b1 | 0;
// Sixteen neighbouring keys are a run: they share two cache lines, since ids are dense and those that are near are used together.
const RUN_BITS = 4;
const RUN = 16;
const RUN_MASK = 15;
const FIRST_BITS = 12;
/** Runs that are looked at for a place. With a table at most half full, no honest key has to go so far. */
const FAR = 64;

/**
 * An index from 32-bit keys to the slots of records: open addressing, at most half full, no tombstones. Several slots may have one
 * key; who searches compares the records. Slot 0 is no slot. A key whose place is taken goes to the same place of the next run: a
 * crowd of neighbours moves on as a whole, and none of them has to pass the others one by one.
 */
export class SlotIndex {
  /** Entries of two words: key and slot. Those of `key` begin at `home(key)`, each `next` to the one before, up to the first slot of 0. */
  table = new Int32Array(2 << FIRST_BITS);
  mask = (1 << FIRST_BITS) - 1;
  private shift = 32 - FIRST_BITS + RUN_BITS;
  private count = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Makes the table as large as `slots` need. Memory that is not used yet costs nothing, and growing takes tens of milliseconds. */
  reserve(slots: number): void {
    let { bits } = this;
    while (1 << bits <= 2 * slots) bits++;
    if (1 << bits > this.mask + 1) this.resize(bits);
  }

  home(key: number): number {
    const run = Math.imul(key >> RUN_BITS, FIBONACCI);
    // Turned by some bits of the run, or keys that are all multiples of sixteen would all have the same place.
    return ((run >>> this.shift) << RUN_BITS) | ((key ^ (run >>> 8)) & RUN_MASK);
  }

  next(entry: number): number {
    return (entry + RUN) & this.mask;
  }

  add(key: number, slot: number): void {
    if (2 * ++this.count > this.mask) this.reserve(this.count);
    while (!this.insert(key, slot)) this.resize(this.bits + 1);
  }

  /** The entry of `key` and `slot` is there. */
  remove(key: number, slot: number): void {
    const { table, mask } = this;
    let hole = this.home(key);
    for (let found = table[2 * hole + 1]; found !== slot; found = table[2 * hole + 1]) {
      if (found === 0) throw new Error(`slot ${slot} is not in the index`);
      hole = (hole + RUN) & mask;
    }
    // Backward shift: entries behind the hole that went past it move up.
    for (let entry = (hole + RUN) & mask; ; entry = (entry + RUN) & mask) {
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

  private get bits(): number {
    return 32 - this.shift + RUN_BITS;
  }

  /** Whether there was a place near enough. */
  private insert(key: number, slot: number): boolean {
    const { table, mask } = this;
    let entry = this.home(key);
    for (let runs = 0; table[2 * entry + 1] !== 0; runs++) {
      if (runs === FAR) return false;
      entry = (entry + RUN) & mask;
    }
    table[2 * entry] = key;
    table[2 * entry + 1] = slot;
    return true;
  }

  private resize(bits: number): void {
    const old = this.table;
    let size = bits;
    do {
      this.table = new Int32Array(2 << size);
      this.mask = (1 << size) - 1;
      this.shift = 32 - size + RUN_BITS;
      size++;
    } while (!this.insertAll(old));
  }

  private insertAll(entries: Int32Array): boolean {
    for (let entry = 0; entry < entries.length; entry += 2) {
      const slot = entries[entry + 1] as number;
      if (slot !== 0 && !this.insert(entries[entry] as number, slot)) return false;
    }
    return true;
  }
}
