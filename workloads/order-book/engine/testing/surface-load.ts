import {
  CANCEL_BOTH,
  CANCEL_NEWEST,
  CANCEL_OLDEST,
  DECREMENT,
  FILL_OR_KILL,
  IMMEDIATE_OR_CANCEL,
  KEEP_PRIORITY,
  MARKET,
  marketPrice,
  type OrderTerms,
  POST_ONLY,
  type Side,
} from '../book.ts';
import { mulberry32 } from './conformance.ts';

/** What takes the load: a book, or a symbol of the shards. The order is good until the call ends. */
export interface SurfaceTarget {
  place(order: OrderTerms): void;
  cancel(id: number): void;
  replace(id: number, price: number, quantity: number, flags: number): void;
}

const draws = Float64Array.from({ length: 8_192 }, mulberry32(7));
const selfTrades = Int32Array.of(CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT);

/**
 * Commands [from, to) of the whole order surface, without an allocation of its own: icebergs, stops, pairs, owners who meet
 * themselves in each of the four ways, market, immediate and post-only orders, replacements that stay and that move, cancels.
 */
export function playSurface(target: SurfaceTarget, from: number, to: number): void {
  const order = { id: 0, side: 0 as Side, price: 0, quantity: 0, flags: 0, owner: 0, stop: 0, peak: 0, partner: 0 };
  for (let id = from + 1; id <= to; id++) {
    const draw = draws[id & 8_191] as number;
    const small = ((draw * 1_024) | 0) & 15;
    const price = 1_000 + small;
    const selfTrade = selfTrades[(id >> 2) & 3] as number;
    if (draw >= 0.75) {
      target.cancel(id - 1 - 2 * small);
    } else if (draw >= 0.6) {
      const stays = draw < 0.7;
      target.replace(id - small, stays ? price : price + 1, 1 + small, stays ? KEEP_PRIORITY : selfTrade);
    } else {
      order.id = id;
      order.side = (id & 1) as Side;
      order.price = price;
      order.quantity = 1 + small;
      order.flags = selfTrade;
      order.owner = 1 + (id & 3);
      order.stop = order.peak = order.partner = 0;
      if (draw < 0.05) order.flags = FILL_OR_KILL;
      else if (draw < 0.1) order.flags = POST_ONLY;
      else if (draw < 0.15) order.flags = MARKET | IMMEDIATE_OR_CANCEL;
      else if (draw < 0.25) order.peak = 2;
      else if (draw < 0.35) order.stop = 990 + 2 * small;
      else if (draw < 0.4) order.partner = id - 2;
      if ((order.flags & MARKET) !== 0) order.price = marketPrice(order.side);
      target.place(order);
    }
  }
}
