import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

// Clients as their authors publish them, with another address. Each keeps a book from what the feed sends, in its own way.

export type Levels = readonly (readonly [price: number, quantity: number])[];

export interface PublicClient {
  readonly name: string;
  /** Connects, and again whenever the connection is lost. */
  start(): Promise<void>;
  /** The book that the client has; undefined before the first. */
  book(): { readonly bids: Levels; readonly asks: Levels } | undefined;
  stop(): Promise<void>;
}

/** The part of ccxt that is used. */
export interface CcxtExchange {
  readonly id: string;
  urls: { api: Record<string, unknown> };
  readonly orderbooks: Record<string, { readonly bids: Levels; readonly asks: Levels } | undefined>;
  loadHttpProxyAgent(): Promise<unknown>;
  loadMarkets(): Promise<Record<string, unknown>>;
  watchOrderBook(symbol: string): Promise<unknown>;
  createOrder(
    symbol: string,
    type: string,
    side: string,
    amount: number,
    price: number,
    params?: object,
  ): Promise<CcxtOrder>;
  cancelOrder(id: string, symbol: string): Promise<unknown>;
  fetchOpenOrders(symbol: string): Promise<readonly CcxtOrder[]>;
  cancelAllOrders(symbol?: string): Promise<unknown>;
  fetchBalance(): Promise<{ readonly total: object }>;
  fetchOHLCV(symbol: string): Promise<unknown>;
  close(): Promise<unknown>;
}
export interface CcxtOrder {
  readonly id: string;
  readonly status: string;
  readonly filled: number;
}
type CcxtClass = new (options: object) => CcxtExchange;

interface DepthCache {
  readonly bids: Record<string, number>;
  readonly asks: Record<string, number>;
}
interface NodeBinanceApi {
  options(options: object): void;
  depthCacheStream(symbols: readonly string[], callback: () => void, limit: number): unknown;
  getDepthCache(symbol: string): DepthCache;
  terminate(endpoint: string): void;
  readonly subscriptions: Record<string, unknown>;
}

interface SyncedOrder {
  readonly price: { toNumber(): number };
  readonly size: { toNumber(): number };
}
interface OrderbookSync {
  readonly books: Record<string, { state(): { bids: readonly SyncedOrder[]; asks: readonly SyncedOrder[] } }>;
  on(event: string, listener: () => void): void;
  disconnect(): void;
}

const folder = join(import.meta.dirname, '../clients');

/** Installs the clients once, as their lock file says: they are too large to come with the tests of everything else. */
export function installClients(): void {
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return;
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
}

const load = createRequire(join(folder, 'package.json'));
const RETRY_MS = 100;

/** ccxt over the Binance shape: depth snapshot and `@depth@100ms`. */
export function ccxtBinance(host: string): CcxtExchange {
  const { pro } = load('ccxt') as { pro: { binance: CcxtClass } };
  const options = { fetchMargins: false, fetchMarkets: { types: ['spot'] }, fetchCurrencies: false };
  const exchange = new pro.binance({ apiKey: 'ccxt-binance', secret: 'unused', options });
  const api = `http://${host}/api/v3`;
  exchange.urls.api = { public: api, private: api, v1: api, ws: { spot: `ws://${host}/ws` } };
  return exchange;
}

/** ccxt over the Coinbase shape: channel `level2`. */
export function ccxtCoinbase(host: string): CcxtExchange {
  const { pro } = load('ccxt') as { pro: { coinbaseexchange: CcxtClass } };
  const exchange = new pro.coinbaseexchange({ apiKey: 'ccxt-coinbase', secret: 'dW51c2Vk', password: 'unused' });
  exchange.urls.api = { public: `http://${host}`, private: `http://${host}`, ws: `ws://${host}/feed` };
  return exchange;
}

export function ccxtClient(name: string, exchange: CcxtExchange): PublicClient {
  const symbol = 'BTC/EUR';
  let stopped = false;
  const watch = async (): Promise<void> => {
    while (!stopped) {
      try {
        await exchange.watchOrderBook(symbol);
      } catch {
        await delay(RETRY_MS);
      }
    }
  };
  return {
    name,
    start: async () => {
      await exchange.loadHttpProxyAgent();
      await exchange.loadMarkets();
      void watch();
    },
    book: () => exchange.orderbooks[symbol],
    stop: async () => {
      stopped = true;
      await exchange.close();
    },
  };
}

/** node-binance-api: its `depthCache` over a combined stream. */
export function nodeBinanceApi(host: string): PublicClient {
  const Api = load('node-binance-api') as new () => NodeBinanceApi;
  const api = new Api();
  const side = (levels: Record<string, number>): Levels =>
    Object.entries(levels).map(([price, quantity]) => [Number(price), quantity] as const);
  return {
    name: 'node-binance-api (depthCache)',
    start: async () => {
      const streams = { stream: `ws://${host}/ws/`, combineStream: `ws://${host}/stream?streams=` };
      api.options({ reconnect: true, log: () => undefined, urls: { base: `http://${host}/api/`, ...streams } });
      api.depthCacheStream(['BTCEUR'], () => undefined, 1_000);
    },
    book: () => {
      const cache = api.getDepthCache('BTCEUR');
      return { bids: side(cache.bids), asks: side(cache.asks) };
    },
    stop: async () => {
      api.options({ reconnect: false, log: () => undefined });
      for (const endpoint of Object.keys(api.subscriptions)) api.terminate(endpoint);
    },
  };
}

/** coinbase-pro: its `OrderbookSync` keeps every order, from a level 3 snapshot and channel `full`. */
export function coinbaseProSync(host: string): PublicClient {
  const { OrderbookSync: Sync } = load('coinbase-pro') as {
    OrderbookSync: new (products: readonly string[], api: string, feed: string) => OrderbookSync;
  };
  let sync: OrderbookSync | undefined;
  let stopped = false;
  const connect = (): void => {
    if (stopped) return;
    sync = new Sync(['BTC-EUR'], `http://${host}`, `ws://${host}/feed`);
    sync.on('error', () => undefined);
    sync.on('close', () => void setTimeout(connect, RETRY_MS));
  };
  return {
    name: 'coinbase-pro (OrderbookSync)',
    start: async () => connect(),
    book: () => {
      const state = sync?.books['BTC-EUR']?.state();
      return state === undefined ? undefined : { bids: levelsOf(state.bids), asks: levelsOf(state.asks) };
    },
    stop: async () => {
      stopped = true;
      sync?.disconnect();
    },
  };
}

/** Orders as the levels that they make. */
function levelsOf(orders: readonly SyncedOrder[]): Levels {
  const levels = new Map<number, number>();
  for (const { price, size } of orders) {
    const at = price.toNumber();
    // Sizes have four places here: their sum must not carry the dust of binary fractions.
    levels.set(at, Math.round(((levels.get(at) ?? 0) + size.toNumber()) * 10_000) / 10_000);
  }
  return [...levels];
}
