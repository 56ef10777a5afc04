import { Book } from '../engine/book.ts';
import type { Reports } from '../engine/reports.ts';
import type { SymbolConfig } from './command.ts';
import { DecimalStep } from './decimal.ts';
import type { Trade } from './order.ts';

/** Trades that are kept to be asked for, per symbol. */
export const TRADES_KEPT = 1_000;

/** One symbol: its steps, its book and its latest trades. */
export class Market {
  readonly config: SymbolConfig;
  /** Its place in the order in which symbols were configured, from 0. */
  readonly number: number;
  readonly tick: DecimalStep;
  readonly lot: DecimalStep;
  readonly book: Book;
  /** Sequence of the last trade, 0 before the first. */
  tradeSequence = 0;
  private readonly recent: Trade[] = [];

  /** Throws when tick or lot size is not a positive decimal number. */
  constructor(config: SymbolConfig, number: number, reports: Reports) {
    this.config = config;
    this.number = number;
    this.tick = new DecimalStep(config.tickSize);
    this.lot = new DecimalStep(config.lotSize);
    this.book = new Book(reports);
  }

  addTrade(trade: Trade): void {
    this.tradeSequence = trade.sequence;
    this.recent[(trade.sequence - 1) % TRADES_KEPT] = trade;
  }

  /** The latest `limit` trades, newest first. */
  latestTrades(limit: number): Trade[] {
    const trades: Trade[] = [];
    const oldest = Math.max(1, this.tradeSequence - Math.min(limit, TRADES_KEPT) + 1);
    for (let sequence = this.tradeSequence; sequence >= oldest; sequence--) {
      const trade = this.recent[(sequence - 1) % TRADES_KEPT];
      if (trade !== undefined) trades.push(trade);
    }
    return trades;
  }
}
