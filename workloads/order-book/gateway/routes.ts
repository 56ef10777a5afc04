import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Order } from '../exchange/order.ts';
import type { PublicationStatus } from '../publisher/publication.ts';
import { type AdminRoutesOptions, addAdminRoutes } from './admin-routes.ts';
import {
  acceptedAnswer,
  depthAnswer,
  orderAnswer,
  ordersAnswer,
  placedAnswer,
  placedPairAnswer,
  repeatedAnswer,
  repeatedPairAnswer,
  statusAnswer,
  symbolsAnswer,
  tradesAnswer,
} from './answers.ts';
import type { OrderEntry } from './order-entry.ts';
import {
  type PairBody,
  type PlaceBody,
  pairSchema,
  parseClientOrderId,
  parseOrderId,
  placeSchema,
  type ReplaceBody,
  replaceSchema,
} from './order-request.ts';
import { marketOf, ownOrder } from './refusals.ts';
import { accountOf, refuseWrongBody } from './request.ts';
import {
  cancelErrors,
  listOrdersErrors,
  pairErrors,
  placeErrors,
  readOrderErrors,
  replaceErrors,
  symbolErrors,
} from './route-errors.ts';
import { acceptedView, depthView, orderView, symbolView, tradeView } from './views.ts';

export interface RoutesOptions extends AdminRoutesOptions {
  readonly entry: OrderEntry;
  /** Symbols that take new orders. */
  readonly listed: ReadonlySet<string>;
  readonly version: string;
  readonly epoch: number;
  /** How far the trades are on their way to a broker; undefined without one. */
  readonly publication: () => PublicationStatus | undefined;
}

const limitQuery = (max: number, fallback: number) =>
  Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: max,
      default: fallback,
      description: `At most so many, 1 to ${max}. Default ${fallback}.`,
    }),
  );
const idParams = Type.Object({
  id: Type.String({ maxLength: 64, description: 'Id that the book gave to the order.' }),
});
/** Without tokens, whose orders these are. */
const accountHeader = { 'sluice-account': Type.String({ description: 'The account. Default: default.' }) };
const symbolQuery = Type.String({ maxLength: 256, description: 'Name of a symbol of this book.' });

/** Everything that a client of one book can ask for. */
export function addRoutes(app: FastifyInstance, options: RoutesOptions): void {
  addOrderEntry(app, options);
  addOrderQueries(app, options);
  addMarketData(app, options);
  addAdminRoutes(app, options);
}

function addOrderEntry(app: FastifyInstance, { entry, secured }: RoutesOptions): void {
  const headers = secured ? {} : accountHeader;
  app.post<{ Body: PlaceBody }>(
    '/v1/orders',
    {
      schema: {
        summary: 'Place an order',
        body: placeSchema,
        response: { 201: placedAnswer, 200: repeatedAnswer },
      },
      config: { headers, errors: placeErrors },
      attachValidation: true,
    },
    async (request, reply) => {
      refuseWrongBody(request);
      const accepted = await entry.place(accountOf(request, secured), request.body);
      reply.code(accepted.repeated ? 200 : 201);
      return acceptedView(accepted);
    },
  );

  app.post<{ Body: PairBody }>(
    '/v1/order-pairs',
    {
      schema: {
        summary: 'Place a stop and a limit of which one cancels the other, both or none',
        body: pairSchema,
        response: { 201: placedPairAnswer, 200: repeatedPairAnswer },
      },
      config: { headers, errors: pairErrors },
      attachValidation: true,
    },
    async (request, reply) => {
      refuseWrongBody(request);
      const { stop, limit } = await entry.placePair(accountOf(request, secured), request.body);
      reply.code(stop.repeated ? 200 : 201);
      return { stop: acceptedView(stop), limit: acceptedView(limit) };
    },
  );

  app.patch<{ Body: ReplaceBody; Params: { id: string } }>(
    '/v1/orders/:id',
    {
      schema: {
        summary: 'Change price or quantity of an open order',
        body: replaceSchema,
        params: idParams,
        response: { 200: acceptedAnswer },
      },
      config: { headers, errors: replaceErrors },
      attachValidation: true,
    },
    async (request) => {
      refuseWrongBody(request);
      const account = accountOf(request, secured);
      return acceptedView(await entry.replace(account, parseOrderId(request.params.id), request.body));
    },
  );

  app.delete<{ Params: { id: string } }>(
    '/v1/orders/:id',
    {
      schema: { summary: 'Cancel an open order', params: idParams, response: { 200: acceptedAnswer } },
      config: { headers, errors: cancelErrors },
    },
    async (request) => {
      const account = accountOf(request, secured);
      return acceptedView(await entry.cancel(account, parseOrderId(request.params.id)));
    },
  );
}

