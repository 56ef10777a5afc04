import { type Static, Type } from '@sinclair/typebox';
import { CodedError, type ErrorDefinition, serviceErrors } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { errors } from '../../errors.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Order } from '../../exchange/order.ts';
import type { OrderEntry } from '../../gateway/order-entry.ts';
import { type PlaceBody, parseClientOrderId, parseOrderId } from '../../gateway/order-request.ts';
import { found, marketOf, ownOrder } from '../../gateway/refusals.ts';
import { accountOf } from '../account.ts';
import { cancelAll } from '../cancel-all.ts';
import { answerJsonText } from '../json-text.ts';
import { orderView, PREVENTION_MODES } from './views.ts';

export interface CoinbaseOrdersOptions {
  readonly clock: Clock;
  readonly entry: OrderEntry;
  readonly exchange: Exchange;
  /** Tokens are asked for: their subject is the account. */
  readonly secured: boolean;
}

/** Clients send amounts as text or as numbers. */
const amount = Type.Union([Type.String({ maxLength: 256 }), Type.Number()]);
const text = Type.String({ maxLength: 256 });
const orderSchema = Type.Object({
  product_id: text,
  side: text,
  type: Type.Optional(text),
  price: Type.Optional(amount),
  size: Type.Optional(amount),
  funds: Type.Optional(amount),
  time_in_force: Type.Optional(text),
  cancel_after: Type.Optional(text),
  post_only: Type.Optional(Type.Boolean()),
  stp: Type.Optional(text),
  stop: Type.Optional(text),
  stop_price: Type.Optional(amount),
  client_oid: Type.Optional(text),
});
type OrderBody = Static<typeof orderSchema>;

const MAX_ORDERS = 1_000;
const GOOD_FOR_MS: Readonly<Record<string, number>> = { min: 60_000, hour: 3_600_000, day: 86_400_000 };

/** Order entry of Coinbase shape. Signature, timestamp and passphrase of a request are not looked at: they prove nothing here. */
export function addCoinbaseOrders(app: FastifyInstance, options: CoinbaseOrdersOptions): void {
  const { clock, entry, exchange, secured } = options;
  const account = (request: FastifyRequest): string => accountOf(request, secured, 'cb-access-key');

  app.post<{ Body: OrderBody }>(
    '/orders',
    { schema: { summary: 'Coinbase-shaped: place an order', body: orderSchema } },
    async (request) => {
      const { order, trades, repeated } = await entry.place(account(request), placeBody(request.body, clock.now()));
      return repeated ? orderView(order) : orderView(order, trades);
    },
  );

  app.get<{ Querystring: { product_id?: string; status?: string[] } }>(
    '/orders',
    { schema: { summary: 'Coinbase-shaped: open orders of the account, newest first', querystring: ordersQuery } },
    async (request) => {
      const { product_id: product, status = [] } = request.query;
      if (!status.every((word) => OPEN.has(word))) throw wrong(serviceErrors.invalidRequest, ONLY_OPEN);
      const orders = openOrders(exchange, account(request), product);
      return orders
        .reverse()
        .slice(0, MAX_ORDERS)
        .map((order) => orderView(order));
    },
  );

  app.get('/accounts', { schema: { summary: 'Coinbase-shaped: none, the book keeps no balances' } }, async () => []);

  app.get<{ Params: { id: string } }>(
    '/orders/:id',
    { schema: { summary: 'Coinbase-shaped: one order of the account; client:<id> names it by its client_oid' } },
    async (request) => orderView(findOrder(exchange, account(request), request.params.id)),
  );

  app.delete<{ Params: { id: string } }>(
    '/orders/:id',
    { schema: { summary: 'Coinbase-shaped: cancel an open order' } },
    async (request, reply) => {
      const order = findOrder(exchange, account(request), request.params.id);
      await entry.cancel(account(request), order.id);
      return answerJsonText(reply, JSON.stringify(request.params.id));
    },
  );

  app.delete<{ Querystring: { product_id?: string }; Body: { product_id?: string } | null | undefined }>(
    '/orders',
    { schema: { summary: 'Coinbase-shaped: cancel all open orders of the account', querystring: productQuery } },
    async (request) => {
      // Some clients name the product in the body: without a look at it, the orders of all others would go too.
      const product = request.query.product_id ?? request.body?.product_id;
      if (product !== undefined) marketOf(exchange, product);
      const orders = openOrders(exchange, account(request), product);
      return (await cancelAll(entry, exchange, account(request), orders)).map(({ id }) => String(id));
    },
  );
}

