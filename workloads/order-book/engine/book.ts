import { Ladder, MAX_PRICE, NO_ASK } from './ladder.ts';
import { Reason, type Reports, ReportType } from './reports.ts';
import { LEVEL, NEXT, PREVIOUS, PRICE, REMAINING, RestingOrders, SIDE } from './resting-orders.ts';

export const BUY = 0;
export const SELL = 1;
/** 0 or 1, as in the oracle's report text. */
export type Side = typeof BUY | typeof SELL;

/** Highest quantity of one order in lots. */
export const MAX_QUANTITY = 2_147_483_647;
/** Resting orders in one book unless it is told otherwise; keeps the volume of a level exact (2^21 × 2^31 < 2^53). */
export const MAX_RESTING = 2 ** 21;

/** Bits of `flags` of `place` and `replace`. */
export const IMMEDIATE_OR_CANCEL = 1;
export const FILL_OR_KILL = 2;
export const POST_ONLY = 4;
/** `replace` at the same price with no more quantity keeps the order's place in its queue. */
export const KEEP_PRIORITY = 8;

const ACCEPTED = ReportType.accepted;
const CANCELLED_BY_REQUEST = ReportType.cancelled | (Reason.byRequest << 16);
const CANCELLED_REMAINDER = ReportType.cancelled | (Reason.immediateRemainder << 16);

/**
 * One symbol's limit order book with price-time priority. Prices are ticks in [1, MAX_PRICE], quantities lots in
 * [1, MAX_QUANTITY], ids integers in [1, 2^53 − 1]; who calls has checked that. No clock, no randomness, and no allocation
 * per message: the same calls give the same reports on every machine.
 */
export class Book {
  /** Highest bid in ticks, 0 when there is none. */
  bestBid = 0;
  /** Lowest ask in ticks, NO_ASK when there is none. */
  bestAsk: number = NO_ASK;
  /** Sequence number of the message at work; its low 32 bits go into the reports. The caller sets it. */
  sequence = 0;
  private readonly reports: Reports;
  private readonly maxResting: number;
  private readonly ladder = new Ladder();
  private readonly orders = new RestingOrders();

  constructor(reports: Reports, maxResting = MAX_RESTING) {
    this.reports = reports;
    this.maxResting = maxResting;
  }

  /** Number of resting orders. */
  get size(): number {
    return this.orders.count;
  }

  /**
   * A limit order; a market order is one at the last price of its side with IMMEDIATE_OR_CANCEL. Reports accepted, its trades,
   * and cancelled for what is left of an immediate order; or rejected, and then nothing changed.
   */
  place(id: number, side: Side, price: number, quantity: number, flags: number): void {
    const refusal = this.refusal(id, side, price, quantity, flags);
    if (refusal !== Reason.none) {
      this.reports.push(ReportType.rejected | (side << 8) | (refusal << 16), price, quantity, this.sequence, id, 0);
      return;
    }
    this.reports.push(ACCEPTED | (side << 8), price, quantity, this.sequence, id, 0);
    const remaining = this.match(id, side, price, quantity);
    if (remaining === 0) return;
    if ((flags & (IMMEDIATE_OR_CANCEL | FILL_OR_KILL)) !== 0) {
      this.reports.push(CANCELLED_REMAINDER | (side << 8), price, remaining, this.sequence, id, 0);
      return;
    }
    this.rest(this.orders.add(id), side, price, remaining);
  }

  /** Takes the order off the book. Reports cancelled with what was left of it, or cancelRejected. */
  cancel(id: number): void {
    const slot = this.orders.find(id);
    if (slot === 0) {
      this.reports.push(ReportType.cancelRejected | (Reason.notResting << 16), 0, 0, this.sequence, id, 0);
      return;
    }
    const words = this.orders.words;
    const side = words[slot + SIDE] as Side;
    const price = words[slot + PRICE] as number;
    this.reports.push(
      CANCELLED_BY_REQUEST | (side << 8),
      price,
      words[slot + REMAINING] as number,
      this.sequence,
      id,
      0,
    );
    this.unlink(slot, side, price);
    this.orders.remove(slot);
  }

