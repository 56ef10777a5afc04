import { Type } from '@sinclair/typebox';
import { CodedError, serviceErrors } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Metrics } from '@sluice/runtime/telemetry';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../errors.ts';
import type { Command } from '../exchange/command.ts';
import type { Exchange, Outcome } from '../exchange/exchange.ts';
import type { Market } from '../exchange/market.ts';
import type { Order } from '../exchange/order.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import type { orderBookMetrics } from '../metrics.ts';
import {
  type PlaceBody,
  parseClientOrderId,
  parseOrderId,
  parsePrice,
  parseQuantity,
  parseTerms,
  placeSchema,
  type ReplaceBody,
  replaceSchema,
  wrongField,
} from './order-request.ts';
import { createRateLimit } from './rate-limit.ts';
import { refusalError } from './refusals.ts';
import { depthView, orderView, tradeView } from './views.ts';

export interface RoutesOptions {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly sequencer: Sequencer;
  /** Symbols that take new orders; others that the journal knows can still be read and cancelled. */
  readonly listed: ReadonlySet<string>;
  readonly ordersPerSecondPerAccount: number;
  /** Open orders of all accounts and symbols together: what the memory of the process bears. */
  readonly maxOpenOrders: number;
  readonly metrics: Metrics<typeof orderBookMetrics>;
  /** Tokens are asked for: their subject is the account. */
  readonly secured: boolean;
  readonly version: string;
  readonly epoch: number;
}

const ACCOUNT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const limitQuery = (max: number, fallback: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: max, default: fallback }));
const symbolQuery = Type.String({ maxLength: 256, description: 'Name of a symbol of this book.' });

/** Everything that a client of one book can ask for. */
export function addRoutes(app: FastifyInstance, options: RoutesOptions): void {
  addOrderEntry(app, options);
  addOrderQueries(app, options);
  addMarketData(app, options);
}

function addOrderEntry(app: FastifyInstance, options: RoutesOptions): void {
  const { clock, exchange, listed, sequencer, maxOpenOrders } = options;
  const send = submitter(options);

  app.post<{ Body: PlaceBody }>(
    '/v1/orders',
    { schema: { summary: 'Place an order', body: placeSchema }, attachValidation: true },
    async (request, reply) => {
      refuseWrongBody(request);
      const { body } = request;
      const account = accountOf(request, options.secured);
      const market = listed.has(body.symbol) ? exchange.markets.get(body.symbol) : undefined;
      if (market === undefined) throw refusalError({ kind: 'refused', refusal: 'unknownSymbol' });
      const timeMs = clock.now();
      const terms = parseTerms(body, market, timeMs);
      const clientOrderId = parseClientOrderId(body.clientOrderId);
      // Each command under way may become an open order.
      const mayStay = terms.timeInForce === 'GTC' || terms.extra !== undefined;
      if (mayStay && exchange.orders.open + sequencer.pending >= maxOpenOrders) {
        throw refusalError({ kind: 'refused', refusal: 'bookFull' });
      }
      return send(reply, { kind: 'place', timeMs, account, clientOrderId, symbol: body.symbol, ...terms });
    },
  );

  app.patch<{ Body: ReplaceBody; Params: { id: string } }>(
    '/v1/orders/:id',
    {
      schema: { summary: 'Change price or quantity of an open order', body: replaceSchema, params: idParams },
      attachValidation: true,
    },
    async (request, reply) => {
      refuseWrongBody(request);
      const { price, quantity } = request.body;
      if (price === undefined && quantity === undefined) {
        throw new CodedError(serviceErrors.invalidRequest, 'Send a new price, a new quantity, or both.');
      }
      const account = accountOf(request, options.secured);
      const orderId = parseOrderId(request.params.id);
      const order = exchange.orders.ofAccount(account, orderId);
      if (order === undefined) throw refusalError({ kind: 'refused', refusal: 'orderNotFound' });
      return send(reply, {
        kind: 'replace',
        timeMs: clock.now(),
        account,
        orderId,
        price: price === undefined ? 0 : parsePrice(price, order.market),
        quantity: quantity === undefined ? 0 : parseQuantity(quantity, order.market),
      });
    },
  );

  app.delete<{ Params: { id: string } }>(
    '/v1/orders/:id',
    { schema: { summary: 'Cancel an open order', params: idParams } },
    async (request, reply) => {
      const account = accountOf(request, options.secured);
      return send(reply, { kind: 'cancel', timeMs: clock.now(), account, orderId: parseOrderId(request.params.id) });
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

/** Sends a command through rate limit and sequencer, and turns its outcome into the answer. */
function submitter(options: RoutesOptions): (reply: FastifyReply, command: AccountCommand) => Promise<object> {
  const { clock, sequencer, metrics, ordersPerSecondPerAccount } = options;
  const waitMs = createRateLimit(clock, ordersPerSecondPerAccount);
  return async (reply, command) => {
    const wait = waitMs(command.account);
    if (wait > 0) {
      metrics.rateLimited.inc();
      const sentence = `The account may send ${ordersPerSecondPerAccount} commands per second: send this one again later.`;
      throw new CodedError(errors.rateLimited, sentence, { retryAfterSeconds: Math.ceil(wait / 1_000) });
    }
    const started = clock.monotonic();
    const outcome = await sequencer.submit(command);
    metrics.acknowledgeSeconds.observe((clock.monotonic() - started) / 1_000);
    metrics.commands.inc({ kind: command.kind, result: resultOf(outcome) });
    if (outcome.kind === 'refused') throw refusalError(outcome);
    if (outcome.kind === 'configured') throw new Error(`${command.kind} was answered as a configuration`);
    const { order, trades, repeated } = outcome;
    if (trades.length > 0) metrics.trades.inc({ symbol: order.market.config.name }, trades.length);
    if (command.kind === 'place') reply.code(repeated ? 200 : 201);
    // Stops that it triggered may have traded too, with others.
    const own = trades.filter(({ makerId, takerId }) => makerId === order.id || takerId === order.id);
    return { ...orderView(order), fills: own.map((trade) => tradeView(trade, order.market)) };
  };
}

type AccountCommand = Extract<Command, { account: string }>;

function resultOf(outcome: Outcome): string {
  if (outcome.kind === 'order') return outcome.repeated ? 'repeated' : 'accepted';
  return outcome.kind === 'refused' ? 'refused' : 'configured';
}

const idParams = Type.Object({ id: Type.String({ maxLength: 64 }) });

/** The token's subject; without tokens the header `sluice-account`, or one account for all. */
function accountOf(request: FastifyRequest, secured: boolean): string {
  if (secured) {
    const { caller } = request;
    if (caller === undefined) throw new Error('a secured route without a caller');
    // Half a surrogate pair has no UTF-8: the journal would give the account another name.
    if (caller.subject.isWellFormed()) return caller.subject;
    throw new CodedError(errors.invalidAccount, 'The claim "sub" of the token must be well-formed Unicode.');
  }
  const account = request.headers['sluice-account'] ?? 'default';
  if (typeof account === 'string' && ACCOUNT.test(account)) return account;
  const sentence =
    'The header sluice-account must have 1 to 64 letters, digits, ".", "_" or "-", and begin with a letter or digit.';
  throw new CodedError(errors.invalidAccount, sentence);
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
