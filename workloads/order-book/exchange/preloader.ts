import type { Market } from './market.ts';
import type { OrderRegistry } from './order-registry.ts';
import { STATE } from './order-table.ts';
import { RECORD_BYTES, RecordKind } from './record.ts';

/** Records that are looked at together. */
export const BLOCK = 32;

/**
 * Touches the memory that a block of records will need, before the first of them is applied. With a hundred thousand orders, index
 * entry, order and its record in the book are each a miss in the cache, and one waits for the other: most of the time of an order.
 * Here the misses of a block have nothing to do with each other, so the processor waits for many of them at once: one kind of memory
 * after the other, each with what the one before it brought. It decides nothing and changes nothing.
 */
export class Preloader {
  /** What was read ends here, or the compiler would leave the reads out. */
  sink = 0;
  /** Slots of the orders that the records name, as it was before the first of them was applied; 0 for none. */
  readonly slots = new Int32Array(BLOCK);
  private readonly orders: OrderRegistry;
  private readonly markets: readonly Market[];

  constructor(orders: OrderRegistry, markets: readonly Market[]) {
    this.orders = orders;
    this.markets = markets;
  }

  /** `count` records at `from`, at most BLOCK; `kept`: closed orders that are remembered. */
  load(records: DataView, from: number, count: number, kept: number): void {
    const { orders } = this;
    const closing = orders.closedCount + count > kept ? Math.min(count, orders.closedCount) : 0;
    let sum = this.loadClientIds(records, from, count) + orders.touchClosed(closing);
    sum += this.loadOrders(records, from, count) + orders.touchIdsOfClosed(closing);
    this.sink = (this.sink + sum + this.loadBooks(count)) | 0;
  }

  private loadClientIds(records: DataView, from: number, count: number): number {
    const { accounts, clientIds } = this.orders;
    let sum = 0;
    for (let index = 0, at = from; index < count; index++, at += RECORD_BYTES) {
      const account = accounts.ofNumber(records.getUint32(at + 4, true));
      sum += clientIds.touch(account, records.getInt32(at + 8, true), records.getInt32(at + 12, true));
    }
    return sum;
  }

  private loadOrders(records: DataView, from: number, count: number): number {
    const { slots } = this;
    const { words } = this.orders.table;
    let sum = 0;
    for (let index = 0, at = from; index < count; index++, at += RECORD_BYTES) {
      const slot = this.slotOf(records, at);
      slots[index] = slot;
      sum += words[slot + STATE] as number;
    }
    return sum;
  }

  private loadBooks(count: number): number {
    const { slots, markets } = this;
    const { table } = this.orders;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const slot = slots[index] as number;
      if (slot !== 0) sum += markets[table.marketOf(slot)]?.book.touch(slot) ?? 0;
    }
    return sum;
  }

  private slotOf(records: DataView, at: number): number {
    const kind = records.getUint8(at);
    if (kind === RecordKind.place) return 0;
    const low = records.getInt32(at + 8, true);
    const high = records.getInt32(at + 12, true);
    if (kind === RecordKind.cancel || kind === RecordKind.replace) {
      return this.orders.table.find(high * 2 ** 32 + (low >>> 0));
    }
    const account = this.orders.accounts.ofNumber(records.getUint32(at + 4, true));
    return this.orders.clientIds.findNumber(account, low, high);
  }
}
