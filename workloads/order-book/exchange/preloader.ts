import type { Market } from './market.ts';
import type { OrderRegistry } from './order-registry.ts';
import { CLIENT_LOW, STATE } from './order-table.ts';
import { RECORD_BYTES, RecordKind } from './record.ts';

/** Records that are looked at together. */
export const BLOCK = 32;

/**
 * Touches the memory that a block of records will need, before the first of them is applied. With a hundred thousand orders, index
 * entry, order and its record in the book are each a miss in the cache, and one waits for the other: most of the time of an order.
 * Here the misses of a block have nothing to do with each other, so the processor waits for many of them at once. It decides nothing
 * and changes nothing.
 */
export class Preloader {
  /** What was read ends here, or the compiler would leave the reads out. */
  sink = 0;
  private readonly orders: OrderRegistry;
  private readonly markets: readonly Market[];
  private readonly slots = new Int32Array(BLOCK);

  constructor(orders: OrderRegistry, markets: readonly Market[]) {
    this.orders = orders;
    this.markets = markets;
  }

  /** `count` records at `from`, at most BLOCK; `kept`: closed orders that are remembered. */
  load(records: DataView, from: number, count: number, kept: number): void {
    const { orders } = this;
    const { accounts, clientIds } = orders;
    let sum = 0;
    for (let index = 0, at = from; index < count; index++, at += RECORD_BYTES) {
      const account = accounts.ofNumber(records.getUint32(at + 4, true));
      sum += clientIds.touch(account, records.getInt32(at + 8, true), records.getInt32(at + 12, true));
    }
    const closing = orders.closedCount + count > kept ? Math.min(count, orders.closedCount) : 0;
    sum += orders.touchClosed(closing);
    sum += this.loadOrders(records, from, count);
    sum += orders.touchIdsOfClosed(closing);
    this.sink = (this.sink + sum) | 0;
  }

  /** Orders that are cancelled or replaced, then their records in the books. */
  private loadOrders(records: DataView, from: number, count: number): number {
    const { orders, slots, markets } = this;
    const { words } = orders.table;
    let sum = 0;
    for (let index = 0, at = from; index < count; index++, at += RECORD_BYTES) {
      const slot = this.slotOf(records, at);
      slots[index] = slot;
      sum += (words[slot + STATE] as number) + (words[slot + CLIENT_LOW] as number);
    }
    for (let index = 0; index < count; index++) {
      const slot = slots[index] as number;
      const market = slot === 0 ? undefined : markets[orders.table.marketOf(slot)];
      if (market !== undefined) sum += market.book.remaining(slot);
    }
    return sum;
  }

  private slotOf(records: DataView, at: number): number {
    const kind = records.getUint8(at);
    const low = records.getInt32(at + 8, true);
    const high = records.getInt32(at + 12, true);
    if (kind === RecordKind.cancel || kind === RecordKind.replace) {
      return this.orders.table.find(high * 2 ** 32 + (low >>> 0));
    }
    if (kind !== RecordKind.cancelByClientId && kind !== RecordKind.replaceByClientId) return 0;
    const account = this.orders.accounts.ofNumber(records.getUint32(at + 4, true));
    return this.orders.clientIds.findNumber(account, low, high);
  }
}
