import { parse as parseForm } from 'node:querystring';
import websocket from '@fastify/websocket';
import { Type } from '@sinclair/typebox';
import { CodedError, codedErrorOf, isWebSocket, notFoundError, serviceErrors, type TokenVerifier } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { createMetrics, type Logger } from '@sluice/runtime/telemetry';
import type { FastifyContextConfig, FastifyInstance, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import type { WebSocket } from 'ws';
import type { Exchange } from '../exchange/exchange.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import type { OrderEntry } from '../gateway/order-entry.ts';
import { refuseForeignPage } from '../gateway/origin.ts';
import { addBinanceMarket } from './binance/market.ts';
import { addBinanceOrders } from './binance/orders.ts';
import { BinanceError, binanceRefusal, sendBinanceError } from './binance/refusals.ts';
import { BinanceSession, BinanceStreams } from './binance/session.ts';
import { BinanceSymbols } from './binance/symbols.ts';
import { CoinbaseChannels } from './coinbase/channels.ts';
import { addCoinbaseMarket } from './coinbase/market.ts';
import { addCoinbaseOrders } from './coinbase/orders.ts';
import { coinbaseRefusal, sendCoinbaseError } from './coinbase/refusals.ts';
import { CoinbaseSession } from './coinbase/session.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './connection.ts';
import { Doors } from './doors.ts';
import { Hub } from './hub.ts';
import { streamMetrics } from './metrics.ts';

export interface MarketDataOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
  readonly exchange: Exchange;
  readonly sequencer: Sequencer;
  readonly entry: OrderEntry;
  /** Symbols that take new orders. */
  readonly listed: ReadonlySet<string>;
  /** Absent: no token is asked for. With one, the subject of a token is the account. */
  readonly auth: TokenVerifier | undefined;
  readonly epoch: number;
  readonly limits?: Partial<ConnectionLimits>;
}

/** Doors for clients that exist: REST and WebSocket in the shapes of Binance's spot API and of Coinbase Exchange, on the port of `app`. */
export function addMarketData(app: FastifyInstance, options: MarketDataOptions): void {
  const { clock, log, registry, exchange, sequencer, auth } = options;
  const limits = { ...CONNECTION_LIMITS, ...options.limits };
  const doors = new Doors({ clock, limits, metrics: createMetrics(streamMetrics, registry), auth });
  const hub = new Hub(clock, log, exchange);
  sequencer.onApplied.add(hub.applied);
  // Node has given the connection up to whoever takes the upgrade: when it is refused, nobody else ends it.
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (isWebSocket(raw)) raw.socket.destroySoon();
    done();
  });
  app.register(async (scope) => {
    await scope.register(websocket, {
      options: { maxPayload: limits.messageBytes, perMessageDeflate: false },
      // A message that is too large has its close code already; what else comes here is a mistake of ours.
      errorHandler: (error, socket) => {
        if (socket.readyState !== socket.OPEN) return;
        log.error({ err: error }, 'a WebSocket failed');
        socket.terminate();
      },
      preClose: (done: () => void) => {
        doors.stop();
        done();
      },
    });
    scope.register(async (binance) => addBinance(binance, options, hub, doors, limits.subscriptions));
    scope.register(async (coinbase) => addCoinbase(coinbase, options, hub, doors, limits.subscriptions));
  });
}

