import type { Clearing } from './auction.ts';
import { indicative, uncross } from './auction.ts';
import { MAX_PRICE } from './ladder.ts';
import { Matcher } from './matcher.ts';
import { FILL_OR_KILL, IMMEDIATE_OR_CANCEL, KEEP_PRIORITY, MARKET, POST_ONLY } from './order-flags.ts';
import {
  HIDDEN,
  LINKED,
  NEXT,
  type OrderRecords,
  OWNER_SHIFT,
  PARTNER,
  PRICE,
  REMAINING,
  SIDE_BIT,
  SPECIAL,
  TERMS,
  WAITING,
} from './order-records.ts';
import type { OrderTerms } from './order-terms.ts';
import { BUY, SELL, type Side } from './queues.ts';
import { Reason, type Reports, ReportType } from './reports.ts';
import { RestingOrders } from './resting-orders.ts';

export * from './order-flags.ts';
export { BUY, type OrderTerms, SELL, type Side };

/** Highest quantity of one order in lots. */
export const MAX_QUANTITY = 2_147_483_647;
/** Orders in one book unless it is told otherwise; keeps the volume of a level exact (2^21 × 2^31 < 2^53). */
export const MAX_RESTING = 2 ** 21;
/** Highest number of an owner. 0 is nobody, whose orders trade with each other. */
export const MAX_OWNER = 2 ** 25 - 1;

export const CONTINUOUS = 0;
/** Nothing is placed or changed; cancels pass. */
export const HALTED = 1;
/** Plain limit orders are collected for an auction and do not match. */
export const CALL = 2;
export type Phase = typeof CONTINUOUS | typeof HALTED | typeof CALL;

const ACCEPTED = ReportType.accepted;
const CANCELLED_REMAINDER = ReportType.cancelled | (Reason.immediateRemainder << 16);
const IMMEDIATE = IMMEDIATE_OR_CANCEL | FILL_OR_KILL;

export interface BookOptions {
  /** Default: MAX_RESTING. */
  readonly maxResting?: number;
  /** Where the book keeps its orders; with HostedOrders the ids are what those say. Default: in records of its own. */
  readonly orders?: OrderRecords;
}

/**
 * One symbol's limit order book with price-time priority. Prices are ticks in [1, MAX_PRICE], quantities lots in
 * [1, MAX_QUANTITY], ids integers in [1, 2^53 − 1]; who calls has checked that. No clock, no randomness, and no allocation
 * per message: the same calls give the same reports on every machine.
 */
export class Book {
  private readonly matcher: Matcher;
  private readonly maxResting: number;
  private currentPhase: Phase = CONTINUOUS;

  constructor(reports: Reports, { maxResting = MAX_RESTING, orders = new RestingOrders() }: BookOptions = {}) {
    this.matcher = new Matcher(reports, orders);
    this.maxResting = maxResting;
  }

  /** Sequence number of the message at work; its low 32 bits go into the reports. */
  set sequence(sequence: number) {
    this.matcher.sequence = sequence;
  }

  /** Number of orders: resting, waiting and collected. */
  get size(): number {
    return this.matcher.orders.count;
  }

  /** Highest bid in ticks, 0 when there is none. */
  get bestBid(): number {
    return this.matcher.queues.bid;
  }

  /** Lowest ask in ticks, NO_ASK when there is none. */
  get bestAsk(): number {
    return this.matcher.queues.ask;
  }

  /** Price of the last trade, 0 before the first. Set for a snapshot that is loaded. */
  get lastPrice(): number {
    return this.matcher.lastPrice;
  }

  set lastPrice(price: number) {
    this.matcher.lastPrice = price;
  }

  get phase(): Phase {
    return this.currentPhase;
  }

  get band(): { readonly lowest: number; readonly highest: number } {
    return { lowest: this.matcher.lowestPrice, highest: this.matcher.highestPrice };
  }

