import { BUY, SELL, type Side } from '../engine/book.ts';
import { Reason } from '../engine/reports.ts';
import type { Market } from '../exchange/market.ts';
import type { Order, Trade } from '../exchange/order.ts';

const REASONS: ReadonlyMap<number, string> = new Map([
  [Reason.byRequest, 'ByRequest'],
  [Reason.immediateRemainder, 'NothingLeftToMatch'],
  [Reason.wouldMatch, 'WouldMatch'],
  [Reason.notFillable, 'NotFillable'],
]);

/** An order as its owner sees it: amounts as decimal strings, ids as strings. */
export function orderView(order: Order): object {
  const { tick, lot, config } = order.market;
  const reason = REASONS.get(order.reason);
  return {
    id: String(order.id),
    ...(order.clientOrderId !== '' && { clientOrderId: order.clientOrderId }),
    symbol: config.name,
    side: sideName(order.side),
    type: order.type,
    timeInForce: order.timeInForce,
    postOnly: order.postOnly,
    ...(order.type === 'limit' && { price: tick.format(order.price) }),
    quantity: lot.format(order.quantity),
    filled: lot.format(order.filled),
    remaining: lot.format(order.status === 'open' ? order.quantity - order.filled : 0),
    status: order.status,
    ...(reason !== undefined && { reason }),
    createdTime: new Date(order.createdMs).toISOString(),
    updatedTime: new Date(order.updatedMs).toISOString(),
  };
}

/** A trade as everybody sees it. Its id is symbol and dense sequence: the same after any replay. */
export function tradeView(trade: Trade, { config, tick, lot }: Market): object {
  return {
    id: `${config.name}-${trade.sequence}`,
    sequence: String(trade.sequence),
    price: tick.format(trade.price),
    quantity: lot.format(trade.quantity),
    takerSide: sideName(trade.takerSide),
    time: new Date(trade.timeMs).toISOString(),
  };
}

/** The best `limit` levels of each side as [price, quantity]. */
export function depthView({ book, tick, lot }: Market, limit: number): { bids: string[][]; asks: string[][] } {
  const levels = (side: Side): string[][] => {
    const rows: string[][] = [];
    book.levels(side, (price, volume) => rows.push([tick.format(price), lot.format(volume)]) < limit);
    return rows;
  };
  return { bids: levels(BUY), asks: levels(SELL) };
}

function sideName(side: number): 'buy' | 'sell' {
  return side === BUY ? 'buy' : 'sell';
}
