import { CALL } from '../engine/book.ts';
import { ReportType } from '../engine/reports.ts';
import type { ExchangeListener, OrderChange } from './listener.ts';
import type { Market } from './market.ts';
import type { Trade } from './order.ts';
import type { OrderRegistry } from './order-registry.ts';
import { OPEN, PRICE, STATE } from './order-table.ts';
import { SIDE_BIT } from './terms.ts';

const CHANGES: ReadonlyMap<number, OrderChange> = new Map([
  [ReportType.accepted, 'accepted'],
  [ReportType.trade, 'traded'],
  [ReportType.cancelled, 'cancelled'],
  [ReportType.modified, 'replaced'],
  [ReportType.rejected, 'rejected'],
  [ReportType.triggered, 'triggered'],
  [ReportType.prevented, 'reduced'],
]);

/** Tells listeners what happened. Nobody calls it while there are none. */
export class Announcer {
  readonly listeners: ExchangeListener[] = [];
  private readonly orders: OrderRegistry;
  /** Orders that entered the book in the command at work. */
  private readonly entered: number[] = [];

  constructor(orders: OrderRegistry) {
    this.orders = orders;
  }

  get isHeard(): boolean {
    return this.listeners.length > 0;
  }

  /** A report was settled; `other` is the second order of one about two, or 0. */
  report(market: Market, type: number, slot: number, other: number): void {
    const change = CHANGES.get(type) ?? 'accepted';
    this.order(market, slot, change);
    if (other !== 0) this.order(market, other, change);
    if (change === 'accepted' || change === 'replaced' || change === 'triggered') this.entered.push(slot);
  }

  trade(market: Market, trade: Trade): void {
    for (const listener of this.listeners) listener.trade?.(market, trade);
  }

  /** All reports of a command are settled. */
  end(market: Market): void {
    if (market.book.phase !== CALL) for (const slot of this.entered) this.rested(market, slot);
    this.entered.length = 0;
  }

  /** The order stands in the book, unless it is closed or a stop that waits. */
  rested(market: Market, slot: number): void {
    const isOpen = this.orders.table.statusOf(slot) === OPEN;
    if (isOpen && !market.book.isWaiting(slot)) this.order(market, slot, 'rested');
  }

  /** What is shown at the order's price may have changed. */
  level(market: Market, slot: number): void {
    const { words } = this.orders.table;
    const side = ((words[slot + STATE] as number) & SIDE_BIT) === 0 ? 0 : 1;
    for (const listener of this.listeners) listener.level?.(market, side, words[slot + PRICE] as number);
  }

  /** The symbol is new, or its phase or band changed. */
  market(market: Market): void {
    for (const listener of this.listeners) listener.market?.(market);
  }

  private order(market: Market, slot: number, change: OrderChange): void {
    for (const listener of this.listeners) listener.order?.(this.orders.view(slot), change);
    if (change !== 'accepted' && change !== 'rejected') this.level(market, slot);
  }
}
