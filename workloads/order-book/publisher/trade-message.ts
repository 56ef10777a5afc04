import { AUCTION_TRADE } from '../engine/auction.ts';
import { BUY } from '../engine/book.ts';
import type { SymbolConfig } from '../exchange/command.ts';
import { DecimalStep } from '../exchange/decimal.ts';
import type { NotedTrade } from './outbox-reader.ts';

/** A trade as consumers of the broker get it: amounts as decimal strings, 64-bit numbers as strings. */
export interface PublishedTrade {
  /** Dense over all symbols of the book, from 1: a consumer that has seen n waits for n + 1 and skips what is not above n. */
  readonly number: string;
  readonly symbol: string;
  /** Dense in the symbol. */
  readonly sequence: string;
  readonly price: string;
  readonly quantity: string;
  /** `none` in an auction, where `makerOrderId` is the buyer. */
  readonly takerSide: 'buy' | 'sell' | 'none';
  readonly makerOrderId: string;
  readonly takerOrderId: string;
  readonly time: string;
}

/** What a noted trade says to consumers. */
export type TradeView = (number: number, noted: NotedTrade) => PublishedTrade;

/** Says trades in the units of their symbols, which stand in the order in which the book came to know them. */
export function createTradeView(symbols: readonly SymbolConfig[]): TradeView {
  const steps = symbols.map(({ name, tickSize, lotSize }) => {
    return { name, tick: new DecimalStep(tickSize), lot: new DecimalStep(lotSize) };
  });
  return (number, { symbol, trade }) => {
    const known = steps[symbol];
    if (known === undefined) throw new Error(`trade ${number} of symbol ${symbol}, which the book does not have`);
    return {
      number: String(number),
      symbol: known.name,
      sequence: String(trade.sequence),
      price: known.tick.format(trade.price),
      quantity: known.lot.format(trade.quantity),
      takerSide: trade.takerSide === AUCTION_TRADE ? 'none' : trade.takerSide === BUY ? 'buy' : 'sell',
      makerOrderId: String(trade.makerId),
      takerOrderId: String(trade.takerId),
      time: new Date(trade.timeMs).toISOString(),
    };
  };
}

/** What must be equal in two messages about one trade; a later version may say more. */
const ESSENCE = ['number', 'symbol', 'sequence', 'price', 'quantity', 'makerOrderId', 'takerOrderId', 'time'] as const;

export function isSameTrade(a: PublishedTrade, b: PublishedTrade): boolean {
  return ESSENCE.every((field) => a[field] === b[field]);
}

/** Reads a message that should be a trade; undefined when it is none. */
export function parseTrade(value: unknown): PublishedTrade | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  if (!ESSENCE.every((field) => typeof fields[field] === 'string') || !/^[1-9]\d{0,15}$/.test(String(fields.number))) {
    return undefined;
  }
  return fields as unknown as PublishedTrade;
}
