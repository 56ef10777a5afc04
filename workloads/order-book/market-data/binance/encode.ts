import { BUY, SELL } from '../../engine/book.ts';
import type { Market } from '../../exchange/market.ts';
import type { Trade } from '../../exchange/order.ts';
import type { DepthUpdate } from '../depth-feed.ts';
import { bestLevel, bestLevels, type Level } from '../levels.ts';
import { binanceName } from './symbols.ts';

// The payloads of Binance's market streams. Amounts are decimal text without anything to escape.

/** `<symbol>@depth`: the changed levels with their whole quantities. */
export function depthUpdateText(market: Market, update: DepthUpdate, nowMs: number): string {
  const { firstId, lastId, bids, asks } = update;
  const head = `{"e":"depthUpdate","E":${nowMs},"s":"${binanceName(market.config.name)}","U":${firstId},"u":${lastId}`;
  return `${head},"b":${levelsText(market, bids)},"a":${levelsText(market, asks)}}`;
}

/** `<symbol>@depth5` and the like, and the answer of `GET /api/v3/depth`: the best levels as of an update. */
export function depthText(market: Market, updateId: number, limit: number): string {
  const bids = levelsText(market, bestLevels(market, BUY, limit));
  const asks = levelsText(market, bestLevels(market, SELL, limit));
  return `{"lastUpdateId":${updateId},"bids":${bids},"asks":${asks}}`;
}

/** `<symbol>@trade`. In an auction nobody takes: the buyer counts as the maker. */
export function tradeText(market: Market, trade: Trade, nowMs: number): string {
  const { sequence, price, quantity, takerSide, timeMs } = trade;
  const head = `{"e":"trade","E":${nowMs},"s":"${binanceName(market.config.name)}","t":${sequence}`;
  const amounts = `"p":"${market.tick.format(price)}","q":"${market.lot.format(quantity)}"`;
  return `${head},${amounts},"T":${timeMs},"m":${takerSide !== BUY},"M":true}`;
}

/** `<symbol>@bookTicker` without its update id. An empty side has price and quantity 0. */
export function bookTickerText(market: Market): string {
  const bid = bestLevel(market, BUY);
  const ask = bestLevel(market, SELL);
  const { tick, lot, config } = market;
  const bids = `"b":"${tick.format(bid[0])}","B":"${lot.format(bid[1])}"`;
  return `"s":"${binanceName(config.name)}",${bids},"a":"${tick.format(ask[0])}","A":"${lot.format(ask[1])}"`;
}

function levelsText({ tick, lot }: Market, levels: readonly Level[]): string {
  return `[${levels.map(([price, quantity]) => `["${tick.format(price)}","${lot.format(quantity)}"]`).join(',')}]`;
}
