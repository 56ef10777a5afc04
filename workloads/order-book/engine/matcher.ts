import { Call } from './auction.ts';
import { MAX_PRICE, NO_ASK } from './ladder.ts';
import {
  CANCEL_NEWEST,
  CANCEL_OLDEST,
  DECREMENT,
  FILL_OR_KILL,
  IMMEDIATE_OR_CANCEL,
  MARKET,
  POST_ONLY,
  SELF_TRADE,
} from './order-flags.ts';
import {
  CALLED,
  FLAGS,
  HIDDEN,
  ICEBERG,
  LIMIT,
  LINKED,
  NEXT,
  type OrderRecords,
  OWNER_SHIFT,
  PARTNER,
  PEAK,
  PREVIOUS,
  PRICE,
  REMAINING,
  SIDE_BIT,
  SPECIAL,
  TERMS,
  TRIGGERED,
  WAITING,
} from './order-records.ts';
import type { OrderTerms } from './order-terms.ts';
import { BUY, Queues, SELL, type Side } from './queues.ts';
import { Reason, type Reports, ReportType } from './reports.ts';
import { Stops } from './stops.ts';

const NOBODY = -1;

/** What happens when orders of one book meet, are triggered, or leave. Who may enter is for the Book to say. */
export class Matcher {
  /** Sequence number of the message at work. */
  sequence = 0;
  /** Price of the last trade, 0 before the first. */
  lastPrice = 0;
  lowestPrice = 1;
  highestPrice = MAX_PRICE;
  readonly orders: OrderRecords;
  readonly queues: Queues;
  readonly call: Call;
  readonly reports: Reports;
  stops: Stops | undefined;
  /** Limit of the order that is matched now. */
  private limit = 0;
  /** Trades so far: tells whether a match made one. */
  trades = 0;

  constructor(reports: Reports, orders: OrderRecords) {
    this.reports = reports;
    this.orders = orders;
    this.queues = new Queues(orders);
    this.call = new Call(orders);
  }

  /** Matches against the other side up to `limit`. Returns what is left to rest, in lots. */
  match(id: number, side: Side, limit: number, quantity: number, flags: number, owner: number): number {
    const { queues } = this;
    this.limit = limit;
    let remaining = quantity;
    if (side === BUY) {
      while (remaining > 0 && queues.ask <= limit) {
        remaining = this.take(id, queues.ask, SELL, remaining, flags, owner);
      }
    } else {
      while (remaining > 0 && queues.bid >= limit) {
        remaining = this.take(id, queues.bid, BUY, remaining, flags, owner);
      }
    }
    return remaining;
  }