const productQuery = Type.Object({ product_id: Type.Optional(text) });
const ordersQuery = Type.Object({ product_id: Type.Optional(text), status: Type.Optional(Type.Array(text)) });
/** What Coinbase Exchange calls the states of an order that may still trade. */
const OPEN: ReadonlySet<string> = new Set(['received', 'pending', 'open', 'active']);
const ONLY_OPEN = 'Only open orders are listed: leave status out, or send "open". A closed order is found by its id.';

function openOrders(exchange: Exchange, account: string, product: string | undefined): Order[] {
  return exchange.orders
    .openOf(account)
    .filter(({ market }) => product === undefined || market.config.name === product);
}

function findOrder(exchange: Exchange, account: string, id: string): Order {
  if (!id.startsWith('client:')) return ownOrder(exchange, account, parseOrderId(id));
  return found(exchange.orders.byClientId(account, parseClientOrderId(id.slice('client:'.length))));
}

/** The order in the words of the gateway, which checks it further. Without `stp`, orders that would meet decrement, as there. */
function placeBody(body: OrderBody, nowMs: number): PlaceBody {
  const { price, size, stop_price: stopPrice, client_oid: clientOrderId, post_only: postOnly } = body;
  if (size === undefined) throw wrong(errors.invalidQuantity, 'size is required: orders by funds are not taken.');
  const selfTrade = PREVENTION_MODES[body.stp ?? 'dc'];
  if (selfTrade === undefined) throw wrong(errors.invalidSelfTrade, 'stp must be "dc", "co", "cn" or "cb".');
  const { side, type = 'limit' } = body;
  if (side !== 'buy' && side !== 'sell') throw wrong(errors.invalidSide, 'side must be "buy" or "sell".');
  if (type !== 'limit' && type !== 'market') throw wrong(errors.invalidType, 'type must be "limit" or "market".');
  checkStop(body);
  return {
    symbol: body.product_id,
    side,
    type,
    quantity: String(size),
    selfTrade,
    ...lifetime(body, nowMs),
    ...(price !== undefined && { price: String(price) }),
    ...(stopPrice !== undefined && { stopPrice: String(stopPrice) }),
    ...(postOnly !== undefined && { postOnly }),
    ...(clientOrderId !== undefined && { clientOrderId }),
  };
}

/** A stop is triggered by a price that turns against the order: a fall for a sell, a rise for a buy. */
function checkStop({ stop, stop_price: stopPrice, side }: OrderBody): void {
  if (stop === undefined && stopPrice === undefined) return;
  const expected = side === 'sell' ? 'loss' : 'entry';
  if (stopPrice !== undefined && (stop === undefined || stop === expected)) return;
  throw wrong(errors.invalidStop, `A ${side} stop is stop "${expected}" and has a stop_price.`);
}

function lifetime(
  { time_in_force: timeInForce, cancel_after: cancelAfter }: OrderBody,
  nowMs: number,
): Pick<PlaceBody, 'timeInForce' | 'expiresTime'> {
  const isTimed = timeInForce === 'GTT';
  const forMs = cancelAfter === undefined ? undefined : GOOD_FOR_MS[cancelAfter];
  if (isTimed !== (cancelAfter !== undefined) || (isTimed && forMs === undefined)) {
    throw wrong(errors.invalidExpiry, 'cancel_after is "min", "hour" or "day", and belongs to time_in_force "GTT".');
  }
  if (forMs !== undefined) return { timeInForce: 'GTD', expiresTime: new Date(nowMs + forMs).toISOString() };
  if (timeInForce === undefined) return {};
  if (timeInForce === 'GTC' || timeInForce === 'IOC' || timeInForce === 'FOK') return { timeInForce };
  throw wrong(errors.invalidTimeInForce, 'time_in_force must be "GTC", "GTT", "IOC" or "FOK".');
}

function wrong(definition: ErrorDefinition, sentence: string): CodedError {
  return new CodedError(definition, sentence);
}