  /**
   * A limit order; a market order is one at `marketPrice` with MARKET and IMMEDIATE_OR_CANCEL. Reports accepted, its trades,
   * and cancelled for what is left of an immediate order; or rejected, and then nothing changed.
   */
  place(id: number, side: Side, price: number, quantity: number, flags: number, owner = 0): void {
    const { matcher } = this;
    const { reports, sequence } = matcher;
    const limit = (flags & MARKET) === 0 ? price : matcher.inBand(side, price, flags);
    const refusal = this.refusal(id, side, limit, quantity, flags, owner);
    if (refusal !== Reason.none) {
      reports.push(ReportType.rejected | (side << 8) | (refusal << 16), price, quantity, sequence, id, 0);
      return;
    }
    reports.push(ACCEPTED | (side << 8), price, quantity, sequence, id, 0);
    const terms = side | (owner << OWNER_SHIFT);
    if (this.currentPhase === CALL) {
      matcher.call.add(matcher.orders.add(id), terms, price, quantity);
      return;
    }
    let remaining = quantity;
    if (matcher.meets(side, limit)) {
      remaining = matcher.match(id, side, limit, quantity, flags, owner);
      if (remaining === 0) {
        matcher.enterTriggered();
        return;
      }
    }
    if ((flags & IMMEDIATE) === 0) matcher.queues.rest(matcher.orders.add(id), terms, limit, remaining);
    else reports.push(CANCELLED_REMAINDER | (side << 8), price, remaining, sequence, id, 0);
    if (remaining !== quantity) matcher.enterTriggered();
  }

  /** An order with more to it than `place` takes: a stop, a peak or a partner. Reports as `place` does, and triggered. */
  placeSpecial(order: OrderTerms): void {
    const { matcher } = this;
    const { reports, sequence } = matcher;
    const { id, side, price, quantity, stop, partner } = order;
    const refusal = this.specialRefusal(order);
    if (refusal !== Reason.none) {
      reports.push(ReportType.rejected | (side << 8) | (refusal << 16), price, quantity, sequence, id, 0);
      return;
    }
    reports.push(ACCEPTED | (side << 8), price, quantity, sequence, id, 0);
    const slot = matcher.addSpecial(order);
    if (partner !== 0) matcher.link(id, partner);
    if (stop === 0) {
      matcher.enter(slot);
    } else if (side === BUY ? matcher.lastPrice < stop : matcher.lastPrice > stop) {
      matcher.wait(slot, stop);
    } else {
      matcher.enterAsTriggered(slot);
    }
    matcher.enterTriggered();
  }

  /** Takes the order off the book. Reports cancelled with what was left of it, or cancelRejected. */
  cancel(id: number, reason: number = Reason.byRequest): void {
    const { orders, queues, reports, sequence } = this.matcher;
    const slot = orders.find(id);
    if (slot === 0) {
      reports.push(ReportType.cancelRejected | (Reason.notResting << 16), 0, 0, sequence, id, 0);
      return;
    }
    const { words } = orders;
    const terms = words[slot + TERMS] as number;
    if ((terms & SPECIAL) !== 0) {
      this.matcher.leave(slot, reason);
      return;
    }
    const head = ReportType.cancelled | ((terms & SIDE_BIT) << 8) | (reason << 16);
    reports.push(head, words[slot + PRICE] as number, words[slot + REMAINING] as number, sequence, id, 0);
    queues.unlink(slot);
    orders.remove(slot);
  }

  /**
   * Gives the order another price and another open quantity. It loses its place in time, may match at once, and rests with what is
   * left. Reports modified and its trades, or modifyRejected, and then nothing changed.
   */
  replace(id: number, price: number, quantity: number, flags: number): void {
    const { matcher } = this;
    const { orders, queues, reports, sequence } = matcher;
    const slot = orders.find(id);
    const terms = orders.words[slot + TERMS] as number;
    const side = (terms & SIDE_BIT) as Side;
    const refusal = slot === 0 ? Reason.notResting : this.replaceRefusal(terms, side, price, flags);
    if (refusal !== Reason.none) {
      reports.push(ReportType.modifyRejected | (side << 8) | (refusal << 16), price, quantity, sequence, id, 0);
      return;
    }
    reports.push(ReportType.modified | (side << 8), price, quantity, sequence, id, 0);
    if ((flags & KEEP_PRIORITY) !== 0 && price === orders.words[slot + PRICE] && quantity <= matcher.open(slot)) {
      matcher.reduce(slot, quantity);
      return;
    }
    if ((terms & SPECIAL) !== 0 || this.currentPhase === CALL) {
      this.replaceSpecial(slot, price, quantity, flags);
      return;
    }
    queues.unlink(slot);
    const remaining = matcher.match(id, side, price, quantity, flags, terms >> OWNER_SHIFT);
    if (remaining === 0) orders.remove(slot);
    else queues.rest(slot, terms, price, remaining);
    if (remaining !== quantity) matcher.enterTriggered();
  }

  /**
   * Halts the book, opens a call for an auction, or (CONTINUOUS) opens it, which first trades what the call collected at one
   * price. Reports the trades of that auction.
   */
  enterPhase(phase: Phase): void {
    this.currentPhase = phase;
    if (phase !== CONTINUOUS) return;
    uncross(this.matcher);
    this.matcher.enterTriggered();
  }

