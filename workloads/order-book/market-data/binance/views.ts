import { BUY, MAX_QUANTITY } from '../../engine/book.ts';
import { MAX_PRICE } from '../../engine/ladder.ts';
import { Reason } from '../../engine/reports.ts';
import type { SelfTrade } from '../../exchange/command.ts';
import type { Market } from '../../exchange/market.ts';
import type { Order, Trade } from '../../exchange/order.ts';
import { assetsOf } from '../assets.ts';
import { tradedValue } from '../trade-value.ts';
import { binanceName } from './symbols.ts';

export const ORDER_TYPES = ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT'] as const;

export const PREVENTION_MODES: Readonly<Record<string, SelfTrade>> = {
  NONE: 'allow',
  EXPIRE_TAKER: 'cancelNewest',
  EXPIRE_MAKER: 'cancelOldest',
  EXPIRE_BOTH: 'cancelBoth',
  DECREMENT: 'decrement',
};

/** An order as Binance shows it. What a partly filled one has paid is not remembered: -1, as there for old orders. */
export function orderView(order: Order): object {
  const { market, extra } = order;
  const { tick, lot } = market;
  const hasStop = (extra?.stopPrice ?? 0) > 0;
  return {
    symbol: binanceName(market.config.name),
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientOrderId,
    price: tick.format(order.price),
    origQty: lot.format(order.quantity),
    executedQty: lot.format(order.filled),
    cummulativeQuoteQty: order.filled === 0 ? tick.format(0) : '-1',
    status: statusOf(order),
    timeInForce: order.timeInForce,
    type: typeOf(order),
    side: sideName(order.side),
    ...(hasStop && { stopPrice: tick.format(extra?.stopPrice ?? 0) }),
    icebergQty: lot.format(extra?.displayQuantity ?? 0),
    time: order.createdMs,
    updateTime: order.updatedMs,
    isWorking: order.status === 'open' && !market.isWaiting(order.id),
    workingTime: order.createdMs,
    origQuoteOrderQty: tick.format(0),
    selfTradePreventionMode: modeOf(order),
  };
}

/** The answer to a new order, with as much in it as was asked for. `isRepeated`: its fills were told the first time. */
export function placedView(order: Order, trades: readonly Trade[], isRepeated: boolean, detail: string): object {
  const { market } = order;
  const { tick, lot } = market;
  const ack = {
    symbol: binanceName(market.config.name),
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.clientOrderId,
    transactTime: order.updatedMs,
  };
  if (detail === 'ACK') return ack;
  const result = {
    ...orderView(order),
    ...ack,
    ...(!isRepeated && { cummulativeQuoteQty: tradedValue(market, trades) }),
  };
  if (detail === 'RESULT') return result;
  const { quote } = assetsOf(market.config.name);
  const fills = trades.map(({ price, quantity, sequence }) => ({
    price: tick.format(price),
    qty: lot.format(quantity),
    commission: '0',
    commissionAsset: quote,
    tradeId: sequence,
  }));
  return { ...result, fills };
}

/** One entry of `GET /api/v3/trades`. */
export function tradeView(market: Market, trade: Trade): object {
  return {
    id: trade.sequence,
    price: market.tick.format(trade.price),
    qty: market.lot.format(trade.quantity),
    quoteQty: tradedValue(market, [trade]),
    time: trade.timeMs,
    isBuyerMaker: trade.takerSide !== BUY,
    isBestMatch: true,
  };
}

/** One entry of `symbols` of `GET /api/v3/exchangeInfo`. */
export function symbolView({ config, tick, lot }: Market, isTrading: boolean): object {
  const { base, quote } = assetsOf(config.name);
  const digits = (text: string): number => text.split('.')[1]?.length ?? 0;
  return {
    symbol: binanceName(config.name),
    status: isTrading ? 'TRADING' : 'HALT',
    baseAsset: base,
    baseAssetPrecision: digits(lot.text),
    quoteAsset: quote,
    quotePrecision: digits(tick.text),
    quoteAssetPrecision: digits(tick.text),
    orderTypes: ORDER_TYPES,
    icebergAllowed: true,
    ocoAllowed: false,
    quoteOrderQtyMarketAllowed: false,
    cancelReplaceAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: [
      {
        filterType: 'PRICE_FILTER',
        minPrice: tick.format(1),
        maxPrice: tick.format(MAX_PRICE),
        tickSize: tick.format(1),
      },
      { filterType: 'LOT_SIZE', minQty: lot.format(1), maxQty: lot.format(MAX_QUANTITY), stepSize: lot.format(1) },
    ],
    permissions: ['SPOT'],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'NONE',
    allowedSelfTradePreventionModes: Object.keys(PREVENTION_MODES),
  };
}

function statusOf({ status, filled, reason }: Order): string {
  if (status === 'open') return filled === 0 ? 'NEW' : 'PARTIALLY_FILLED';
  if (status === 'filled') return 'FILLED';
  if (status === 'rejected') return 'REJECTED';
  if (reason === Reason.immediateRemainder || reason === Reason.expired) return 'EXPIRED';
  return reason === Reason.selfTrade ? 'EXPIRED_IN_MATCH' : 'CANCELED';
}

function typeOf({ type, postOnly, extra }: Order): string {
  if ((extra?.stopPrice ?? 0) > 0) return type === 'market' ? 'STOP_LOSS' : 'STOP_LOSS_LIMIT';
  if (type === 'market') return 'MARKET';
  return postOnly ? 'LIMIT_MAKER' : 'LIMIT';
}

function modeOf({ extra }: Order): string {
  const wanted = extra?.selfTrade ?? 'allow';
  return Object.keys(PREVENTION_MODES).find((mode) => PREVENTION_MODES[mode] === wanted) ?? 'NONE';
}

function sideName(side: number): 'BUY' | 'SELL' {
  return side === BUY ? 'BUY' : 'SELL';
}
