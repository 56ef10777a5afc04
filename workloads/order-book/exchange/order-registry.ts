import { Accounts } from './accounts.ts';
import { type ClientId, ClientIds, parseClientId } from './client-ids.ts';
import { type ExtraTerms, NO_EXTRA } from './command.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import {
  ACCOUNT,
  CLIENT_HIGH,
  CLIENT_LOW,
  CREATED,
  FILLED,
  HAS_EXTRA,
  MARKET_SHIFT,
  NEXT,
  OPEN,
  OrderTable,
  PREVIOUS,
  PRICE,
  QUANTITY,
  STATE,
  STATUS_SHIFT,
  type StatusNumber,
  TERMS_MASK,
  UPDATED,
} from './order-table.ts';
import type { Placement } from './placement.ts';
import { STATUSES } from './record.ts';
import { termsOf } from './terms.ts';

/** Every open order and the last closed ones, by id, by account and by client order id. Inside, an order is its slot in `table`. */
export class OrderRegistry {
  readonly table = new OrderTable();
  readonly accounts = new Accounts();
  readonly clientIds = new ClientIds(this.table);
  /** Number of closed orders that are remembered. */
  closedCount = 0;
  /** No open order expires before this; Infinity when none does. */
  nextExpiryMs = Number.POSITIVE_INFINITY;
  private readonly markets: readonly Market[];
  /** Terms that few orders have, by slot. */
  private readonly extras = new Map<number, ExtraTerms>();
  private readonly expiring = new Set<number>();
  /** Slots of the closed orders in the order of their closing: a ring, of which `closedCount` are in use from `firstClosed` on. */
  private closed = new Int32Array(1_024);
  private firstClosed = 0;
  private readonly clientId: ClientId = { low: 0, high: 0, text: '' };

  /** `markets`: by number; may grow. */
  constructor(markets: readonly Market[]) {
    this.markets = markets;
  }

  /** Number of open orders. */
  get open(): number {
    return this.table.count - this.closedCount;
  }

  /** Makes room for `orders` orders, open or closed. */
  reserve(orders: number): void {
    this.table.reserve(orders);
    this.clientIds.reserve(orders);
  }

  get(id: number): Order | undefined {
    return this.copy(this.table.find(id));
  }

  /** The order, when it belongs to `account`: others' orders do not exist for it. */
  ofAccount(account: string, id: number): Order | undefined {
    return this.copy(this.findOwn(this.accounts.find(account), id));
  }

  byClientId(account: string, clientOrderId: string): Order | undefined {
    parseClientId(clientOrderId, this.clientId);
    return this.copy(this.clientIds.find(this.accounts.find(account), this.clientId));
  }

  openCount(account: string): number {
    return this.accounts.open[this.accounts.find(account)] ?? 0;
  }

  /** Open orders of `account`, oldest first. */
  openOf(account: string): Order[] {
    return this.openSlots(this.accounts.find(account)).map((slot) => this.view(slot));
  }

  /** In the order of their closing. */
  closedOrders(): Order[] {
    return this.closedSlots().map((slot) => this.view(slot));
  }

  /** The number that the account has for command records, 0 for none. */
  numberOf(account: string): number {
    return this.accounts.numberOf(account);
  }

  /** The account that has this number. */
  nameOf(number: number): string | undefined {
    return this.accounts.name(this.accounts.ofNumber(number)) || undefined;
  }

  /** The slot of the order, when it belongs to the account of this index; 0 otherwise. */
  findOwn(account: number, id: number): number {
    const slot = this.table.find(id);
    return slot !== 0 && this.table.words[slot + ACCOUNT] === account ? slot : 0;
  }

  /** Slots of the closed orders, in the order of their closing. */
  closedSlots(): number[] {
    return Array.from({ length: this.closedCount }, (_, index) => this.closedAt(index));
  }

  /** Reads the `count` oldest closed orders, see Preloader. */
  touchClosed(count: number): number {
    const { words } = this.table;
    let sum = 0;
    for (let index = 0; index < count; index++) sum += words[this.closedAt(index) + STATE] as number;
    return sum;
  }

  /** Reads where their ids and client order ids stand. */
  touchIdsOfClosed(count: number): number {
    const { table, clientIds } = this;
    let sum = 0;
    for (let index = 0; index < count; index++) {
      const slot = this.closedAt(index);
      sum += clientIds.touchOf(slot) + table.touchId(slot);
    }
    return sum;
  }

  /** Slots of the open orders of an account, the oldest first. */
  openSlots(account: number): number[] {
    const { words } = this.table;
    const slots: number[] = [];
    for (let slot = this.accounts.first[account] as number; slot !== 0; slot = words[slot + NEXT] as number) {
      slots.push(slot);
    }
    return slots.sort((a, b) => this.idOf(a) - this.idOf(b));
  }

