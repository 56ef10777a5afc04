import type { Terms } from './command.ts';
import type { Market } from './market.ts';

/** `rejected`: refused by the book when it arrived (post-only that would match, fill-or-kill that could not be filled, …). */
export type OrderStatus = 'open' | 'filled' | 'cancelled' | 'rejected';

/** An order as it is when it is asked for: a copy, which does not follow what becomes of the order. */
export interface Order extends Terms {
  /** Sequence of the command that placed it. */
  readonly id: number;
  readonly account: string;
  /** '' when the client gave none. */
  readonly clientOrderId: string;
  readonly market: Market;
  /** The terms as first placed: what a repeated client order id is compared with. */
  readonly placed: { readonly price: number; readonly quantity: number };
  /** Lots. */
  readonly filled: number;
  readonly status: OrderStatus;
  /** Why the book refused it or cancelled it: a `Reason` of the engine; 0 otherwise. */
  readonly reason: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** A trade as published. Maker and taker are order ids. */
export interface Trade {
  /** Dense per symbol, from 1. */
  readonly sequence: number;
  /** Ticks; the price of the maker. */
  readonly price: number;
  /** Lots. */
  readonly quantity: number;
  readonly makerId: number;
  readonly takerId: number;
  /** Side of the taker: 0 buy, 1 sell; 2 in an auction, where nobody takes and `makerId` is the buyer. */
  readonly takerSide: number;
  readonly timeMs: number;
}
