import { HostedOrders } from '../engine/hosted-orders.ts';
import { RecentIds } from './recent-ids.ts';

/** Words per order: one cache line. Three pairs of them hold a float64: id, time of creation, time of the last change. */
export const ORDER_WORDS = 16;
export const CREATED = 2;
export const UPDATED = 4;
/** See the bits below. */
export const STATE = 6;
/** Index of the account, see Accounts; 0 in a record that is not in use. */
export const ACCOUNT = 7;
export const PRICE = 8;
export const QUANTITY = 9;
export const FILLED = 10;
/** The client order id when it is a number. */
export const CLIENT_LOW = 11;
export const CLIENT_HIGH = 12;
/** Where the book has the order; 0 when it is not there. The book keeps this word, see HostedOrders. */
const IN_BOOK = 13;
/** Neighbours among the open orders of the account. */
export const PREVIOUS = 14;
export const NEXT = 15;
/** Of a closed order: the engine's reason. */
const REASON = PREVIOUS;

/** In STATE: the byte of terms as in a record, the status, flags, the number of the symbol. */
export const TERMS_MASK = 255;
export const SIDE_BIT = 1;
export const TYPE_BIT = 2;
export const STATUS_SHIFT = 8;
export const STATUS_MASK = 3 << STATUS_SHIFT;
/** It has terms beside those of STATE. */
export const HAS_EXTRA = 1 << 10;
/** Its client order id is a text that is no number. */
export const HAS_TEXT = 1 << 11;
/** Price or quantity are not those of its placing any more. */
const IS_CHANGED = 1 << 12;
export const MARKET_SHIFT = 13;

export const OPEN = 0;
export const FILLED_STATUS = 1;
export const CANCELLED = 2;
export const REJECTED = 3;
export type StatusNumber = typeof OPEN | typeof FILLED_STATUS | typeof CANCELLED | typeof REJECTED;

// A large buffer begins 16 bytes behind the start of a page, as malloc gives it: twelve words later, and after a record for slot 0,
// every record is one cache line and not parts of two.
const FIRST = 12 + ORDER_WORDS;

/**
 * Records of the orders in one Int32Array, and the way from id to record: no object per order, so a million of them cost the
 * garbage collector nothing. A record is addressed by its offset in `words`; 0 is no record. Freed ones are used again, last in first
 * out, so the warm ones stay warm.
 */
export class OrderTable {
  words = new Int32Array(1_024 * ORDER_WORDS);
  /** The same memory as float64: the id of the order at `slot` is `doubles[slot >> 1]`. */
  doubles = new Float64Array(this.words.buffer);
  /** Number of orders. */
  count = 0;
  private readonly ids = new RecentIds(this);
  /** Price and quantity of the placing where IS_CHANGED, two words per record. Empty before the first. */
  private placed = new Int32Array(0);
  private free = 0;
  private fresh = FIRST;

  /** Makes room for `orders` orders. */
  reserve(orders: number): void {
    this.ids.reserve(orders);
    const words = FIRST + orders * ORDER_WORDS;
    if (words > this.words.length) this.resize(words);
  }

  /** The record of order `id`, or 0. */
  find(id: number): number {
    return this.ids.find(id);
  }

  /** A record for order `id`, which is not there. Its other fields are the caller's to fill, but that of the book. */
  add(id: number): number {
    let slot = this.free;
    if (slot !== 0) {
      this.free = this.words[slot + NEXT] as number;
    } else {
      slot = this.fresh;
      this.fresh += ORDER_WORDS;
      if (this.fresh > this.words.length) this.resize(2 * this.words.length);
    }
    this.doubles[slot >> 1] = id;
    this.ids.add(id, slot);
    this.count++;
    return slot;
  }

  remove(slot: number): void {
    const { words } = this;
    this.ids.remove(this.doubles[slot >> 1] as number, slot);
    words[slot + ACCOUNT] = 0;
    words[slot + NEXT] = this.free;
    this.free = slot;
    this.count--;
  }

  /** The slots of all orders, by rising id. */
  byId(): Int32Array {
    const { words, doubles, fresh } = this;
    const ids = new Float64Array(this.count);
    let count = 0;
    for (let slot = FIRST; slot < fresh; slot += ORDER_WORDS) {
      if (words[slot + ACCOUNT] !== 0) ids[count++] = doubles[slot >> 1] as number;
    }
    return Int32Array.from(ids.sort(), (id) => this.find(id));
  }

  /** Reads where the id of the order at `slot` stands, see Preloader. */
  touchId(slot: number): number {
    return this.ids.touch(this.doubles[slot >> 1] as number);
  }

  /** Orders of one book that calls them by their slots here. */
  hostBook(): HostedOrders {
    return new HostedOrders(this, IN_BOOK);
  }

  idOf(slot: number): number {
    return this.doubles[slot >> 1] as number;
  }

  statusOf(slot: number): number {
    return ((this.words[slot + STATE] as number) & STATUS_MASK) >> STATUS_SHIFT;
  }

  /** Number of the symbol. */
  marketOf(slot: number): number {
    return (this.words[slot + STATE] as number) >>> MARKET_SHIFT;
  }

  /** The engine's reason why the order was closed; 0 while it is open. */
  reasonOf(slot: number): number {
    return this.statusOf(slot) === OPEN ? 0 : (this.words[slot + REASON] as number);
  }

  /** Changes the status of an order that left its book and the list of its account. */
  close(slot: number, status: Exclude<StatusNumber, typeof OPEN>, reason: number): void {
    const { words } = this;
    words[slot + STATE] = ((words[slot + STATE] as number) & ~STATUS_MASK) | (status << STATUS_SHIFT);
    words[slot + REASON] = reason;
  }

  /** Price or quantity are about to change. */
  keepPlaced(slot: number): void {
    const { words } = this;
    if (((words[slot + STATE] as number) & IS_CHANGED) !== 0) return;
    this.setPlaced(slot, words[slot + PRICE] as number, words[slot + QUANTITY] as number);
  }

  /** The order was placed with these, and has others now. */
  setPlaced(slot: number, price: number, quantity: number): void {
    const { words } = this;
    if (this.placed.length < words.length >> 3) {
      const grown = new Int32Array(words.length >> 3);
      grown.set(this.placed);
      this.placed = grown;
    }
    words[slot + STATE] = (words[slot + STATE] as number) | IS_CHANGED;
    this.placed[slot >> 3] = price;
    this.placed[(slot >> 3) + 1] = quantity;
  }

  /** As first placed. */
  placedPrice(slot: number): number {
    const { words } = this;
    return (
      ((words[slot + STATE] as number) & IS_CHANGED) === 0 ? words[slot + PRICE] : this.placed[slot >> 3]
    ) as number;
  }

  placedQuantity(slot: number): number {
    const { words } = this;
    const isChanged = ((words[slot + STATE] as number) & IS_CHANGED) !== 0;
    return (isChanged ? this.placed[(slot >> 3) + 1] : words[slot + QUANTITY]) as number;
  }

  private resize(words: number): void {
    const grown = new Int32Array(words);
    grown.set(this.words);
    this.words = grown;
    this.doubles = new Float64Array(grown.buffer);
  }
}
