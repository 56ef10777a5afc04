import { AUCTION_TRADE } from '../engine/auction.ts';
import { type Book, BUY, CALL, CONTINUOUS, HALTED, type Phase, SELL, type Side } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import { Reason } from '../engine/reports.ts';
import type { PhaseName } from '../exchange/command.ts';
import type { Market } from '../exchange/market.ts';
import type { Order, Trade } from '../exchange/order.ts';
import type { Accepted } from './order-entry.ts';

const REASONS: ReadonlyMap<number, string> = new Map([
  [Reason.byRequest, 'ByRequest'],
  [Reason.immediateRemainder, 'NothingLeftToMatch'],
  [Reason.wouldMatch, 'WouldMatch'],
  [Reason.notFillable, 'NotFillable'],
  [Reason.halted, 'Halted'],
  [Reason.notInAuction, 'NotInAuction'],
  [Reason.outOfBand, 'OutOfBand'],
  [Reason.noLastPrice, 'NoLastPrice'],
  [Reason.badPartner, 'BadPartner'],
  [Reason.selfTrade, 'SelfTrade'],
  [Reason.byPartner, 'LinkedOrder'],
  [Reason.expired, 'Expired'],
  [Reason.killed, 'KillSwitch'],
]);

const PHASE_NAMES: ReadonlyMap<Phase, PhaseName> = new Map([
  [CONTINUOUS, 'continuous'],
  [HALTED, 'halted'],
  [CALL, 'call'],
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
    timeInForce: (order.extra?.expiresMs ?? 0) > 0 ? 'GTD' : order.timeInForce,
    postOnly: order.postOnly,
    ...(order.type === 'limit' && { price: tick.format(order.price) }),
    ...extraView(order),
    quantity: lot.format(order.quantity),
    filled: lot.format(order.filled),
    remaining: lot.format(order.status === 'open' ? order.quantity - order.filled : 0),
    status: order.status,
    ...(reason !== undefined && { reason }),
    createdTime: new Date(order.createdMs).toISOString(),
    updatedTime: new Date(order.updatedMs).toISOString(),
  };
}

/** An order that was taken, with its fills. */
export function acceptedView({ order, trades }: Accepted): object {
  return { ...orderView(order), fills: trades.map((trade) => tradeView(trade, order.market)) };
}

function extraView({ id, extra, market, status }: Order): object {
  if (extra === undefined) return {};
  const { stopPrice, displayQuantity, selfTrade, expiresMs, linkedTo } = extra;
  return {
    ...(stopPrice > 0 && {
      stopPrice: market.tick.format(stopPrice),
      triggered: status !== 'open' ? undefined : !market.book.isWaiting(id),
    }),
    ...(displayQuantity > 0 && { displayQuantity: market.lot.format(displayQuantity) }),
    ...(selfTrade !== 'allow' && { selfTrade }),
    ...(expiresMs > 0 && { expiresTime: new Date(expiresMs).toISOString() }),
    ...(linkedTo > 0 && { linkedTo: String(linkedTo) }),
  };
}

/** A trade as everybody sees it. Its id is symbol and dense sequence: the same after any replay. */
export function tradeView(trade: Trade, { config, tick, lot }: Market): object {
  return {
    id: `${config.name}-${trade.sequence}`,
    sequence: String(trade.sequence),
    price: tick.format(trade.price),
    quantity: lot.format(trade.quantity),
    takerSide: trade.takerSide === AUCTION_TRADE ? 'none' : sideName(trade.takerSide),
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

/** A symbol as everybody sees it. */
export function symbolView(market: Market, trading: boolean): object {
  const { book, config, tick, lot } = market;
  const clearing = book.phase === CALL ? book.indicative() : undefined;
  return {
    ...config,
    trading,
    phase: PHASE_NAMES.get(book.phase),
    band: bandView(book.band, market),
    ...(clearing !== undefined && {
      indicative: { price: tick.format(clearing.price), quantity: lot.format(clearing.volume) },
    }),
    ...(book.lastPrice > 0 && { lastPrice: tick.format(book.lastPrice) }),
    openOrders: book.size,
  };
}

/** The bounds that a band has. */
export function bandView({ lowest, highest }: Book['band'], { tick }: Market): object {
  return {
    ...(lowest > 1 && { lowest: tick.format(lowest) }),
    ...(highest < MAX_PRICE && { highest: tick.format(highest) }),
  };
}

function sideName(side: number): 'buy' | 'sell' {
  return side === BUY ? 'buy' : 'sell';
}
