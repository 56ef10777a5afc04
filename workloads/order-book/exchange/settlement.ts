import { AUCTION_TRADE } from '../engine/auction.ts';
import { REPORT_WORDS, Reason, Reports, ReportType } from '../engine/reports.ts';
import type { Announcer } from './announcer.ts';
import type { Market } from './market.ts';
import type { Trade } from './order.ts';
import type { OrderRegistry } from './order-registry.ts';
import { CANCELLED, FILLED, FILLED_STATUS, QUANTITY, REJECTED, STATE, UPDATED } from './order-table.ts';
import { SIDE_BIT } from './terms.ts';

/** Carries the engine's reports into orders and trades. */
export class Settlement {
  /** Where the books report to. */
  readonly reports = new Reports(1_024);
  /** Trades since the process started. */
  tally = 0;
  /** Trades of the last settlement in which `own` took part, and the price of the last of them. */
  ownTrades = 0;
  lastPrice = 0;
  /** Trades of the command at work are put here when somebody reads them. */
  trades: Trade[] | undefined;
  private readonly orders: OrderRegistry;
  private readonly announcer: Announcer;

  constructor(orders: OrderRegistry, announcer: Announcer) {
    this.orders = orders;
    this.announcer = announcer;
  }

  /** Settles what the engine reported, and empties the buffer. `own`: slot of the command's order, or 0. */
  settle(market: Market, own: number, timeMs: number): void {
    const { reports, orders, announcer } = this;
    const { isHeard } = announcer;
    this.ownTrades = this.lastPrice = 0;
    for (let at = 0; at < reports.count * REPORT_WORDS; at += REPORT_WORDS) {
      const head = reports.words[at] as number;
      const type = head & 255;
      const slot = (reports.doubles[(at >> 1) + 2] as number) | 0;
      let other = 0;
      orders.table.doubles[(slot + UPDATED) >> 1] = timeMs;
      if (type === ReportType.trade || type === ReportType.prevented) {
        other = (reports.doubles[(at >> 1) + 3] as number) | 0;
        orders.table.doubles[(other + UPDATED) >> 1] = timeMs;
        if (type === ReportType.trade) this.trade(market, at, slot, other, own, timeMs);
        else this.prevent(reports.words[at + 2] as number, slot, other);
      } else if (type === ReportType.cancelled) {
        orders.close(slot, CANCELLED, head >>> 16);
      } else if (type === ReportType.rejected) {
        orders.close(slot, REJECTED, head >>> 16);
      }
      if (isHeard) announcer.report(market, type, slot, other);
    }
    reports.count = 0;
    if (isHeard) announcer.end(market);
  }

  /** The reason of a refused replace, which is then the only report and settled; 0 when it was not refused. */
  takeRefusal(): number {
    const head = this.reports.words[0] as number;
    if ((head & 255) !== ReportType.modifyRejected) return 0;
    this.reports.count = 0;
    return head >>> 16;
  }

  private trade(market: Market, at: number, maker: number, taker: number, own: number, timeMs: number): void {
    const { words } = this.reports;
    const makerId = this.orders.idOf(maker);
    const takerId = this.orders.idOf(taker);
    const price = words[at + 1] as number;
    const quantity = words[at + 2] as number;
    const isAuction = (((words[at] as number) >> 8) & 255) !== 0;
    const takerSide = isAuction ? AUCTION_TRADE : (this.orders.table.words[taker + STATE] as number) & SIDE_BIT;
    this.fill(maker, quantity);
    this.fill(taker, quantity);
    market.addTrade(price, quantity, makerId, takerId, takerSide, timeMs);
    this.tally++;
    if (maker === own || taker === own) {
      this.ownTrades++;
      this.lastPrice = price;
    }
    if (this.trades === undefined && !this.announcer.isHeard) return;
    const trade = { sequence: market.tradeSequence, price, quantity, makerId, takerId, takerSide, timeMs };
    this.trades?.push(trade);
    this.announcer.trade(market, trade);
  }

  private fill(slot: number, quantity: number): void {
    const { words } = this.orders.table;
    const filled = (words[slot + FILLED] as number) + quantity;
    words[slot + FILLED] = filled;
    if (filled === words[slot + QUANTITY]) this.orders.close(slot, FILLED_STATUS, Reason.none);
  }

  /** A prevented self-trade took this much off both orders. */
  private prevent(quantity: number, slot: number, other: number): void {
    this.shrink(slot, quantity);
    this.shrink(other, quantity);
  }

  private shrink(slot: number, by: number): void {
    const { words } = this.orders.table;
    this.orders.table.keepPlaced(slot);
    const quantity = (words[slot + QUANTITY] as number) - by;
    words[slot + QUANTITY] = quantity;
    if (words[slot + FILLED] === quantity) this.orders.close(slot, CANCELLED, Reason.selfTrade);
  }
}
