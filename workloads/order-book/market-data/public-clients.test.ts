import { seededRandom } from '@sluice/runtime/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  ccxtBinance,
  ccxtClient,
  ccxtCoinbase,
  coinbaseProSync,
  installClients,
  type Levels,
  nodeBinanceApi,
  type PublicClient,
} from './testing/public-clients.ts';
import { createBook, depthOf, randomOrders } from './testing/random-orders.ts';

const book = createBook();

beforeAll(async () => {
  installClients();
  await book.start();
}, 180_000);
afterAll(() => book.remove());

test('public clients rebuild the book of the engine, also after it was killed', { timeout: 120_000 }, async () => {
  const random = seededRandom(7);
  const clients = [
    ccxtClient('ccxt (binance)', ccxtBinance(book.host)),
    ccxtClient('ccxt (coinbaseexchange)', ccxtCoinbase(book.host)),
    nodeBinanceApi(book.host),
    coinbaseProSync(book.host),
  ];
  // Some orders are there before the clients, most come while they follow.
  await randomOrders(book, 300, random);
  await Promise.all(clients.map((client) => client.start()));
  await randomOrders(book, 3_000, random);
  await sameBooks(clients);
  await book.end('SIGKILL');
  await book.start();
  await randomOrders(book, 1_000, random);
  await sameBooks(clients);
  await Promise.all(clients.map((client) => client.stop()));
});

test.for([
  ['binance', ccxtBinance],
  ['coinbaseexchange', ccxtCoinbase],
] as const)('ccxt (%s) places, finds and cancels orders, and knows why one was refused', async ([, create]) => {
  const exchange = create(book.host);
  await exchange.loadMarkets();
  const bid = await exchange.createOrder('BTC/EUR', 'limit', 'buy', 0.5, 12);
  expect(bid).toMatchObject({ status: 'open', filled: 0 });
  expect((await exchange.fetchOpenOrders('BTC/EUR')).map(({ id }) => id)).toEqual([bid.id]);
  await exchange.cancelOrder(bid.id, 'BTC/EUR');
  expect(await exchange.fetchOpenOrders('BTC/EUR')).toEqual([]);
  await expect(exchange.cancelOrder(bid.id, 'BTC/EUR')).rejects.toMatchObject({ name: 'OrderNotFound' });
  const tooLarge = exchange.createOrder('BTC/EUR', 'limit', 'buy', 1_000_000, 12);
  await expect(tooLarge).rejects.toThrow('quantity must be at most');
  await exchange.createOrder('BTC/EUR', 'limit', 'buy', 0.5, 12);
  await exchange.cancelAllOrders(exchange.id === 'binance' ? 'BTC/EUR' : undefined);
  expect(await exchange.fetchOpenOrders('BTC/EUR')).toEqual([]);
  // What is not there is an error that the client understands, and none in its own code.
  expect((await exchange.fetchBalance()).total).toEqual({});
  await expect(exchange.fetchOHLCV('BTC/EUR')).rejects.toThrow(/There is no GET .*(klines|candles)/);
});

/** Everybody has been told everything after a moment; then each has what the engine has. */
async function sameBooks(clients: readonly PublicClient[]): Promise<void> {
  const { bids, asks } = await depthOf(book);
  const expected = { bids: sorted(bids), asks: sorted(asks) };
  expect(bids.length).toBeGreaterThan(20);
  for (const client of clients) {
    await vi.waitFor(
      () => {
        const found = client.book();
        const side = (levels: Levels | undefined) => sorted(levels ?? []);
        expect({ client: client.name, bids: side(found?.bids), asks: side(found?.asks) }).toEqual({
          client: client.name,
          ...expected,
        });
      },
      { timeout: 20_000, interval: 100 },
    );
  }
}

function sorted(levels: Levels): Levels {
  return levels.map(([price, quantity]) => [price, quantity] as const).sort(([a], [b]) => a - b);
}