  /** Fills up to `quantity` from the level at `price`, first in first out, at the makers' price. Returns what is left. */
  private take(taker: number, price: number, makerSide: Side, quantity: number, flags: number, owner: number): number {
    const { queues, orders, reports, sequence } = this;
    const { ladder } = queues;
    const { words, ids } = orders;
    const own = guarded(flags, owner);
    const level = ladder.levelAt(price);
    let remaining = quantity;
    let maker = ladder.words[level] as number;
    do {
      const terms = words[maker + TERMS] as number;
      if ((terms & SPECIAL) !== 0 || terms >> OWNER_SHIFT === own) break;
      this.trades++;
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
    queues.addVolume(level, remaining - quantity);
    if (maker === 0) {
      ladder.words[level + 1] = 0;
      queues.leaveLevel(level, makerSide, price);
    } else {
      words[maker + PREVIOUS] = 0;
    }
    if (remaining < quantity) this.traded(price);
    return maker === 0 || remaining === 0 ? remaining : this.takeSpecial(taker, maker, remaining, flags, own);
  }

  /** The next maker shows only a part, has a partner, or is the taker's own. Returns what is left. */
  private takeSpecial(taker: number, maker: number, quantity: number, flags: number, own: number): number {
    const { words, ids } = this.orders;
    const terms = words[maker + TERMS] as number;
    const price = words[maker + PRICE] as number;
    if (terms >> OWNER_SHIFT === own) return this.preventSelfTrade(taker, maker, price, quantity, flags);
    const shown = words[maker + REMAINING] as number;
    const lots = Math.min(shown, quantity);
    this.trades++;
    this.reports.push(ReportType.trade, price, lots, this.sequence, ids[maker >> 1] as number, taker);
    if ((terms & LINKED) !== 0) this.cancelPartner(maker);
    if (lots < shown) this.queues.show(maker, shown - lots);
    else this.nextPortion(maker);
    this.traded(price);
    return quantity - lots;
  }

  /** The portion that an order showed is gone: another one goes to the end of the queue, or the order is done. */
  private nextPortion(slot: number): void {
    const hidden = this.open(slot) - (this.orders.words[slot + REMAINING] as number);
    this.queues.unlink(slot);
    if (hidden === 0) {
      this.orders.remove(slot);
      return;
    }
    const { words, extras } = this.orders;
    const terms = words[slot + TERMS] as number;
    this.restIceberg(slot, terms, words[slot + PRICE] as number, hidden, extras[slot + PEAK] as number);
  }

  private preventSelfTrade(taker: number, maker: number, price: number, quantity: number, flags: number): number {
    const { words, ids } = this.orders;
    const mode = flags & SELF_TRADE;
    if (mode === DECREMENT) {
      const open = this.open(maker);
      const lots = Math.min(open, quantity);
      this.reports.push(ReportType.prevented, price, lots, this.sequence, ids[maker >> 1] as number, taker);
      if (lots === open) this.remove(maker);
      else this.reduce(maker, open - lots);
      return quantity - lots;
    }
    const takerSide = 1 - ((words[maker + TERMS] as number) & SIDE_BIT);
    if (mode !== CANCEL_NEWEST) this.leave(maker, Reason.selfTrade);
    if (mode === CANCEL_OLDEST) return quantity;
    const head = ReportType.cancelled | (takerSide << 8) | (Reason.selfTrade << 16);
    this.reports.push(head, this.limit, quantity, this.sequence, taker, 0);
    return 0;
  }

  traded(price: number): void {
    this.lastPrice = price;
    if (this.stops?.isDue(price) === true) this.stops.trigger(price);
  }

  /** Triggered stops enter the book, also those that these trigger in turn. */
  enterTriggered(): void {
    if (this.stops === undefined) return;
    for (let slot = this.stops.next(); slot !== 0; slot = this.stops.next()) {
      // Cancelled by its partner while it stood in line.
      if (this.orders.words[slot + REMAINING] === 0) this.orders.remove(slot);
      else this.enterAsTriggered(slot);
    }
  }

  /** A stop whose price came enters the book; its partner, if it has one, is cancelled first. */
  enterAsTriggered(slot: number): void {
    this.reportTriggered(slot);
    if (((this.orders.words[slot + TERMS] as number) & LINKED) !== 0) this.cancelPartner(slot);
    this.enter(slot);
  }

  /** Puts a stop to wait for its price. */
  wait(slot: number, stop: number): void {
    const { words } = this.orders;
    this.stops ??= new Stops(this.orders);
    this.stops.add(slot, words[slot + TERMS] as number, stop, words[slot + REMAINING] as number);
  }

  private reportTriggered(slot: number): void {
    const { words, ids, extras } = this.orders;
    const head = ReportType.triggered | (((words[slot + TERMS] as number) & SIDE_BIT) << 8);
    const price = extras[slot + LIMIT] as number;
    this.reports.push(head, price, words[slot + REMAINING] as number, this.sequence, ids[slot >> 1] as number, 0);
  }

  /** A special order that stands nowhere enters the book: it matches, and rests or leaves. */
  enter(slot: number): void {
    const { words, ids, extras } = this.orders;
    const id = ids[slot >> 1] as number;
    const terms = words[slot + TERMS] as number;
    const side = (terms & SIDE_BIT) as Side;
    const quantity = words[slot + REMAINING] as number;
    const flags = extras[slot + FLAGS] as number;
    const limit = this.inBand(side, extras[slot + LIMIT] as number, flags);
    const refusal = this.entryRefusal(side, limit, quantity, flags, terms >> OWNER_SHIFT);
    const before = this.trades;
    const remaining =
      refusal === Reason.none ? this.match(id, side, limit, quantity, flags, terms >> OWNER_SHIFT) : quantity;
    const isImmediate = (flags & (IMMEDIATE_OR_CANCEL | FILL_OR_KILL)) !== 0;
    if (remaining !== 0 && (refusal !== Reason.none || isImmediate)) {
      const reason = refusal === Reason.none ? Reason.immediateRemainder : refusal;
      const head = ReportType.cancelled | (side << 8) | (reason << 16);
      this.reports.push(head, extras[slot + LIMIT] as number, remaining, this.sequence, id, 0);
    }
    const stays = remaining !== 0 && refusal === Reason.none && !isImmediate;
    if ((terms & LINKED) !== 0 && (!stays || this.trades !== before)) this.cancelPartner(slot);
    if (!stays) this.orders.remove(slot);
    else this.restAt(slot, limit, remaining);
  }

  /** As `enter`, with other terms. */
  reenter(slot: number, price: number, quantity: number, flags: number): void {
    const { words, extras } = this.orders;
    extras[slot + LIMIT] = price;
    extras[slot + FLAGS] = flags;
    words[slot + REMAINING] = quantity;
    this.enter(slot);
  }

  /** An order that stands nowhere comes to rest. */
  restAt(slot: number, price: number, quantity: number): void {
    const { words, extras } = this.orders;
    const terms = words[slot + TERMS] as number;
    if ((terms & ICEBERG) !== 0) this.restIceberg(slot, terms, price, quantity, extras[slot + PEAK] as number);
    else this.queues.rest(slot, terms, price, quantity);
  }

  restIceberg(slot: number, terms: number, price: number, quantity: number, peak: number): void {
    const shown = Math.min(peak, quantity);
    this.orders.extras[slot + HIDDEN] = quantity - shown;
    this.queues.rest(slot, terms, price, shown);
  }

  /** A record for an order that stands nowhere yet. */
  addSpecial({ id, side, price, quantity, flags, owner, peak }: OrderTerms): number {
    const { orders } = this;
    const slot = orders.obtain(id);
    orders.reserveExtras();
    orders.extras.fill(0, slot, slot + 8);
    orders.words[slot + REMAINING] = quantity;
    orders.words[slot + TERMS] = side | (owner << OWNER_SHIFT) | (peak === 0 ? 0 : ICEBERG);
    orders.extras[slot + PEAK] = peak;
    orders.extras[slot + LIMIT] = price;
    orders.extras[slot + FLAGS] = flags;
    return slot;
  }

  /** Open quantity, what it hides included. */
  open(slot: number): number {
    const { words, extras } = this.orders;
    const shown = words[slot + REMAINING] as number;
    return ((words[slot + TERMS] as number) & ICEBERG) === 0 ? shown : shown + (extras[slot + HIDDEN] as number);
  }

  /** Leaves less open, at its place: first what is hidden goes. */
  reduce(slot: number, quantity: number): void {
    const { words, extras } = this.orders;
    const terms = words[slot + TERMS] as number;
    const shown = Math.min(words[slot + REMAINING] as number, quantity);
    if ((terms & ICEBERG) !== 0) extras[slot + HIDDEN] = quantity - shown;
    if ((terms & CALLED) !== 0) words[slot + REMAINING] = shown;
    else this.queues.show(slot, shown);
  }

  /** Takes the order from where it stands. */
  detach(slot: number): void {
    const { words, extras } = this.orders;
    const terms = words[slot + TERMS] as number;
    if ((terms & ICEBERG) !== 0) extras[slot + HIDDEN] = 0;
    if ((terms & WAITING) !== 0) this.stops?.remove(slot);
    else if ((terms & CALLED) !== 0) this.call.remove(slot);
    else this.queues.unlink(slot);
  }

  /** Cancels an order wherever it stands, and its partner with it. */
  leave(slot: number, reason: number): void {
    this.reportCancelled(slot, reason);
    this.remove(slot);
  }

  remove(slot: number): void {
    this.detach(slot);
    if (((this.orders.words[slot + TERMS] as number) & LINKED) !== 0) this.cancelPartner(slot);
    this.orders.remove(slot);
  }

  private reportCancelled(slot: number, reason: number): void {
    const { words, ids, extras } = this.orders;
    const terms = words[slot + TERMS] as number;
    const head = ReportType.cancelled | ((terms & SIDE_BIT) << 8) | (reason << 16);
    const price = ((terms & (WAITING | TRIGGERED)) === 0 ? words[slot + PRICE] : extras[slot + LIMIT]) as number;
    this.reports.push(head, price, this.open(slot), this.sequence, ids[slot >> 1] as number, 0);
  }

  cancelPartner(slot: number): void {
    const { words, extras } = this.orders;
    const partner = extras[slot + PARTNER] as number;
    words[slot + TERMS] = (words[slot + TERMS] as number) & ~LINKED;
    words[partner + TERMS] = (words[partner + TERMS] as number) & ~LINKED;
    if (((words[partner + TERMS] as number) & TRIGGERED) === 0) {
      this.leave(partner, Reason.byPartner);
      return;
    }
    // It stands in line and is removed when its turn comes.
    this.reportCancelled(partner, Reason.byPartner);
    words[partner + REMAINING] = 0;
  }

  /** A market order's limit within the band; every other price as it is. */
  inBand(side: Side, price: number, flags: number): number {
    if ((flags & MARKET) === 0) return price;
    return side === BUY ? this.highestPrice : this.lowestPrice;
  }

  /** Why an order cannot enter the book at `limit` now. */
  entryRefusal(side: Side, limit: number, quantity: number, flags: number, owner: number): number {
    if (limit < this.lowestPrice || limit > this.highestPrice) return Reason.outOfBand;
    if ((flags & (POST_ONLY | FILL_OR_KILL)) === 0) return Reason.none;
    if ((flags & POST_ONLY) !== 0 && this.meets(side, limit)) return Reason.wouldMatch;
    if ((flags & FILL_OR_KILL) === 0 || this.fillable(side, limit, quantity, flags, owner)) return Reason.none;
    return Reason.notFillable;
  }

  /** Whether an order at `limit` would find a counterpart. */
  meets(side: Side, limit: number): boolean {
    return side === BUY ? limit >= this.queues.ask : limit <= this.queues.bid;
  }

  /**
   * Whether others' orders up to `limit` have `quantity`. A level where an own order stands counts only when that order would be
   * cancelled and passed over: else it stops the taker, or takes from him without a trade.
   */
  private fillable(side: Side, limit: number, quantity: number, flags: number, owner: number): boolean {
    const { words } = this.orders;
    const { ladder } = this.queues;
    const own = guarded(flags, owner);
    const passesOver = (flags & SELF_TRADE) === CANCEL_OLDEST;
    let missing = quantity;
    let price = side === BUY ? this.queues.ask : this.queues.bid;
    while (price !== 0 && price !== NO_ASK && (side === BUY ? price <= limit : price >= limit)) {
      let volume = 0;
      for (let slot = this.queues.headAt(price); slot !== 0; slot = words[slot + NEXT] as number) {
        if ((words[slot + TERMS] as number) >> OWNER_SHIFT !== own) volume += this.open(slot);
        else if (!passesOver) return false;
      }
      missing -= volume;
      if (missing <= 0) return true;
      price = side === BUY ? ladder.above(price) : ladder.below(price);
    }
    return false;
  }

  /** Makes each of two orders cancel the other. */
  link(id: number, partner: number): void {
    const { orders } = this;
    const first = orders.find(id);
    const second = orders.find(partner);
    orders.reserveExtras();
    orders.extras[first + PARTNER] = second;
    orders.extras[second + PARTNER] = first;
    orders.words[first + TERMS] = (orders.words[first + TERMS] as number) | LINKED;
    orders.words[second + TERMS] = (orders.words[second + TERMS] as number) | LINKED;
  }
}

/** The owner whose orders the taker must not meet, or NOBODY. */
function guarded(flags: number, owner: number): number {
  return owner === 0 || (flags & SELF_TRADE) === 0 ? NOBODY : owner;
}
