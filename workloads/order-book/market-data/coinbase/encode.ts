import { BUY, SELL, type Side } from '../../engine/book.ts';
import type { Market } from '../../exchange/market.ts';
import type { Trade } from '../../exchange/order.ts';
import type { DepthUpdate } from '../depth-feed.ts';
import { bestLevel, type Level } from '../levels.ts';

// The messages of Coinbase Exchange's WebSocket feed. Amounts are decimal text without anything to escape.

export function sideName(side: number): 'buy' | 'sell' {
  return side === BUY ? 'buy' : 'sell';
}

export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Channel `level2`: the whole book, then changed levels with their whole sizes; "0" takes a level away. */
export function snapshotText(market: Market): string {
  const product = market.config.name;
  return `{"type":"snapshot","product_id":"${product}","bids":${sideText(market, BUY)},"asks":${sideText(market, SELL)}}`;
}

export function l2updateText(market: Market, { bids, asks }: DepthUpdate, nowMs: number): string {
  const changes = [
    ...bids.map((level) => changeText(market, 'buy', level)),
    ...asks.map((level) => changeText(market, 'sell', level)),
  ];
  const head = `{"type":"l2update","product_id":"${market.config.name}","time":"${isoTime(nowMs)}"`;
  return `${head},"changes":[${changes.join(',')}]}`;
}

/** Channels `full` and `matches`. `side` is that of the maker; in an auction nobody takes, and the buyer counts as the maker. */
export function matchText(market: Market, trade: Trade, type: 'match' | 'last_match', sequence: number): string {
  const { sequence: id, price, quantity, makerId, takerId, takerSide, timeMs } = trade;
  const orders = `"maker_order_id":"${makerId}","taker_order_id":"${takerId}","side":"${sideName(takerSide === BUY ? SELL : BUY)}"`;
  const amounts = `"size":"${market.lot.format(quantity)}","price":"${market.tick.format(price)}"`;
  const head = `{"type":"${type}","trade_id":${id},"product_id":"${market.config.name}","sequence":${sequence}`;
  return `${head},${orders},${amounts},"time":"${isoTime(timeMs)}"}`;
}

/** Channel `ticker`: the last trade and the best of both sides. */
export function tickerText(market: Market, trade: Trade, sequence: number): string {
  const { tick, lot, config } = market;
  const { sequence: id, price, quantity, takerSide, timeMs } = trade;
  const bid = bestLevel(market, BUY);
  const ask = bestLevel(market, SELL);
  return JSON.stringify({
    type: 'ticker',
    sequence,
    product_id: config.name,
    price: tick.format(price),
    best_bid: tick.format(bid[0]),
    best_bid_size: lot.format(bid[1]),
    best_ask: tick.format(ask[0]),
    best_ask_size: lot.format(ask[1]),
    side: sideName(takerSide === SELL ? SELL : BUY),
    time: isoTime(timeMs),
    trade_id: id,
    last_size: lot.format(quantity),
  });
}

export function heartbeatText(market: Market, sequence: number, nowMs: number): string {
  const { config, tradeSequence } = market;
  return `{"type":"heartbeat","sequence":${sequence},"last_trade_id":${tradeSequence},"product_id":"${config.name}","time":"${isoTime(nowMs)}"}`;
}

/**
 * The answer of `GET /products/{id}/book`. Level 1: the best of both sides; 2: all prices, with how many orders stand there; 3: every
 * order, best price first, then first come.
 */
export function orderBookText(market: Market, level: 1 | 2 | 3, sequence: number): string {
  const side = level === 3 ? ordersText : (from: Market, of: Side): string => countedText(from, of, level === 1);
  return `{"sequence":${sequence},"bids":${side(market, BUY)},"asks":${side(market, SELL)}}`;
}

function ordersText(market: Market, side: Side): string {
  const { tick, lot } = market;
  const rows: string[] = [];
  market.eachOrder(side, (id, price, shown) => rows.push(`["${tick.format(price)}","${lot.format(shown)}","${id}"]`));
  return `[${rows.join(',')}]`;
}

function countedText({ book, tick, lot }: Market, side: Side, isBestOnly: boolean): string {
  const rows: string[] = [];
  book.levels(side, (price, volume) => {
    rows.push(`["${tick.format(price)}","${lot.format(volume)}",${book.ordersAt(side, price)}]`);
    return !isBestOnly;
  });
  return `[${rows.join(',')}]`;
}

function sideText({ book, tick, lot }: Market, side: Side): string {
  const rows: string[] = [];
  book.levels(side, (price, quantity) => rows.push(`["${tick.format(price)}","${lot.format(quantity)}"]`) > 0);
  return `[${rows.join(',')}]`;
}

function changeText({ tick, lot }: Market, side: 'buy' | 'sell', [price, quantity]: Level): string {
  return `["${side}","${tick.format(price)}","${lot.format(quantity)}"]`;
}
