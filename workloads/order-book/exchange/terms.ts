import { FILL_OR_KILL, IMMEDIATE_OR_CANCEL, MARKET, POST_ONLY, SELF_TRADE, type Side } from '../engine/book.ts';
import type { OrderType, SelfTrade, TimeInForce } from './command.ts';

/** What a client says of an order beside price and quantity. */
export interface TermsWords {
  /** 0 buys, 1 sells. */
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  readonly selfTrade: SelfTrade;
}

const TYPES: readonly OrderType[] = ['limit', 'market'];
const TIMES_IN_FORCE: readonly TimeInForce[] = ['GTC', 'IOC', 'FOK'];
export const SELF_TRADES: readonly SelfTrade[] = ['allow', 'cancelNewest', 'cancelOldest', 'cancelBoth', 'decrement'];

export const SIDE_BIT = 1;
export const MARKET_BIT = 2;
export const POST_ONLY_BIT = 16;
export const SELF_TRADE_SHIFT = 5;

/** All terms in one byte: side, market, time in force (two bits), post-only, self-trade (three bits), from the lowest bit on. */
export function termsByte({ side, type, timeInForce, postOnly, selfTrade }: TermsWords): number {
  const low = side | (TYPES.indexOf(type) << 1) | (TIMES_IN_FORCE.indexOf(timeInForce) << 2);
  return low | (postOnly ? POST_ONLY_BIT : 0) | (SELF_TRADES.indexOf(selfTrade) << SELF_TRADE_SHIFT);
}

/** The terms of a byte; undefined when it holds a time in force or a self-trade mode that there is not. */
export function termsOf(byte: number): TermsWords | undefined {
  const timeInForce = TIMES_IN_FORCE[timeInForceOf(byte)];
  const selfTrade = SELF_TRADES[byte >> SELF_TRADE_SHIFT];
  if (timeInForce === undefined || selfTrade === undefined) return undefined;
  const type = (byte & MARKET_BIT) === 0 ? 'limit' : 'market';
  return { side: (byte & SIDE_BIT) as Side, type, timeInForce, postOnly: (byte & POST_ONLY_BIT) !== 0, selfTrade };
}

/** 0 GTC, 1 IOC, 2 FOK. */
export function timeInForceOf(byte: number): number {
  return (byte >> 2) & 3;
}

/** The engine's flags of a byte of terms. */
export const ENGINE_FLAGS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const market = (byte & MARKET_BIT) === 0 ? 0 : MARKET | IMMEDIATE_OR_CANCEL;
  const immediate = [0, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, 0][timeInForceOf(byte)] ?? 0;
  // The engine has its self-trade modes in the same bits.
  return market | immediate | ((byte & POST_ONLY_BIT) === 0 ? 0 : POST_ONLY) | (byte & SELF_TRADE);
});
