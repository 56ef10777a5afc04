import type { Side } from '../engine/book.ts';
import type { Exchange } from './exchange.ts';
import type { Market } from './market.ts';
import type { Order, Trade } from './order.ts';

/**
 * What happened to an order. `accepted`: the book took it, before its first trade. `triggered`: the price of a stop came.
 * `traded`: filled in part or wholly. `reduced`: a prevented self-trade took some off it. `replaced`: new terms, before the trades
 * that they lead to. `rested`: what was left of an accepted, triggered or replaced order stands in the book, after its trades.
 */
export type OrderChange =
  | 'accepted'
  | 'triggered'
  | 'traded'
  | 'reduced'
  | 'replaced'
  | 'rested'
  | 'cancelled'
  | 'rejected';

/**
 * Hears what commands do, inside `apply` and in the order in which things happen. It only takes notes: what it noted may be shown
 * when `Sequencer.onApplied` calls, and it must not throw. The book is asked as it stands after the whole command.
 */
export interface ExchangeListener {
  /** `order` is a copy as it was then. A filled or cancelled order says so by its status. */
  order?(order: Order, change: OrderChange): void;
  trade?(market: Market, trade: Trade): void;
  /** The shown quantity at this price may have changed: `market.book.volumeAt(side, price)` is the new total. */
  level?(market: Market, side: Side, price: number): void;
  /** A symbol is new, or its phase or its band changed. */
  market?(market: Market): void;
}

/** Makes the listeners of an exchange whose snapshot is loaded and whose journal is not replayed yet. */
export type CreateListeners = (exchange: Exchange) => readonly ExchangeListener[];
