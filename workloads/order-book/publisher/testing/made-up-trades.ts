import type { Trade } from '../../exchange/order.ts';
import { createTradeView, type PublishedTrade } from '../trade-message.ts';

export const SYMBOLS = [
  { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' },
  { name: 'ETH-EUR', tickSize: '0.05', lotSize: '0.001' },
];

/** Trade `number` of the one book of these tests: two symbols in turn, everything else a function of the number. */
export function tradeOf(number: number, world = 0): { symbol: number; trade: Trade } {
  return {
    symbol: (number + 1) % 2,
    trade: {
      takerSide: number % 3,
      price: 5_000_000 + ((number * 7_919 + world) % 1_000),
      quantity: 1 + (number % 997),
      sequence: Math.ceil(number / 2),
      makerId: number * 2,
      takerId: number * 2 + 1,
      timeMs: 1_760_000_000_000 + number,
    },
  };
}

export const view = createTradeView(SYMBOLS);

/** What a consumer must get for trade `number`. */
export function messageOf(number: number): PublishedTrade {
  return view(number, tradeOf(number));
}
