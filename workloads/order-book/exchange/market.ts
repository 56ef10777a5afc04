import { Book, type Side } from '../engine/book.ts';
import type { Reports } from '../engine/reports.ts';
import type { SymbolConfig } from './command.ts';
import { DecimalStep } from './decimal.ts';
import type { Trade } from './order.ts';
import type { OrderTable } from './order-table.ts';

/** Trades that are kept to be asked for, per symbol. */
export const TRADES_KEPT = 1_000;
/** Price, quantity, maker, taker, side of the taker, time. */
const TRADE_FIELDS = 6;

/** One symbol: its steps, its book and its latest trades. */
export class Market {
  readonly config: SymbolConfig;
  /** Its place in the order in which symbols were configured, from 0. */
  readonly number: number;
  readonly tick: DecimalStep;
  readonly lot: DecimalStep;
  /** It calls orders by their slots in the table of orders, not by their ids. */
  readonly book: Book;
  /** Sequence of the last trade, 0 before the first. */
  tradeSequence = 0;
  /** A ring by sequence; empty before the first trade. */
  private recent = new Float64Array(0);
  private readonly orders: OrderTable;

  /** Throws when tick or lot size is not a positive decimal number. */
  constructor(config: SymbolConfig, number: number, reports: Reports, orders: OrderTable) {
    this.config = config;
    this.orders = orders;
    this.number = number;
    this.tick = new DecimalStep(config.tickSize);
    this.lot = new DecimalStep(config.lotSize);
    this.book = new Book(reports, { orders: orders.hostBook() });
  }

  /** Whether the order `id` is a stop that waits for its price. */
  isWaiting(id: number): boolean {
    return this.book.isWaiting(this.orders.find(id));
  }

  /** Open quantity of the order `id` in lots, what it hides included; 0 when it is not in the book. */
  remaining(id: number): number {
    return this.book.remaining(this.orders.find(id));
  }

  /** The order that is cancelled when the order `id` trades or leaves, or 0. */
  partnerOf(id: number): number {
    const partner = this.book.partnerOf(this.orders.find(id));
    return partner === 0 ? 0 : this.orders.idOf(partner);
  }

  /** Calls `visit` for every resting order of `side` in price-time order, with what it shows and hides. */
  eachOrder(side: Side, visit: (id: number, price: number, shown: number, hidden: number) => void): void {
    const { orders } = this;
    this.book.eachOrder(side, (slot, price, shown, hidden) => visit(orders.idOf(slot), price, shown, hidden));
  }

  /** Gives the trade the next sequence. */
  addTrade(price: number, quantity: number, makerId: number, takerId: number, takerSide: number, timeMs: number): void {
    if (this.recent.length === 0) this.recent = new Float64Array(TRADES_KEPT * TRADE_FIELDS);
    const { recent } = this;
    const at = (this.tradeSequence++ % TRADES_KEPT) * TRADE_FIELDS;
    recent[at] = price;
    recent[at + 1] = quantity;
    recent[at + 2] = makerId;
    recent[at + 3] = takerId;
    recent[at + 4] = takerSide;
    recent[at + 5] = timeMs;
  }

  /** The latest `limit` trades, newest first. */
  latestTrades(limit: number): Trade[] {
    const trades: Trade[] = [];
    const oldest = Math.max(1, this.tradeSequence - Math.min(limit, TRADES_KEPT) + 1);
    for (let sequence = this.tradeSequence; sequence >= oldest; sequence--) {
      const at = ((sequence - 1) % TRADES_KEPT) * TRADE_FIELDS;
      const [price = 0, quantity = 0, makerId = 0, takerId = 0, takerSide = 0, timeMs = 0] = this.recent.subarray(
        at,
        at + TRADE_FIELDS,
      );
      // Those before a snapshot of an older version may be missing.
      if (makerId > 0) trades.push({ sequence, price, quantity, makerId, takerId, takerSide, timeMs });
    }
    return trades;
  }
}
