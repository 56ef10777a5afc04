import { AUCTION_TRADE } from '../engine/auction.ts';
import { type Book, BUY, CALL, CONTINUOUS, HALTED, type Phase, SELL, type Side } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import { Reason } from '../engine/reports.ts';
import type { ExtraTerms, PhaseName } from '../exchange/command.ts';
import type { Market } from '../exchange/market.ts';
import type { Order, Trade } from '../exchange/order.ts';
import type { Accepted } from './order-entry.ts';

/** Why an order was cancelled or refused, by what the engine calls it. */
export const REASONS: ReadonlyMap<number, string> = new Map([
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

/** An order as its owner sees it: amounts as decimal strings, ids as strings. One per answer, so it is filled field by field. */
export function orderView(order: Order): Record<string, unknown> {
  const { tick, lot, config } = order.market;
  const view: Record<string, unknown> = { id: String(order.id) };
  if (order.clientOrderId !== '') view.clientOrderId = order.clientOrderId;
  view.symbol = config.name;
  view.side = sideName(order.side);
  view.type = order.type;
  view.timeInForce = (order.extra?.expiresMs ?? 0) > 0 ? 'GTD' : order.timeInForce;
  view.postOnly = order.postOnly;
  if (order.type === 'limit') view.price = tick.format(order.price);
  if (order.extra !== undefined) addExtra(view, order, order.extra);
  view.quantity = lot.format(order.quantity);
  view.filled = lot.format(order.filled);
  view.remaining = lot.format(order.status === 'open' ? order.quantity - order.filled : 0);
  view.status = order.status;
  const reason = REASONS.get(order.reason);
  if (reason !== undefined) view.reason = reason;
  view.createdTime = timeText(order.createdMs);
  view.updatedTime = timeText(order.updatedMs);
  return view;
}

/** An order that was taken, with its fills. */
export function acceptedView({ order, trades }: Accepted): object {
  const view = orderView(order);
  view.fills = trades.map((trade) => tradeView(trade, order.market));
  return view;
}

function addExtra(view: Record<string, unknown>, { id, market, status }: Order, extra: ExtraTerms): void {
  const { stopPrice, displayQuantity, selfTrade, expiresMs, linkedTo } = extra;
  if (stopPrice > 0) {
    view.stopPrice = market.tick.format(stopPrice);
    if (status === 'open') view.triggered = !market.isWaiting(id);
  }
  if (displayQuantity > 0) view.displayQuantity = market.lot.format(displayQuantity);
  if (selfTrade !== 'allow') view.selfTrade = selfTrade;
  if (expiresMs > 0) view.expiresTime = timeText(expiresMs);
  if (linkedTo > 0) view.linkedTo = String(linkedTo);
}

/** The last time that was written out: most that follow are of the same millisecond. */
const written = { ms: 0, text: new Date(0).toISOString() };

function timeText(ms: number): string {
  if (ms !== written.ms) {
    written.ms = ms;
    written.text = new Date(ms).toISOString();
  }
  return written.text;
}

/** A trade as everybody sees it. Its id is symbol and dense sequence: the same after any replay. */
export function tradeView(trade: Trade, { config, tick, lot }: Market): object {
  return {
    id: `${config.name}-${trade.sequence}`,
    sequence: String(trade.sequence),
    price: tick.format(trade.price),
    quantity: lot.format(trade.quantity),
    takerSide: trade.takerSide === AUCTION_TRADE ? 'none' : sideName(trade.takerSide),
    time: timeText(trade.timeMs),
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