  /** Prices outside [lowest, highest] are refused from now on. Orders that rest outside stay. */
  setBand(lowest: number, highest: number): void {
    this.matcher.lowestPrice = lowest;
    this.matcher.highestPrice = highest;
  }

  /** What an auction would trade now, and at which price; undefined when no orders meet. */
  indicative(): Clearing | undefined {
    return indicative(this.matcher);
  }

  /** Open quantity of an order in lots, what it hides included; 0 when it is not there. */
  remaining(id: number): number {
    const slot = this.matcher.orders.find(id);
    return slot === 0 ? 0 : this.matcher.open(slot);
  }

  /** Whether the order is a stop that waits for its price. */
  isWaiting(id: number): boolean {
    const { orders } = this.matcher;
    const slot = orders.find(id);
    return slot !== 0 && ((orders.words[slot + TERMS] as number) & WAITING) !== 0;
  }

  /** The other of two linked orders, or 0. */
  partnerOf(id: number): number {
    const { ids, words, extras } = this.matcher.orders;
    const slot = this.matcher.orders.find(id);
    if (slot === 0 || ((words[slot + TERMS] as number) & LINKED) === 0) return 0;
    return ids[(extras[slot + PARTNER] as number) >> 1] as number;
  }

  /** What the orders of `side` at `price` show together, in lots. */
  volumeAt(side: Side, price: number): number {
    const { queues } = this.matcher;
    const isOther = side === BUY ? price > queues.bid : price < queues.ask;
    return isOther ? 0 : (queues.ladder.volumes[(queues.ladder.levelAt(price) >> 1) + 1] as number);
  }

  /** How many orders of `side` stand at `price`. */
  ordersAt(side: Side, price: number): number {
    if (this.volumeAt(side, price) === 0) return 0;
    const { queues, orders } = this.matcher;
    let count = 0;
    for (let slot = queues.headAt(price); slot !== 0; slot = orders.words[slot + NEXT] as number) count++;
    return count;
  }

  /** Calls `visit` with price and shown volume of the levels of `side`, best first, until it answers false. */
  levels(side: Side, visit: (price: number, volume: number) => boolean): void {
    this.matcher.queues.levels(side, visit);
  }

  /**
   * Calls `visit` for every resting order of `side` in price-time order with what it shows and hides. Restoring them in this order
   * rebuilds the side.
   */
  eachOrder(side: Side, visit: (id: number, price: number, shown: number, hidden: number) => void): void {
    const { words, ids } = this.matcher.orders;
    this.matcher.queues.each(side, (slot) => {
      const shown = words[slot + REMAINING] as number;
      visit(ids[slot >> 1] as number, words[slot + PRICE] as number, shown, this.matcher.open(slot) - shown);
    });
  }

  /** Calls `visit` for every waiting stop of `side`, in the order in which they would be triggered. */
  eachStop(side: Side, visit: (id: number, stop: number) => void): void {
    const { words, ids } = this.matcher.orders;
    this.matcher.stops?.each(side, (slot) => visit(ids[slot >> 1] as number, words[slot + PRICE] as number));
  }

  /** Calls `visit` for every order that the call has collected, oldest first. */
  eachCalled(visit: (id: number, side: Side, price: number, quantity: number) => void): void {
    const { words, ids } = this.matcher.orders;
    this.matcher.call.each((slot) => {
      const side = ((words[slot + TERMS] as number) & SIDE_BIT) as Side;
      visit(ids[slot >> 1] as number, side, words[slot + PRICE] as number, words[slot + REMAINING] as number);
    });
  }

  /**
   * Gives an order that will be put back its record: orders of a snapshot get theirs by age, so that those of one time lie side by side,
   * and come to rest by price.
   */
  enrol(id: number): void {
    this.matcher.orders.add(id);
  }

  /** Puts an order back to rest behind those at its price, without matching or reporting: for a snapshot that is loaded. */
  restore(id: number, side: Side, price: number, shown: number, owner = 0, hidden = 0, peak = 0): void {
    const { matcher } = this;
    if (peak === 0) {
      matcher.queues.rest(matcher.orders.obtain(id), side | (owner << OWNER_SHIFT), price, shown);
      return;
    }
    const slot = matcher.addSpecial({ id, side, price, quantity: shown, flags: 0, owner, stop: 0, peak, partner: 0 });
    matcher.orders.extras[slot + HIDDEN] = hidden;
    matcher.queues.rest(slot, matcher.orders.words[slot + TERMS] as number, price, shown);
  }