function addBinance(
  app: FastifyInstance,
  { clock, exchange, listed, entry, auth }: MarketDataOptions,
  hub: Hub,
  doors: Doors,
  maxSubscriptions: number,
): void {
  const symbols = new BinanceSymbols(exchange, listed);
  const streams = new BinanceStreams(hub, symbols, maxSubscriptions);
  takeForms(app);
  describeRoutes(app, { refusal: binanceRefusal });
  app.setErrorHandler((error, request, reply) =>
    sendBinanceError(error instanceof BinanceError ? error : codedErrorOf(error), request, reply),
  );
  const api = async (scope: FastifyInstance): Promise<void> => {
    scope.setNotFoundHandler((request, reply) => sendBinanceError(notFoundError(request), request, reply));
    addBinanceMarket(scope, clock, exchange, symbols);
    scope.register(async (orders) => {
      describeRoutes(orders, keyHeader('x-mbx-apikey', auth));
      addBinanceOrders(orders, { entry, exchange, symbols, secured: auth !== undefined });
    });
  };
  app.register(api, { prefix: '/api/v3' });

  const open = (socket: WebSocket, authorization: string | undefined, isCombined: boolean, names: string): void => {
    doors.open('binance', socket, authorization, (connection) => {
      const session = new BinanceSession(streams, connection, isCombined);
      session.begin(names.split('/').filter((name) => name !== ''));
      return session;
    });
  };
  const route = webSocketRoute('Binance-shaped: streams over a WebSocket', doors);
  app.get('/ws', route, (socket, { headers }) => open(socket, headers.authorization, false, ''));
  app.get<{ Params: { '*': string } }>('/ws/*', route, (socket, { headers, params }) =>
    open(socket, headers.authorization, false, params['*']),
  );
  app.get<{ Querystring: { streams?: unknown } }>('/stream', route, (socket, { headers, query: { streams: names } }) =>
    open(socket, headers.authorization, true, typeof names === 'string' ? names : ''),
  );
}

function addCoinbase(
  app: FastifyInstance,
  { clock, exchange, listed, entry, auth, epoch }: MarketDataOptions,
  hub: Hub,
  doors: Doors,
  maxSubscriptions: number,
): void {
  const channels = new CoinbaseChannels(hub, exchange, epoch);
  describeRoutes(app, { refusal: coinbaseRefusal });
  app.setErrorHandler((error, request, reply) => sendCoinbaseError(codedErrorOf(error), request, reply));
  for (const prefix of ['/products', '/orders', '/accounts', '/fills', '/fees', '/profiles']) {
    app.register(async (scope) => answerMissing(scope), { prefix });
  }
  addCoinbaseMarket(app, { clock, exchange, listed, channels });
  app.register(async (orders) => {
    describeRoutes(orders, keyHeader('cb-access-key', auth));
    addCoinbaseOrders(orders, { clock, entry, exchange, secured: auth !== undefined });
  });
  app.get('/feed', webSocketRoute('Coinbase-shaped: the feed over a WebSocket', doors), (socket, { headers }) => {
    doors.open('coinbase', socket, headers.authorization, (connection) => {
      return new CoinbaseSession(channels, exchange, connection, maxSubscriptions);
    });
  });
}

/** Adds to what each route of `app` says of itself in the API description. */
function describeRoutes(app: FastifyInstance, more: FastifyContextConfig): void {
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, ...more };
  });
}

/** The header that names the account of an order, where no token does. */
function keyHeader(name: string, auth: TokenVerifier | undefined): FastifyContextConfig {
  return auth === undefined ? { headers: { [name]: Type.String({ description: 'Names the account.' }) } } : {};
}

/** What is not there is said in a shape that clients understand: some fail in their own code on another. */
function answerMissing(scope: FastifyInstance): void {
  scope.setNotFoundHandler((request, reply) => sendCoinbaseError(notFoundError(request), request, reply));
}

/** Who may not connect is refused before the upgrade, while there is an HTTP answer to say why. */
function webSocketRoute(summary: string, doors: Doors) {
  const preValidation = async (request: FastifyRequest): Promise<void> => {
    if (!isWebSocket(request.raw)) {
      throw new CodedError(serviceErrors.notFound, 'This address speaks WebSocket: connect to it with ws:// instead.');
    }
    refuseForeignPage(request);
    doors.checkRoom();
  };
  const response = { 101: { description: 'The stream.' } };
  return { websocket: true as const, schema: { summary, response }, preValidation };
}

/** Clients of this shape send parameters in the body as a browser form does. */
function takeForms(app: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  app.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, done) => done(null, parseForm(String(body))));
}
