import { NO_ASK } from './ladder.ts';
import { NEXT, type OrderRecords, TERMS, TRIGGERED, WAITING } from './order-records.ts';
import { BUY, Queues, SELL, type Side } from './queues.ts';

/**
 * Stops in wait of a price, and those whose price has come. A stop that buys waits above the last price and one that sells
 * below it, so the two never meet and are queued like the sides of a book.
 */
export class Stops {
  readonly waiting: Queues;
  private readonly orders: OrderRecords;
  private first = 0;
  private last = 0;

  constructor(orders: OrderRecords) {
    this.orders = orders;
    this.waiting = new Queues(orders);
  }

  /** `terms`: the order's own, with its side. */
  add(slot: number, terms: number, stop: number, quantity: number): void {
    // Stops that buy are the high side: they wait for the price to rise.
    this.waiting.rest(slot, terms ^ 1, stop, quantity);
    this.orders.words[slot + TERMS] = terms | WAITING;
  }

  remove(slot: number): void {
    const { words } = this.orders;
    const terms = (words[slot + TERMS] as number) & ~WAITING;
    words[slot + TERMS] = terms ^ 1;
    this.waiting.unlink(slot);
    words[slot + TERMS] = terms;
  }

  /** Whether a trade at `price` is what some stop waits for. */
  isDue(price: number): boolean {
    return price >= this.waiting.ask || price <= this.waiting.bid;
  }

  /** Takes the stops that a trade at `price` triggers into the line: nearest price first, then the oldest. */
  trigger(price: number): void {
    const { waiting } = this;
    while (waiting.ask <= price && waiting.ask !== NO_ASK) this.enqueue(waiting.headAt(waiting.ask));
    while (waiting.bid >= price && waiting.bid !== 0) this.enqueue(waiting.headAt(waiting.bid));
  }

  /** The next in line, or 0. */
  next(): number {
    const slot = this.first;
    if (slot === 0) return 0;
    const { words } = this.orders;
    this.first = words[slot + NEXT] as number;
    if (this.first === 0) this.last = 0;
    words[slot + TERMS] = (words[slot + TERMS] as number) & ~TRIGGERED;
    return slot;
  }

  /** Calls `visit` for every waiting stop of `side`, in the order in which they would be triggered. */
  each(side: Side, visit: (slot: number) => void): void {
    this.waiting.each(side === BUY ? SELL : BUY, visit);
  }

  private enqueue(slot: number): void {
    const { words } = this.orders;
    this.remove(slot);
    words[slot + TERMS] = (words[slot + TERMS] as number) | TRIGGERED;
    words[slot + NEXT] = 0;
    if (this.last === 0) this.first = slot;
    else words[this.last + NEXT] = slot;
    this.last = slot;
  }
}