  /** Puts a stop back to wait behind those of its price. A partner it has is for `link`. */
  restoreStop(order: OrderTerms): void {
    this.matcher.wait(this.matcher.addSpecial(order), order.stop);
  }

  /** Puts an order back behind those that the call has collected. A partner it has is for `link`. */
  restoreCalled(order: OrderTerms): void {
    const slot = this.matcher.addSpecial(order);
    this.matcher.call.add(slot, this.matcher.orders.words[slot + TERMS] as number, order.price, order.quantity);
  }

  /** Puts back the phase, without an auction. */
  restorePhase(phase: Phase): void {
    this.currentPhase = phase;
  }

  /**
   * Reads the record of the order. Who does this for many orders at once, before the first of them is cancelled, has the processor wait
   * for many lines of memory at the same time, and not for one after the other.
   */
  touch(id: number): number {
    const { orders } = this.matcher;
    return orders.words[orders.find(id) + TERMS] as number;
  }

  /** Makes each of two orders cancel the other. */
  link(id: number, partner: number): void {
    this.matcher.link(id, partner);
  }

  private refusal(id: number, side: Side, limit: number, quantity: number, flags: number, owner: number): number {
    const { matcher } = this;
    if (matcher.orders.find(id) !== 0) return Reason.duplicateId;
    if (flags !== 0 || this.currentPhase !== CONTINUOUS) {
      const phase = this.phaseRefusal((flags & (IMMEDIATE | POST_ONLY | MARKET)) === 0);
      const refusal = phase === Reason.none ? matcher.entryRefusal(side, limit, quantity, flags, owner) : phase;
      if (refusal !== Reason.none) return refusal;
    } else if (limit < matcher.lowestPrice || limit > matcher.highestPrice) {
      return Reason.outOfBand;
    }
    // Conservative: an order that would fill without resting is refused too, so that a full book cannot depend on its price.
    return matcher.orders.count >= this.maxResting ? Reason.bookFull : Reason.none;
  }

  private specialRefusal({ id, side, price, quantity, flags, owner, stop, partner }: OrderTerms): number {
    const { matcher } = this;
    const { orders } = matcher;
    if (orders.find(id) !== 0) return Reason.duplicateId;
    const phase = this.phaseRefusal(false);
    if (phase !== Reason.none) return phase;
    const limit = matcher.inBand(side, price, flags);
    // A stop meets the other side only when it is triggered, and the band then counts again.
    const entry = matcher.entryRefusal(side, limit, quantity, stop === 0 ? flags : 0, owner);
    if (entry !== Reason.none) return entry;
    if (stop !== 0 && matcher.lastPrice === 0) return Reason.noLastPrice;
    if (partner !== 0) {
      const slot = orders.find(partner);
      const terms = orders.words[slot + TERMS] as number;
      if (slot === 0 || (terms & LINKED) !== 0 || (terms & SIDE_BIT) !== side) return Reason.badPartner;
    }
    return orders.count >= this.maxResting ? Reason.bookFull : Reason.none;
  }

  private replaceRefusal(terms: number, side: Side, price: number, flags: number): number {
    const { matcher } = this;
    if ((terms & WAITING) !== 0) return Reason.waiting;
    const phase = this.phaseRefusal((flags & POST_ONLY) === 0);
    if (phase !== Reason.none) return phase;
    if (price < matcher.lowestPrice || price > matcher.highestPrice) return Reason.outOfBand;
    return (flags & POST_ONLY) !== 0 && matcher.meets(side, price) ? Reason.wouldMatch : Reason.none;
  }

  private phaseRefusal(isPlain: boolean): number {
    if (this.currentPhase === CONTINUOUS) return Reason.none;
    if (this.currentPhase === HALTED) return Reason.halted;
    return isPlain ? Reason.none : Reason.notInAuction;
  }

  private replaceSpecial(slot: number, price: number, quantity: number, flags: number): void {
    const { matcher } = this;
    matcher.detach(slot);
    if (this.currentPhase === CALL) {
      matcher.call.add(slot, matcher.orders.words[slot + TERMS] as number, price, quantity);
      return;
    }
    matcher.reenter(slot, price, quantity, flags);
    matcher.enterTriggered();
  }
}

/** The limit that lets a market order take any price. */
export function marketPrice(side: Side): number {
  return side === BUY ? MAX_PRICE : 1;
}