function addOrderQueries(app: FastifyInstance, { exchange, secured }: RoutesOptions): void {
  const headers = secured ? {} : accountHeader;
  app.get<{ Params: { id: string } }>(
    '/v1/orders/:id',
    {
      schema: { summary: 'One order of the account', params: idParams, response: { 200: orderAnswer } },
      config: { headers, errors: readOrderErrors },
    },
    async (request) => {
      return orderView(ownOrder(exchange, accountOf(request, secured), parseOrderId(request.params.id)));
    },
  );

  const query = Type.Object({
    symbol: Type.Optional(symbolQuery),
    clientOrderId: Type.Optional(
      Type.String({ maxLength: 256, description: 'The one order with this id, open or not.' }),
    ),
    after: Type.Optional(Type.String({ maxLength: 16, description: 'Open orders with a higher id: the next page.' })),
    limit: limitQuery(1_000, 100),
  });
  app.get<{ Querystring: { symbol?: string; clientOrderId?: string; after?: string; limit: number } }>(
    '/v1/orders',
    {
      schema: {
        summary: 'Open orders of the account, oldest first',
        querystring: query,
        response: { 200: ordersAnswer },
      },
      config: { headers, errors: listOrdersErrors },
    },
    async (request) => {
      const account = accountOf(request, secured);
      const { symbol, clientOrderId, after, limit } = request.query;
      const start = after === undefined ? 0 : parseOrderId(after);
      const found: (Order | undefined)[] =
        clientOrderId === undefined
          ? exchange.orders.openOf(account)
          : [exchange.orders.byClientId(account, parseClientOrderId(clientOrderId))];
      const orders = found
        .filter((order) => order !== undefined)
        .filter(({ id, market }) => id > start && (symbol === undefined || market.config.name === symbol));
      return { orders: orders.slice(0, limit).map(orderView) };
    },
  );
}

function addMarketData(app: FastifyInstance, options: RoutesOptions): void {
  const { exchange, sequencer, listed } = options;
  app.get<{ Querystring: { symbol: string; limit: number } }>(
    '/v1/depth',
    {
      schema: {
        summary: 'The best levels of both sides as [price, quantity], and the command they stand at',
        querystring: Type.Object({ symbol: symbolQuery, limit: limitQuery(5_000, 100) }),
        response: { 200: depthAnswer },
      },
      config: { errors: symbolErrors },
    },
    async ({ query: { symbol, limit } }) => {
      const { bids, asks } = depthView(marketOf(exchange, symbol), limit);
      return { symbol, sequence: String(exchange.sequence), bids, asks };
    },
  );

  app.get<{ Querystring: { symbol: string; limit: number } }>(
    '/v1/trades',
    {
      schema: {
        summary: 'The latest trades, newest first',
        querystring: Type.Object({ symbol: symbolQuery, limit: limitQuery(1_000, 100) }),
        response: { 200: tradesAnswer },
      },
      config: { errors: symbolErrors },
    },
    async ({ query: { symbol, limit } }) => {
      const market = marketOf(exchange, symbol);
      return { symbol, trades: market.latestTrades(limit).map((trade) => tradeView(trade, market)) };
    },
  );

  const symbols = { summary: 'What is traded here', response: { 200: symbolsAnswer } };
  app.get('/v1/symbols', { schema: symbols }, async () => ({
    symbols: [...exchange.markets.values()].map((market) => symbolView(market, listed.has(market.config.name))),
  }));

  const status = { summary: 'Where the book stands', response: { 200: statusAnswer } };
  app.get('/v1/status', { schema: status }, async () => ({
    version: options.version,
    epoch: String(options.epoch),
    sequence: String(exchange.sequence),
    openOrders: exchange.orders.open,
    pending: sequencer.pending,
    journal: sequencer.failure?.code ?? 'ok',
    publisher: options.publication(),
  }));
}
