import { Type } from '@sinclair/typebox';
import type { Clock } from '@sluice/runtime/clock';
import type { FastifyInstance } from 'fastify';
import { BUY, SELL } from '../../engine/book.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Market } from '../../exchange/market.ts';
import { marketOf } from '../../gateway/refusals.ts';
import { assetsOf } from '../assets.ts';
import { answerJsonText } from '../json-text.ts';
import { bestLevel } from '../levels.ts';
import type { CoinbaseChannels } from './channels.ts';
import { isoTime, orderBookText } from './encode.ts';
import { productView, tradeView } from './views.ts';

const MAX_TRADES = 1_000;

export interface CoinbaseMarketOptions {
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly listed: ReadonlySet<string>;
  readonly channels: CoinbaseChannels;
}

/** Market data of Coinbase shape. */
export function addCoinbaseMarket(app: FastifyInstance, options: CoinbaseMarketOptions): void {
  const { clock, exchange, listed, channels } = options;
  const markets = (): Market[] => [...exchange.markets.values()];

  app.get('/time', { schema: { summary: 'Coinbase-shaped: the time of the server' } }, async () => {
    const nowMs = clock.now();
    return { iso: isoTime(nowMs), epoch: nowMs / 1_000 };
  });

  app.get('/currencies', { schema: { summary: 'Coinbase-shaped: the assets of all symbols' } }, async () => {
    const assets = new Set<string>();
    for (const { config } of markets()) {
      const { base, quote } = assetsOf(config.name);
      assets.add(base);
      if (quote !== '') assets.add(quote);
    }
    return Array.from(assets, (id) => ({ id, name: id, status: 'online', details: {}, supported_networks: [] }));
  });

  app.get('/products', { schema: { summary: 'Coinbase-shaped: what is traded' } }, async () => {
    return markets().map((market) => productView(market, listed.has(market.config.name)));
  });

  app.get<{ Params: { id: string } }>(
    '/products/:id',
    { schema: { summary: 'Coinbase-shaped: one symbol' } },
    async ({ params: { id } }) => productView(marketOf(exchange, id), listed.has(id)),
  );

  app.get<{ Params: { id: string }; Querystring: { level: 1 | 2 | 3 } }>(
    '/products/:id/book',
    {
      schema: {
        summary: 'Coinbase-shaped: the best of both sides (level 1), all prices (2), or all orders (3)',
        querystring: Type.Object({ level: Type.Optional(Type.Integer({ minimum: 1, maximum: 3, default: 1 })) }),
      },
    },
    async ({ params: { id }, query: { level } }, reply) => {
      const market = marketOf(exchange, id);
      return answerJsonText(reply, orderBookText(market, level, channels.product(market).feed.sequence));
    },
  );

  app.get<{ Params: { id: string }; Querystring: { limit: number } }>(
    '/products/:id/trades',
    {
      schema: {
        summary: 'Coinbase-shaped: the latest trades, newest first',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_TRADES, default: 100 })),
        }),
      },
    },
    async ({ params: { id }, query: { limit } }) => {
      const market = marketOf(exchange, id);
      return market.latestTrades(limit).map((trade) => tradeView(market, trade));
    },
  );

  app.get<{ Params: { id: string } }>(
    '/products/:id/ticker',
    { schema: { summary: 'Coinbase-shaped: last trade, best bid and best ask' } },
    async ({ params: { id } }) => tickerView(marketOf(exchange, id)),
  );
}

function tickerView(market: Market): object {
  const { tick, lot } = market;
  const [last] = market.latestTrades(1);
  return {
    ...(last !== undefined && {
      trade_id: last.sequence,
      price: tick.format(last.price),
      size: lot.format(last.quantity),
      time: isoTime(last.timeMs),
    }),
    bid: tick.format(bestLevel(market, BUY)[0]),
    ask: tick.format(bestLevel(market, SELL)[0]),
  };
}