  /**
   * Gives the order another price and another open quantity. It loses its place in time, may match at once, and rests with what is
   * left. Reports modified and its trades, or modifyRejected, and then nothing changed.
   */
  replace(id: number, price: number, quantity: number, flags: number): void {
    const slot = this.orders.find(id);
    if (slot === 0) {
      this.reports.push(ReportType.modifyRejected | (Reason.notResting << 16), price, quantity, this.sequence, id, 0);
      return;
    }
    const words = this.orders.words;
    const side = words[slot + SIDE] as Side;
    const oldPrice = words[slot + PRICE] as number;
    if ((flags & POST_ONLY) !== 0 && this.crosses(side, price)) {
      const head = ReportType.modifyRejected | (side << 8) | (Reason.wouldMatch << 16);
      this.reports.push(head, price, quantity, this.sequence, id, 0);
      return;
    }
    this.reports.push(ReportType.modified | (side << 8), price, quantity, this.sequence, id, 0);
    const open = words[slot + REMAINING] as number;
    if ((flags & KEEP_PRIORITY) !== 0 && price === oldPrice && quantity <= open) {
      words[slot + REMAINING] = quantity;
      this.addVolume(words[slot + LEVEL] as number, quantity - open);
      return;
    }
    this.unlink(slot, side, oldPrice);
    const remaining = this.match(id, side, price, quantity);
    if (remaining === 0) this.orders.remove(slot);
    else this.rest(slot, side, price, remaining);
  }

  /** Open quantity of a resting order in lots, 0 when it does not rest. */
  remaining(id: number): number {
    const slot = this.orders.find(id);
    return slot === 0 ? 0 : (this.orders.words[slot + REMAINING] as number);
  }

  /** Calls `visit` with price and volume of the levels of `side`, best first, until it answers false. */
  levels(side: Side, visit: (price: number, volume: number) => boolean): void {
    const { ladder } = this;
    let price = side === BUY ? this.bestBid : this.bestAsk;
    while (price !== 0 && price !== NO_ASK) {
      if (!visit(price, ladder.volumes[(ladder.levelAt(price) >> 1) + 1] as number)) return;
      price = side === BUY ? ladder.below(price) : ladder.above(price);
    }
  }

  /** Calls `visit` for every resting order of `side` in price-time order. Placing them again in this order rebuilds the side. */
  eachOrder(side: Side, visit: (id: number, price: number, remaining: number) => void): void {
    const { words, ids } = this.orders;
    this.levels(side, (price) => {
      let slot = this.ladder.words[this.ladder.levelAt(price)] as number;
      while (slot !== 0) {
        visit(ids[slot >> 1] as number, price, words[slot + REMAINING] as number);
        slot = words[slot + NEXT] as number;
      }
      return true;
    });
  }

  /** Puts an order back to rest behind those at its price, without matching or reporting: for a snapshot that is loaded. */
  restore(id: number, side: Side, price: number, remaining: number): void {
    this.rest(this.orders.add(id), side, price, remaining);
  }

  private refusal(id: number, side: Side, price: number, quantity: number, flags: number): number {
    if (this.orders.find(id) !== 0) return Reason.duplicateId;
    if (flags !== 0) {
      if ((flags & POST_ONLY) !== 0 && this.crosses(side, price)) return Reason.wouldMatch;
      if ((flags & FILL_OR_KILL) !== 0 && !this.fillable(side, price, quantity)) return Reason.notFillable;
    }
    // Conservative: an order that would fill without resting is refused too, so that a full book cannot depend on its price.
    return this.orders.count >= this.maxResting ? Reason.bookFull : Reason.none;
  }

  private crosses(side: Side, price: number): boolean {
    return side === BUY ? price >= this.bestAsk : price <= this.bestBid;
  }

  private fillable(side: Side, limit: number, quantity: number): boolean {
    const { ladder } = this;
    let missing = quantity;
    let price = side === BUY ? this.bestAsk : this.bestBid;
    while (price !== 0 && price !== NO_ASK && (side === BUY ? price <= limit : price >= limit)) {
      missing -= ladder.volumes[(ladder.levelAt(price) >> 1) + 1] as number;
      if (missing <= 0) return true;
      price = side === BUY ? ladder.above(price) : ladder.below(price);
    }
    return false;
  }

