import type { Clock } from '@sluice/runtime/clock';
import type { FastifyInstance } from 'fastify';
import { BUY, SELL } from '../../engine/book.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Market } from '../../exchange/market.ts';
import { answerJsonText } from '../json-text.ts';
import { bestLevel } from '../levels.ts';
import { depthText } from './encode.ts';
import { about, limitOf, type Parameters, parametersOf, required, symbolOf } from './parameters.ts';
import { type BinanceSymbols, binanceName } from './symbols.ts';
import { symbolView, tradeView } from './views.ts';

const MAX_LEVELS = 5_000;
const MAX_TRADES = 1_000;

/** Market data of Binance shape: what a client needs to know the symbols and to begin a book. */
export function addBinanceMarket(
  app: FastifyInstance,
  clock: Clock,
  exchange: Exchange,
  symbols: BinanceSymbols,
): void {
  app.get('/ping', about('answers {}'), async () => ({}));
  app.get('/time', about('the time of the server'), async () => ({
    serverTime: clock.now(),
  }));

  app.get('/exchangeInfo', about('what is traded', 'symbol', 'symbols'), async (request) => {
    const listed = symbols.all();
    const views = wanted(symbols, parametersOf(request)).map((market) => symbolView(market, listed.includes(market)));
    return { timezone: 'UTC', serverTime: clock.now(), rateLimits: [], exchangeFilters: [], symbols: views };
  });

  app.get('/depth', about('the best levels and their update id', 'symbol', 'limit'), async (request, reply) => {
    const parameters = parametersOf(request);
    const market = symbolOf(symbols, required(parameters, 'symbol'));
    return answerJsonText(reply, depthText(market, exchange.sequence, limitOf(parameters, MAX_LEVELS, 100)));
  });

  app.get('/trades', about('the latest trades, newest last', 'symbol', 'limit'), async (request) => {
    const parameters = parametersOf(request);
    const market = symbolOf(symbols, required(parameters, 'symbol'));
    const trades = market.latestTrades(limitOf(parameters, MAX_TRADES, 500));
    return trades.reverse().map((trade) => tradeView(market, trade));
  });

  app.get('/ticker/bookTicker', about('best bid and ask', 'symbol', 'symbols'), async (request) => {
    const parameters = parametersOf(request);
    const views = wanted(symbols, parameters).map(bookTickerView);
    return parameters.symbol === undefined ? views : views[0];
  });

  app.get('/ticker/price', about('price of the last trade', 'symbol', 'symbols'), async (request) => {
    const parameters = parametersOf(request);
    const views = wanted(symbols, parameters).map(({ config, book, tick }) => {
      return { symbol: binanceName(config.name), price: tick.format(book.lastPrice) };
    });
    return parameters.symbol === undefined ? views : views[0];
  });
}

/** The symbols that a request names as `symbol` or `symbols`; all when it names none. */
function wanted(symbols: BinanceSymbols, { symbol, symbols: list }: Parameters): Market[] {
  if (symbol !== undefined) return [symbolOf(symbols, symbol)];
  if (list === undefined) return symbols.all();
  return list
    .replaceAll(/[[\]"\s]/g, '')
    .split(',')
    .map((name) => symbolOf(symbols, name));
}

function bookTickerView(market: Market): object {
  const { tick, lot, config } = market;
  const [bid, bidQuantity] = bestLevel(market, BUY);
  const [ask, askQuantity] = bestLevel(market, SELL);
  return {
    symbol: binanceName(config.name),
    bidPrice: tick.format(bid),
    bidQty: lot.format(bidQuantity),
    askPrice: tick.format(ask),
    askQty: lot.format(askQuantity),
  };
}
