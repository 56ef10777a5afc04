import { Ladder, NO_ASK } from './ladder.ts';
import { LEVEL, NEXT, type OrderRecords, PREVIOUS, PRICE, REMAINING, SIDE_BIT, TERMS } from './order-records.ts';

export const BUY = 0;
export const SELL = 1;
/** 0 or 1, as in the oracle's report text. */
export type Side = typeof BUY | typeof SELL;

/**
 * Orders queued first in first out at their prices: a low side and a high side that never meet, so one ladder holds both. In a
 * book these are bids and asks; among stops, those that wait for the price to fall and those that wait for it to rise.
 */
export class Queues {
  /** Highest price of the low side, 0 when it is empty. */
  bid = 0;
  /** Lowest price of the high side, NO_ASK when it is empty. */
  ask: number = NO_ASK;
  readonly ladder = new Ladder();
  private readonly orders: OrderRecords;

  constructor(orders: OrderRecords) {
    this.orders = orders;
  }

  /** Puts the order behind those at its price. `terms`: its word TERMS, whose lowest bit is the side. */
  rest(slot: number, terms: number, price: number, remaining: number): void {
    const { words } = this.orders;
    const { ladder } = this;
    const level = ladder.levelFor(price);
    const tail = ladder.words[level + 1] as number;
    words[slot + REMAINING] = remaining;
    words[slot + PRICE] = price;
    words[slot + PREVIOUS] = tail;
    words[slot + NEXT] = 0;
    words[slot + LEVEL] = level;
    words[slot + TERMS] = terms;
    ladder.words[level + 1] = slot;
    this.addVolume(level, remaining);
    if (tail !== 0) {
      words[tail + NEXT] = slot;
      return;
    }
    ladder.words[level] = slot;
    ladder.occupy(level);
    if ((terms & SIDE_BIT) === BUY) {
      if (price > this.bid) this.bid = price;
    } else if (price < this.ask) {
      this.ask = price;
    }
  }

  unlink(slot: number): void {
    const { words } = this.orders;
    const level = words[slot + LEVEL] as number;
    const previous = words[slot + PREVIOUS] as number;
    const next = words[slot + NEXT] as number;
    this.addVolume(level, -(words[slot + REMAINING] as number));
    if (previous !== 0) words[previous + NEXT] = next;
    else this.ladder.words[level] = next;
    if (next !== 0) words[next + PREVIOUS] = previous;
    else this.ladder.words[level + 1] = previous;
    if (previous === 0 && next === 0) {
      this.leaveLevel(level, (words[slot + TERMS] as number) & SIDE_BIT, words[slot + PRICE] as number);
    }
  }

  /** The level emptied. Only when it was the best does the best move, and then at once. */
  leaveLevel(level: number, side: number, price: number): void {
    this.ladder.vacate(level);
    if (side === BUY) {
      if (price === this.bid) this.bid = this.ladder.below(price);
    } else if (price === this.ask) {
      this.ask = this.ladder.above(price);
    }
  }

  /** Sets what the order shows, where it stands. */
  show(slot: number, remaining: number): void {
    const { words } = this.orders;
    this.addVolume(words[slot + LEVEL] as number, remaining - (words[slot + REMAINING] as number));
    words[slot + REMAINING] = remaining;
  }

  addVolume(level: number, lots: number): void {
    const { volumes } = this.ladder;
    const at = (level >> 1) + 1;
    volumes[at] = (volumes[at] as number) + lots;
  }

  /** The first order at `price`, where some rest. */
  headAt(price: number): number {
    return this.ladder.words[this.ladder.levelAt(price)] as number;
  }

  /** Calls `visit` with price and volume of the levels of `side`, best first, until it answers false. */
  levels(side: Side, visit: (price: number, volume: number) => boolean): void {
    const { ladder } = this;
    let price = side === BUY ? this.bid : this.ask;
    while (price !== 0 && price !== NO_ASK) {
      if (!visit(price, ladder.volumes[(ladder.levelAt(price) >> 1) + 1] as number)) return;
      price = side === BUY ? ladder.below(price) : ladder.above(price);
    }
  }

  /** Calls `visit` for every order of `side`, best price first, then first in first out. */
  each(side: Side, visit: (slot: number) => void): void {
    const { words } = this.orders;
    this.levels(side, (price) => {
      for (let slot = this.headAt(price); slot !== 0; slot = words[slot + NEXT] as number) visit(slot);
      return true;
    });
  }
}