  /** Matches against the other side up to `limit`. Returns what is left, in lots. */
  private match(id: number, side: Side, limit: number, quantity: number): number {
    let remaining = quantity;
    if (side === BUY) {
      while (remaining > 0 && this.bestAsk <= limit) {
        remaining = this.take(id, this.bestAsk, SELL, remaining);
      }
    } else {
      while (remaining > 0 && this.bestBid >= limit) {
        remaining = this.take(id, this.bestBid, BUY, remaining);
      }
    }
    return remaining;
  }

  /** Fills up to `quantity` from the level at `price`, first in first out, at the makers' price. Returns what is left. */
  private take(taker: number, price: number, makerSide: Side, quantity: number): number {
    const { ladder, orders, reports, sequence } = this;
    const { words, ids } = orders;
    const level = ladder.levelAt(price);
    let remaining = quantity;
    let maker = ladder.words[level] as number;
    do {
      const open = words[maker + REMAINING] as number;
      if (open > remaining) {
        words[maker + REMAINING] = open - remaining;
        reports.push(ReportType.trade, price, remaining, sequence, ids[maker >> 1] as number, taker);
        remaining = 0;
        break;
      }
      reports.push(ReportType.trade, price, open, sequence, ids[maker >> 1] as number, taker);
      remaining -= open;
      const next = words[maker + NEXT] as number;
      orders.remove(maker);
      maker = next;
    } while (maker !== 0 && remaining > 0);
    ladder.words[level] = maker;
    this.addVolume(level, remaining - quantity);
    if (maker === 0) {
      ladder.words[level + 1] = 0;
      this.leaveLevel(level, makerSide, price);
    } else {
      words[maker + PREVIOUS] = 0;
    }
    return remaining;
  }

  private rest(slot: number, side: Side, price: number, remaining: number): void {
    const words = this.orders.words;
    const { ladder } = this;
    const level = ladder.levelFor(price);
    const tail = ladder.words[level + 1] as number;
    words[slot + REMAINING] = remaining;
    words[slot + PRICE] = price;
    words[slot + PREVIOUS] = tail;
    words[slot + NEXT] = 0;
    words[slot + LEVEL] = level;
    words[slot + SIDE] = side;
    ladder.words[level + 1] = slot;
    this.addVolume(level, remaining);
    if (tail !== 0) {
      words[tail + NEXT] = slot;
      return;
    }
    ladder.words[level] = slot;
    ladder.occupy(level);
    if (side === BUY) {
      if (price > this.bestBid) this.bestBid = price;
    } else if (price < this.bestAsk) {
      this.bestAsk = price;
    }
  }

  private unlink(slot: number, side: Side, price: number): void {
    const words = this.orders.words;
    const level = words[slot + LEVEL] as number;
    const previous = words[slot + PREVIOUS] as number;
    const next = words[slot + NEXT] as number;
    this.addVolume(level, -(words[slot + REMAINING] as number));
    if (previous !== 0) words[previous + NEXT] = next;
    else this.ladder.words[level] = next;
    if (next !== 0) words[next + PREVIOUS] = previous;
    else this.ladder.words[level + 1] = previous;
    if (previous === 0 && next === 0) this.leaveLevel(level, side, price);
  }

  /** The level emptied. Only when it was the best does the best move, and then at once. */
  private leaveLevel(level: number, side: Side, price: number): void {
    this.ladder.vacate(level);
    if (side === BUY) {
      if (price === this.bestBid) this.bestBid = this.ladder.below(price);
    } else if (price === this.bestAsk) {
      this.bestAsk = this.ladder.above(price);
    }
  }

  private addVolume(level: number, lots: number): void {
    const volumes = this.ladder.volumes;
    const at = (level >> 1) + 1;
    volumes[at] = (volumes[at] as number) + lots;
  }
}

/** The limit that lets a market order take any price. */
export function marketPrice(side: Side): number {
  return side === BUY ? MAX_PRICE : 1;
}
