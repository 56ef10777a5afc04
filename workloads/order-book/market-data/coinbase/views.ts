import { BUY, SELL } from '../../engine/book.ts';
import { Reason } from '../../engine/reports.ts';
import type { SelfTrade } from '../../exchange/command.ts';
import type { Market } from '../../exchange/market.ts';
import type { Order, Trade } from '../../exchange/order.ts';
import { assetsOf } from '../assets.ts';
import { tradedValue } from '../trade-value.ts';
import { isoTime, sideName } from './encode.ts';

export const PREVENTION_MODES: Readonly<Record<string, SelfTrade>> = {
  dc: 'decrement',
  co: 'cancelOldest',
  cn: 'cancelNewest',
  cb: 'cancelBoth',
};

/** An order as Coinbase Exchange shows it. `trades`: those of its placing, when it was placed just now. */
export function orderView(order: Order, trades?: readonly Trade[]): object {
  const { market, extra } = order;
  const { tick, lot } = market;
  const stopPrice = extra?.stopPrice ?? 0;
  const isClosed = order.status !== 'open';
  const stp = Object.keys(PREVENTION_MODES).find((mode) => PREVENTION_MODES[mode] === extra?.selfTrade);
  return {
    id: String(order.id),
    ...(order.clientOrderId !== '' && { client_oid: order.clientOrderId }),
    ...(order.type === 'limit' && { price: tick.format(order.price) }),
    size: lot.format(order.quantity),
    product_id: market.config.name,
    side: sideName(order.side),
    ...(stp !== undefined && { stp }),
    type: order.type,
    time_in_force: (extra?.expiresMs ?? 0) > 0 ? 'GTT' : order.timeInForce,
    ...((extra?.expiresMs ?? 0) > 0 && { expire_time: isoTime(extra?.expiresMs ?? 0) }),
    post_only: order.postOnly,
    ...(stopPrice > 0 && { stop: order.side === SELL ? 'loss' : 'entry', stop_price: tick.format(stopPrice) }),
    created_at: isoTime(order.createdMs),
    ...(isClosed && { done_at: isoTime(order.updatedMs), done_reason: doneReason(order) }),
    fill_fees: '0',
    filled_size: lot.format(order.filled),
    ...(trades !== undefined && { executed_value: tradedValue(market, trades) }),
    status: statusOf(order),
    settled: isClosed,
  };
}

/** One entry of `GET /products/{id}/trades`. `side` is that of the maker. */
export function tradeView({ tick, lot }: Market, trade: Trade): object {
  return {
    trade_id: trade.sequence,
    side: sideName(trade.takerSide === BUY ? SELL : BUY),
    size: lot.format(trade.quantity),
    price: tick.format(trade.price),
    time: isoTime(trade.timeMs),
  };
}

/** One entry of `GET /products`. */
export function productView(market: Market, isTrading: boolean): object {
  const { config, tick, lot } = market;
  const { base, quote } = assetsOf(config.name);
  return {
    id: config.name,
    base_currency: base,
    quote_currency: quote,
    base_increment: lot.format(1),
    quote_increment: tick.format(1),
    display_name: config.name.replace('-', '/'),
    min_market_funds: tick.format(1),
    margin_enabled: false,
    post_only: false,
    limit_only: false,
    cancel_only: !isTrading,
    status: isTrading ? 'online' : 'delisted',
    status_message: '',
    trading_disabled: !isTrading,
    fx_stablecoin: false,
    auction_mode: false,
  };
}

function statusOf({ status, market, id }: Order): string {
  if (status === 'open') return market.isWaiting(id) ? 'active' : 'open';
  return status === 'rejected' ? 'rejected' : 'done';
}

function doneReason({ status, reason }: Order): string {
  if (status === 'filled') return 'filled';
  return reason === Reason.expired ? 'expired' : 'canceled';
}