  /** Slots of the open orders whose time has come by `timeMs`, the earliest first, then the oldest. */
  takeExpired(timeMs: number): number[] {
    const expired: number[] = [];
    this.nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const slot of this.expiring) {
      const { expiresMs } = this.extraOf(slot);
      if (expiresMs <= timeMs) expired.push(slot);
      else this.nextExpiryMs = Math.min(this.nextExpiryMs, expiresMs);
    }
    const expiry = (slot: number): number => this.extraOf(slot).expiresMs;
    return expired.sort((a, b) => expiry(a) - expiry(b) || this.idOf(a) - this.idOf(b));
  }

  idOf(slot: number): number {
    return this.table.idOf(slot);
  }

  /** The order's terms beside those of its record; its self-trade mode is in the record. */
  extraOf(slot: number): ExtraTerms {
    return this.extras.get(slot) ?? NO_EXTRA;
  }

  /** Remembers an open order as `placement` says. Returns its slot. */
  add(id: number, placement: Placement): number {
    const { table, accounts } = this;
    const { account, timeMs, price, quantity, extra } = placement;
    const slot = table.add(id);
    const { words, doubles } = table;
    const half = slot >> 1;
    doubles[half + (CREATED >> 1)] = timeMs;
    doubles[half + (UPDATED >> 1)] = timeMs;
    words[slot + ACCOUNT] = account;
    words[slot + STATE] = placement.terms | (OPEN << STATUS_SHIFT) | (placement.market << MARKET_SHIFT);
    words[slot + PRICE] = price;
    words[slot + QUANTITY] = quantity;
    words[slot + FILLED] = 0;
    words[slot + CLIENT_LOW] = placement.clientId.low;
    words[slot + CLIENT_HIGH] = placement.clientId.high;
    this.clientIds.add(slot, placement.clientId.text);
    accounts.hold(account);
    this.enlist(slot, account);
    if (extra !== NO_EXTRA) this.addExtra(slot, extra);
    return slot;
  }

  /** The order left the book. It is remembered until `forget`. */
  close(slot: number, status: Exclude<StatusNumber, typeof OPEN>, reason: number): void {
    const { table } = this;
    this.delist(slot);
    table.close(slot, status, reason);
    if (((table.words[slot + STATE] as number) & HAS_EXTRA) !== 0) this.expiring.delete(slot);
    if (this.closedCount === this.closed.length) this.growClosed();
    this.closed[(this.firstClosed + this.closedCount) & (this.closed.length - 1)] = slot;
    this.closedCount++;
  }

  /** Forgets the oldest closed orders until `keep` are left. */
  forget(keep: number): void {
    while (this.closedCount > keep) {
      const slot = this.closedAt(0);
      const { words } = this.table;
      this.firstClosed = (this.firstClosed + 1) & (this.closed.length - 1);
      this.closedCount--;
      this.clientIds.remove(slot);
      if (((words[slot + STATE] as number) & HAS_EXTRA) !== 0) this.extras.delete(slot);
      this.accounts.release(words[slot + ACCOUNT] as number);
      this.table.remove(slot);
    }
  }

  /** The order at `slot` as an object. */
  view(slot: number): Order {
    const { table } = this;
    const { words, doubles } = table;
    const state = words[slot + STATE] as number;
    const terms = termsOf(state & TERMS_MASK);
    const market = this.markets[table.marketOf(slot)];
    if (terms === undefined || market === undefined) throw new Error(`a broken record of order ${this.idOf(slot)}`);
    const { selfTrade, ...plain } = terms;
    const hasExtra = (state & HAS_EXTRA) !== 0 || selfTrade !== 'allow';
    return {
      id: this.idOf(slot),
      account: this.accounts.name(words[slot + ACCOUNT] as number),
      clientOrderId: this.clientIds.text(slot),
      market,
      placed: { price: table.placedPrice(slot), quantity: table.placedQuantity(slot) },
      ...plain,
      price: words[slot + PRICE] as number,
      quantity: words[slot + QUANTITY] as number,
      ...(hasExtra && { extra: { ...this.extraOf(slot), selfTrade } }),
      filled: words[slot + FILLED] as number,
      status: STATUSES[table.statusOf(slot)] ?? 'open',
      reason: table.reasonOf(slot),
      createdMs: doubles[(slot + CREATED) >> 1] as number,
      updatedMs: doubles[(slot + UPDATED) >> 1] as number,
    };
  }

  private closedAt(index: number): number {
    return this.closed[(this.firstClosed + index) & (this.closed.length - 1)] as number;
  }

  private growClosed(): void {
    const grown = new Int32Array(this.closed.length * 2);
    grown.set(this.closed.subarray(this.firstClosed));
    grown.set(this.closed.subarray(0, this.firstClosed), this.closed.length - this.firstClosed);
    this.closed = grown;
    this.firstClosed = 0;
  }

  private copy(slot: number): Order | undefined {
    return slot === 0 ? undefined : this.view(slot);
  }

  private addExtra(slot: number, extra: ExtraTerms): void {
    const { words } = this.table;
    words[slot + STATE] = (words[slot + STATE] as number) | HAS_EXTRA;
    this.extras.set(slot, extra);
    if (extra.expiresMs === 0) return;
    this.expiring.add(slot);
    this.nextExpiryMs = Math.min(this.nextExpiryMs, extra.expiresMs);
  }

  /** Appends the order to the open ones of its account. */
  private enlist(slot: number, account: number): void {
    const { words } = this.table;
    const { open, first, last } = this.accounts;
    const before = last[account] as number;
    words[slot + PREVIOUS] = before;
    words[slot + NEXT] = 0;
    if (before === 0) first[account] = slot;
    else words[before + NEXT] = slot;
    last[account] = slot;
    open[account] = (open[account] as number) + 1;
  }

  private delist(slot: number): void {
    const { words } = this.table;
    const { open, first, last } = this.accounts;
    const account = words[slot + ACCOUNT] as number;
    const before = words[slot + PREVIOUS] as number;
    const after = words[slot + NEXT] as number;
    if (before === 0) first[account] = after;
    else words[before + NEXT] = after;
    if (after === 0) last[account] = before;
    else words[after + PREVIOUS] = before;
    open[account] = (open[account] as number) - 1;
  }
}
