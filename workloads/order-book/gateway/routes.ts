import { Type } from '@sinclair/typebox';
import { CodedError, serviceErrors } from '@sluice/kit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Exchange } from '../exchange/exchange.ts';
import type { Market } from '../exchange/market.ts';
import type { Order } from '../exchange/order.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import { accountOfCaller, accountOfName } from './account.ts';
import type { OrderEntry } from './order-entry.ts';
import {
  type PlaceBody,
  parseClientOrderId,
  parseOrderId,
  placeSchema,
  type ReplaceBody,
  replaceSchema,
  wrongField,
} from './order-request.ts';
import { refusalError } from './refusals.ts';
import { acceptedView, depthView, orderView, tradeView } from './views.ts';

export interface RoutesOptions {
  readonly entry: OrderEntry;
  readonly exchange: Exchange;
  readonly sequencer: Sequencer;
  /** Symbols that take new orders. */
  readonly listed: ReadonlySet<string>;
  /** Tokens are asked for: their subject is the account. */
  readonly secured: boolean;
  readonly version: string;
  readonly epoch: number;
}

const limitQuery = (max: number, fallback: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: max, default: fallback }));
const symbolQuery = Type.String({ maxLength: 256, description: 'Name of a symbol of this book.' });

/** Everything that a client of one book can ask for. */
export function addRoutes(app: FastifyInstance, options: RoutesOptions): void {
  addOrderEntry(app, options);
  addOrderQueries(app, options);
  addMarketData(app, options);
}

function addOrderEntry(app: FastifyInstance, { entry, secured }: RoutesOptions): void {
  app.post<{ Body: PlaceBody }>(
    '/v1/orders',
    { schema: { summary: 'Place an order', body: placeSchema }, attachValidation: true },
    async (request, reply) => {
      refuseWrongBody(request);
      const accepted = await entry.place(accountOf(request, secured), request.body);
      reply.code(accepted.repeated ? 200 : 201);
      return acceptedView(accepted);
    },
  );

  app.patch<{ Body: ReplaceBody; Params: { id: string } }>(
    '/v1/orders/:id',
    {
      schema: { summary: 'Change price or quantity of an open order', body: replaceSchema, params: idParams },
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
    { schema: { summary: 'Cancel an open order', params: idParams } },
    async (request) => {
      const account = accountOf(request, secured);
      return acceptedView(await entry.cancel(account, parseOrderId(request.params.id)));
    },
  );
}

function addOrderQueries(app: FastifyInstance, { exchange, secured }: RoutesOptions): void {
  app.get<{ Params: { id: string } }>(
    '/v1/orders/:id',
    { schema: { summary: 'One order of the account', params: idParams } },
    async (request) => {
      const order = exchange.orders.ofAccount(accountOf(request, secured), parseOrderId(request.params.id));
      if (order === undefined) throw refusalError({ kind: 'refused', refusal: 'orderNotFound' });
      return orderView(order);
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
    { schema: { summary: 'Open orders of the account, oldest first', querystring: query } },
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
  const marketOf = (symbol: string): Market => {
    const market = exchange.markets.get(symbol);
    if (market === undefined) throw refusalError({ kind: 'refused', refusal: 'unknownSymbol' });
    return market;
  };

  app.get<{ Querystring: { symbol: string; limit: number } }>(
    '/v1/depth',
    {
      schema: {
        summary: 'The best levels of both sides as [price, quantity], and the command they stand at',
        querystring: Type.Object({ symbol: symbolQuery, limit: limitQuery(5_000, 100) }),
      },
    },
    async ({ query: { symbol, limit } }) => {
      const { bids, asks } = depthView(marketOf(symbol), limit);
      return { symbol, sequence: String(exchange.sequence), bids, asks };
    },
  );

  app.get<{ Querystring: { symbol: string; limit: number } }>(
    '/v1/trades',
    {
      schema: {
        summary: 'The latest trades, newest first',
        querystring: Type.Object({ symbol: symbolQuery, limit: limitQuery(1_000, 100) }),
      },
    },
    async ({ query: { symbol, limit } }) => {
      const market = marketOf(symbol);
      return { symbol, trades: market.latestTrades(limit).map((trade) => tradeView(trade, market)) };
    },
  );

  app.get('/v1/symbols', { schema: { summary: 'What is traded here' } }, async () => ({
    symbols: [...exchange.markets.values()].map(({ config, book }) => {
      return { ...config, trading: listed.has(config.name), openOrders: book.size };
    }),
  }));

  app.get('/v1/status', { schema: { summary: 'Where the book stands' } }, async () => ({
    version: options.version,
    epoch: String(options.epoch),
    sequence: String(exchange.sequence),
    openOrders: exchange.orders.open,
    pending: sequencer.pending,
    journal: sequencer.failure?.code ?? 'ok',
  }));
}

const idParams = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** The token's subject; without tokens the header `sluice-account`, or one account for all. */
function accountOf({ caller, headers }: FastifyRequest, secured: boolean): string {
  if (!secured) return accountOfName(headers['sluice-account'] ?? 'default');
  if (caller === undefined) throw new Error('a secured route without a caller');
  return accountOfCaller(caller);
}

/** A body that its schema refused: the code and the sentence of the field at fault. */
function refuseWrongBody(request: FastifyRequest): void {
  const { validationError } = request;
  if (validationError === undefined) return;
  const first = validationError.validation[0];
  const missing = first?.params.missingProperty;
  const coded = wrongField(first?.instancePath ?? '', typeof missing === 'string' ? missing : undefined);
  const unknown = first?.params.additionalProperty;
  const sentence =
    typeof unknown === 'string' ? `There is no field ${JSON.stringify(unknown)}.` : validationError.message;
  throw coded ?? new CodedError(serviceErrors.invalidRequest, sentence, { cause: validationError });
}
