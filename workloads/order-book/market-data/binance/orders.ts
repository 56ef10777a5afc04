import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Market } from '../../exchange/market.ts';
import type { Order } from '../../exchange/order.ts';
import type { OrderEntry } from '../../gateway/order-entry.ts';
import { type PlaceBody, parseClientOrderId, parseOrderId } from '../../gateway/order-request.ts';
import { refusalError } from '../../gateway/refusals.ts';
import { accountOf } from '../account.ts';
import { cancelAll } from '../cancel-all.ts';
import { about, type Parameters, parametersOf, required, symbolOf } from './parameters.ts';
import { BinanceError } from './refusals.ts';
import type { BinanceSymbols } from './symbols.ts';
import { orderView, PREVENTION_MODES, placedView } from './views.ts';

export interface BinanceOrdersOptions {
  readonly entry: OrderEntry;
  readonly exchange: Exchange;
  readonly symbols: BinanceSymbols;
  /** Tokens are asked for: their subject is the account. */
  readonly secured: boolean;
}

/** Order entry of Binance shape. Signature, timestamp and window of a request are not looked at: they prove nothing here. */
export function addBinanceOrders(app: FastifyInstance, options: BinanceOrdersOptions): void {
  const { entry, exchange, symbols, secured } = options;
  const account = (request: FastifyRequest): string => accountOf(request, secured, 'x-mbx-apikey');

  app.post(
    '/order',
    about(
      'place an order',
      'symbol',
      'side',
      'type',
      'timeInForce',
      'quantity',
      'price',
      'stopPrice',
      'icebergQty',
      'newClientOrderId',
      'selfTradePreventionMode',
      'newOrderRespType',
    ),
    async (request) => {
      const parameters = parametersOf(request);
      const detail = parameters.newOrderRespType ?? 'FULL';
      const { order, trades, repeated } = await entry.place(account(request), placeBody(parameters, symbols));
      return placedView(order, trades, repeated, detail);
    },
  );

  app.get('/order', about('one order of the account', 'symbol', 'orderId', 'origClientOrderId'), async (request) => {
    return orderView(findOrder(exchange, symbols, account(request), parametersOf(request)));
  });

  app.delete('/order', about('cancel an open order', 'symbol', 'orderId', 'origClientOrderId'), async (request) => {
    const parameters = parametersOf(request);
    const { id } = findOrder(exchange, symbols, account(request), parameters, -2011);
    return cancelledView((await entry.cancel(account(request), id)).order);
  });

  const open = (request: FastifyRequest, market: Market | undefined): Order[] => {
    const orders = exchange.orders.openOf(account(request));
    return market === undefined ? orders : orders.filter((order) => order.market === market);
  };

  app.get('/openOrders', about('open orders of the account', 'symbol'), async (request) => {
    const { symbol } = parametersOf(request);
    return open(request, symbol === undefined ? undefined : symbolOf(symbols, symbol)).map(orderView);
  });

  app.delete('/openOrders', about('cancel all orders of a symbol', 'symbol'), async (request) => {
    const market = symbolOf(symbols, required(parametersOf(request), 'symbol'));
    return (await cancelAll(entry, exchange, account(request), open(request, market))).map(cancelledView);
  });

  app.get('/account', about('the account; the book keeps no balances'), async () => ({
    makerCommission: 0,
    takerCommission: 0,
    buyerCommission: 0,
    sellerCommission: 0,
    canTrade: true,
    canWithdraw: false,
    canDeposit: false,
    accountType: 'SPOT',
    balances: [],
    permissions: ['SPOT'],
  }));
}

function cancelledView(order: Order): object {
  return { ...orderView(order), origClientOrderId: order.clientOrderId, transactTime: order.updatedMs };
}

/** The order that `orderId` or `origClientOrderId` names. Throws -2013, or `code`, when the account has none such. */
function findOrder(
  exchange: Exchange,
  symbols: BinanceSymbols,
  account: string,
  parameters: Parameters,
  code = -2013,
): Order {
  const market = symbolOf(symbols, required(parameters, 'symbol'));
  const { orderId, origClientOrderId } = parameters;
  if (orderId === undefined && origClientOrderId === undefined) {
    throw new BinanceError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  }
  const order =
    orderId === undefined
      ? exchange.orders.byClientId(account, parseClientOrderId(origClientOrderId))
      : exchange.orders.ofAccount(account, parseOrderId(orderId));
  if (order !== undefined && order.market === market) return order;
  if (code === -2011) throw new BinanceError(code, 'Unknown order sent.');
  throw refusalError({ kind: 'refused', refusal: 'orderNotFound' });
}

/** The order in the words of the gateway, which checks it further. */
function placeBody(parameters: Parameters, symbols: BinanceSymbols): PlaceBody {
  const market = symbolOf(symbols, required(parameters, 'symbol'));
  const side = required(parameters, 'side');
  if (side !== 'BUY' && side !== 'SELL') throw new BinanceError(-1117, 'Invalid side.');
  for (const name of ['quoteOrderQty', 'trailingDelta']) {
    if (parameters[name] !== undefined) throw new BinanceError(-1020, `Parameter '${name}' is not supported.`);
  }
  const { price, stopPrice, icebergQty, newClientOrderId, selfTradePreventionMode: mode } = parameters;
  const type = required(parameters, 'type');
  const terms = TYPES[type];
  if (terms === undefined) throw new BinanceError(-1116, 'Invalid orderType.');
  if (terms.stop) required(parameters, 'stopPrice');
  else if (stopPrice !== undefined) throw new BinanceError(-1106, "Parameter 'stopPrice' sent when not required.");
  const selfTrade = mode === undefined ? undefined : PREVENTION_MODES[mode];
  if (mode !== undefined && selfTrade === undefined) {
    throw new BinanceError(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.");
  }
  const timeInForce = timeInForceOf(parameters);
  return {
    symbol: market.config.name,
    side: side === 'BUY' ? 'buy' : 'sell',
    type: terms.market ? 'market' : 'limit',
    quantity: required(parameters, 'quantity'),
    ...(terms.maker && { postOnly: true }),
    ...(price !== undefined && { price }),
    ...(stopPrice !== undefined && { stopPrice }),
    ...(timeInForce !== undefined && { timeInForce }),
    ...(icebergQty !== undefined && Number(icebergQty) !== 0 && { displayQuantity: icebergQty }),
    ...(selfTrade !== undefined && { selfTrade }),
    ...(newClientOrderId !== undefined && { clientOrderId: newClientOrderId }),
  };
}

const TYPES: Readonly<Record<string, { readonly market?: true; readonly maker?: true; readonly stop?: true }>> = {
  LIMIT: {},
  LIMIT_MAKER: { maker: true },
  MARKET: { market: true },
  STOP_LOSS: { market: true, stop: true },
  STOP_LOSS_LIMIT: { stop: true },
};

function timeInForceOf({ timeInForce }: Parameters): 'GTC' | 'IOC' | 'FOK' | undefined {
  switch (timeInForce) {
    case undefined:
    case 'GTC':
    case 'IOC':
    case 'FOK':
      return timeInForce;
    default:
      throw new BinanceError(-1115, 'Invalid timeInForce.');
  }
}
