import { expect, it } from 'vitest';
import { messageOf, SYMBOLS, tradeOf } from './testing/made-up-trades.ts';
import { createTradeView, isSameTrade, parseTrade } from './trade-message.ts';
import { readTrade, sealTrades, TRADE_BYTES, writeTrade } from './trade-record.ts';

it('a trade survives the outbox, with the largest numbers too', () => {
  const largest = { sequence: 2 ** 53 - 1, makerId: 2 ** 53 - 2, takerId: 2 ** 53 - 3, timeMs: 2 ** 53 - 4 };
  const trade = { ...tradeOf(7).trade, ...largest, price: 2 ** 32 - 1, quantity: 2 ** 32 - 2 };
  const bytes = new Uint8Array(TRADE_BYTES);
  writeTrade(new DataView(bytes.buffer), 0, 65_535, trade);
  sealTrades(bytes);
  expect(readTrade(bytes, 0)).toEqual({ symbol: 65_535, trade });
  for (let bit = 0; bit < TRADE_BYTES * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(readTrade(flipped, 0), `bit ${bit}`).toBeUndefined();
  }
});

it('a message says amounts and numbers as text, in the steps of its symbol', () => {
  expect(messageOf(778)).toEqual({
    number: '778',
    symbol: 'ETH-EUR',
    sequence: '389',
    price: '250049.10',
    quantity: '0.779',
    takerSide: 'sell',
    makerOrderId: '1556',
    takerOrderId: '1557',
    time: '2025-10-09T08:53:20.778Z',
  });
  expect(() => createTradeView(SYMBOLS)(1, { ...tradeOf(1), symbol: 2 })).toThrow('which the book does not have');
});

it('a message is read back, whatever a later version adds; others are none', () => {
  const message = messageOf(3);
  const later = parseTrade(JSON.parse(JSON.stringify({ ...message, venue: 'X' })));
  expect(later !== undefined && isSameTrade(later, message)).toBe(true);
  expect(isSameTrade(message, { ...message, price: '1.00' })).toBe(false);
  const { symbol: _, ...nameless } = message;
  for (const value of [null, 7, 'x', [], {}, nameless, { ...message, number: '0' }, { ...message, number: '1e3' }]) {
    expect(parseTrade(value)).toBeUndefined();
  }
});
