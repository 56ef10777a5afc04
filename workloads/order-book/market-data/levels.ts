import type { Side } from '../engine/book.ts';
import type { Market } from '../exchange/market.ts';

/** Price in ticks and the whole quantity there in lots; 0 when nothing rests there any more. */
export type Level = readonly [price: number, quantity: number];

/** The best `limit` levels of a side, best first. */
export function bestLevels({ book }: Market, side: Side, limit: number): Level[] {
  const levels: Level[] = [];
  book.levels(side, (price, quantity) => levels.push([price, quantity]) < limit);
  return levels;
}

/** The best level; price and quantity 0 when the side is empty. */
export function bestLevel(market: Market, side: Side): Level {
  const [best = [0, 0]] = bestLevels(market, side, 1);
  return best;
}
