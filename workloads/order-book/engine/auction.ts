import type { Matcher } from './matcher.ts';
import {
  CALLED,
  LINKED,
  NEXT,
  type OrderRecords,
  PREVIOUS,
  PRICE,
  REMAINING,
  SIDE_BIT,
  TERMS,
} from './order-records.ts';
import { BUY, SELL, type Side } from './queues.ts';
import { ReportType } from './reports.ts';

/** In the side byte of a trade that an auction made: its id is the buyer's, its counterparty the seller's. */
export const AUCTION_TRADE = 2;

/** One price with what is bid and offered exactly there, in lots. */
export interface CallLevel {
  readonly price: number;
  readonly bid: number;
  readonly offered: number;
}

export interface Clearing {
  readonly price: number;
  /** Lots that trade there. */
  readonly volume: number;
}

/**
 * The one price at which an auction trades: the most volume; among those prices the smallest surplus; among those, the highest
 * when all have buyers left over, the lowest when all have sellers left over, and otherwise the nearest to `lastPrice`, the lower
 * of two equally near (without a last price, 0, the lowest). Undefined when nothing can trade. `levels`: ascending prices.
 */
export function clearingPrice(levels: readonly CallLevel[], lastPrice: number): Clearing | undefined {
  let demand = levels.reduce((sum, { bid }) => sum + bid, 0);
  let supply = 0;
  let volume = 0;
  let surplus = 0;
  let best: { price: number; excess: number }[] = [];
  for (const { price, bid, offered } of levels) {
    supply += offered;
    const traded = Math.min(demand, supply);
    const excess = demand - supply;
    if (traded > volume || (traded === volume && Math.abs(excess) < surplus)) {
      volume = traded;
      surplus = Math.abs(excess);
      best = [];
    }
    if (traded === volume && Math.abs(excess) === surplus) best.push({ price, excess });
    demand -= bid;
  }
  if (volume === 0) return undefined;
  const prices = best.map(({ price }) => price);
  const low = prices[0] ?? 0;
  const high = prices.at(-1) ?? 0;
  if (best.every(({ excess }) => excess > 0)) return { price: high, volume };
  if (best.every(({ excess }) => excess < 0) || lastPrice === 0) return { price: low, volume };
  const distance = (price: number): number => Math.abs(price - lastPrice);
  return { price: prices.reduce((near, price) => (distance(price) < distance(near) ? price : near), low), volume };
}

/** Orders that a call collects, oldest first. They do not match before the auction, so they may stand crossed. */
export class Call {
  private readonly orders: OrderRecords;
  private first = 0;
  private last = 0;

  constructor(orders: OrderRecords) {
    this.orders = orders;
  }

  add(slot: number, terms: number, price: number, quantity: number): void {
    const { words } = this.orders;
    words[slot + TERMS] = terms | CALLED;
    words[slot + PRICE] = price;
    words[slot + REMAINING] = quantity;
    words[slot + PREVIOUS] = this.last;
    words[slot + NEXT] = 0;
    if (this.last === 0) this.first = slot;
    else words[this.last + NEXT] = slot;
    this.last = slot;
  }

  remove(slot: number): void {
    const { words } = this.orders;
    const previous = words[slot + PREVIOUS] as number;
    const next = words[slot + NEXT] as number;
    if (previous === 0) this.first = next;
    else words[previous + NEXT] = next;
    if (next === 0) this.last = previous;
    else words[next + PREVIOUS] = previous;
    words[slot + TERMS] = (words[slot + TERMS] as number) & ~CALLED;
  }

  each(visit: (slot: number) => void): void {
    const { words } = this.orders;
    for (let slot = this.first; slot !== 0; slot = words[slot + NEXT] as number) visit(slot);
  }

  /** Hands all orders on, oldest first. */
  drain(visit: (slot: number, price: number, quantity: number) => void): void {
    const { words } = this.orders;
    while (this.first !== 0) {
      const slot = this.first;
      this.remove(slot);
      visit(slot, words[slot + PRICE] as number, words[slot + REMAINING] as number);
    }
  }
}

/**
 * Trades everything that meets at one price, then lets the rest of the call join the book behind what rests there. Twice when a
 * trade cancelled a partner: what that one would have taken may meet others.
 */
export function uncross(matcher: Matcher): void {
  for (let clearing = indicative(matcher); clearing !== undefined; clearing = indicative(matcher)) {
    tradeAll(matcher, clearing.price);
  }
  matcher.call.drain((slot, price, quantity) => matcher.restAt(slot, price, quantity));
}

/** What an auction would trade now, and at which price; undefined when no orders meet. */
export function indicative(matcher: Matcher): Clearing | undefined {
  return clearingPrice(callLevels(matcher), matcher.lastPrice);
}

/** Best price first, then first in first out, all at the clearing price. */
function tradeAll(matcher: Matcher, price: number): void {
  const { orders } = matcher;
  const { ids, words } = orders;
  const eligible = (side: Side): number[] =>
    inPriority(matcher, side)
      .filter((slot) =>
        side === BUY ? (words[slot + PRICE] as number) >= price : (words[slot + PRICE] as number) <= price,
      )
      .map((slot) => ids[slot >> 1] as number);
  const bids = eligible(BUY);
  const asks = eligible(SELL);
  let bid = 0;
  let ask = 0;
  while (bid < bids.length && ask < asks.length) {
    // By id: a partner's trade may have cancelled the order meanwhile.
    const buyer = orders.find(bids[bid] as number);
    const seller = orders.find(asks[ask] as number);
    if (buyer !== 0 && seller !== 0) tradeAt(matcher, price, buyer, seller);
    if (orders.find(bids[bid] as number) === 0) bid++;
    if (orders.find(asks[ask] as number) === 0) ask++;
  }
}

function tradeAt(matcher: Matcher, price: number, buyer: number, seller: number): void {
  const { ids, words } = matcher.orders;
  const lots = Math.min(matcher.open(buyer), matcher.open(seller));
  const head = ReportType.trade | (AUCTION_TRADE << 8);
  const sellerId = ids[seller >> 1] as number;
  matcher.reports.push(head, price, lots, matcher.sequence, ids[buyer >> 1] as number, sellerId);
  for (const slot of [buyer, seller]) {
    const open = matcher.open(slot);
    if (((words[slot + TERMS] as number) & LINKED) !== 0) matcher.cancelPartner(slot);
    if (open === lots) matcher.remove(slot);
    else matcher.reduce(slot, open - lots);
  }
  matcher.traded(price);
}

/** All orders of a side, resting and collected, best price first, then oldest first: what rests was there before the call. */
function inPriority({ queues, call, orders: { words } }: Matcher, side: Side): number[] {
  const slots: number[] = [];
  queues.each(side, (slot) => slots.push(slot));
  call.each((slot) => {
    if (((words[slot + TERMS] as number) & SIDE_BIT) === side) slots.push(slot);
  });
  const sign = side === BUY ? -1 : 1;
  return slots.sort((a, b) => sign * ((words[a + PRICE] as number) - (words[b + PRICE] as number)));
}

function callLevels(matcher: Matcher): CallLevel[] {
  const { words } = matcher.orders;
  const levels = new Map<number, { price: number; bid: number; offered: number }>();
  for (const side of [BUY, SELL] as const) {
    for (const slot of inPriority(matcher, side)) {
      const price = words[slot + PRICE] as number;
      const level = levels.get(price) ?? { price, bid: 0, offered: 0 };
      levels.set(price, level);
      level[side === BUY ? 'bid' : 'offered'] += matcher.open(slot);
    }
  }
  return [...levels.values()].sort((a, b) => a.price - b.price);
}
