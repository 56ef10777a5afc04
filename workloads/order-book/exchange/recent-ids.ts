import { SlotIndex } from './slot-index.ts';

const FIRST_LENGTH = 4_096;
/** Entries of the ring per order, at least, before orders have to leave it. */
const SPREAD = 8;

/** Where the id of the order at `slot` stands: `doubles[slot >> 1]`. */
export interface IdsBySlot {
  readonly doubles: Float64Array;
}

/**
 * Which slot an order id has. Ids are sequences of commands, dense and rising, so the last bits of an id are as good as a hash and
 * better: neighbours stand side by side, and an order that comes or is forgotten finds its line in the cache. Where the ring comes
 * around to an order that is still there, it doubles; unless it is wide for the number of orders already: then the older one moves to
 * an index that takes any id.
 */
export class RecentIds {
  private readonly records: IdsBySlot;
  private ring: Int32Array;
  private mask: number;
  private readonly others = new SlotIndex();
  private count = 0;

  /** `length`: entries of the ring at first, a power of two. */
  constructor(records: IdsBySlot, length = FIRST_LENGTH) {
    this.records = records;
    this.ring = new Int32Array(length);
    this.mask = length - 1;
  }

  /** Makes the ring as wide as it may become with `orders` orders. */
  reserve(orders: number): void {
    let { length } = this.ring;
    while (length < SPREAD * orders) length *= 2;
    if (length > this.ring.length) this.resize(length);
  }

  /** The slot of order `id`, or 0. */
  find(id: number): number {
    const slot = this.ring[id & this.mask] as number;
    if (slot !== 0 && this.records.doubles[slot >> 1] === id) return slot;
    return this.others.isEmpty ? 0 : this.findOther(id);
  }

  /** Order `id`, which is not there, got `slot`, and its record says so. */
  add(id: number, slot: number): void {
    this.count++;
    const before = this.ring[id & this.mask] as number;
    if (before === 0) this.ring[id & this.mask] = slot;
    else this.insert(id, slot, before);
  }

  remove(id: number, slot: number): void {
    this.count--;
    if (this.ring[id & this.mask] === slot) this.ring[id & this.mask] = 0;
    else this.others.remove(id | 0, slot);
  }

  /** Reads where the id stands, see Preloader. */
  touch(id: number): number {
    return this.ring[id & this.mask] as number;
  }

  private findOther(id: number): number {
    const { others } = this;
    const { table } = others;
    const key = id | 0;
    for (let entry = others.home(key); ; entry = others.next(entry)) {
      const slot = table[2 * entry + 1] as number;
      if (slot === 0 || (table[2 * entry] === key && this.records.doubles[slot >> 1] === id)) return slot;
    }
  }

  /** `before` stands where `slot` would. */
  private insert(id: number, slot: number, before: number): void {
    if (this.ring.length < SPREAD * this.count) {
      this.resize(2 * this.ring.length);
      this.count--;
      this.add(id, slot);
      return;
    }
    const idBefore = this.records.doubles[before >> 1] as number;
    if (idBefore > id) {
      this.others.add(id | 0, slot);
    } else {
      this.others.add(idBefore | 0, before);
      this.ring[id & this.mask] = slot;
    }
  }

  private resize(length: number): void {
    const { ring } = this;
    this.ring = new Int32Array(length);
    this.mask = length - 1;
    for (let at = 0; at < ring.length; at++) {
      const slot = ring[at] as number;
      if (slot !== 0) this.ring[(this.records.doubles[slot >> 1] as number) & this.mask] = slot;
    }
  }
}
