import { BUY, KEEP_PRIORITY, MAX_RESTING, marketPrice, POST_ONLY, SELF_TRADE, type Side } from '../engine/book.ts';
import { Reason } from '../engine/reports.ts';
import type { Announcer } from './announcer.ts';
import type { ExchangeLimits, ExtraTerms } from './command.ts';
import type { Market } from './market.ts';
import type { OrderRegistry } from './order-registry.ts';
import {
  ACCOUNT,
  FILLED,
  MARKET,
  OPEN,
  PLACED_PRICE,
  PLACED_QUANTITY,
  PRICE,
  QUANTITY,
  REASON_SHIFT,
  REJECTED,
  STATE,
  STATUS_MASK,
  STATUS_SHIFT,
  TERMS_MASK,
} from './order-table.ts';
import type { Placement } from './placement.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import type { Settlement } from './settlement.ts';
import { ENGINE_FLAGS, MARKET_BIT, SIDE_BIT, timeInForceOf } from './terms.ts';

const FIRST_LIMITS: ExchangeLimits = { maxOrdersPerAccount: 10_000, closedOrdersKept: 100_000 };

/** What clients do to orders. Each call returns why it changed nothing, and leaves the order that it is about in `slot`. */
export class OrderEntry {
  limits = FIRST_LIMITS;
  /** Accounts whose kill switch is on. */
  readonly blocked = new Set<string>();
  /** The order of the last call, 0 for none. */
  slot = 0;
  /** It was placed by an earlier command of the same client order id. */
  repeated = false;
  private readonly markets: readonly Market[];
  private readonly orders: OrderRegistry;
  private readonly settlement: Settlement;
  private readonly announcer: Announcer;

  constructor(markets: readonly Market[], orders: OrderRegistry, settlement: Settlement, announcer: Announcer) {
    this.markets = markets;
    this.orders = orders;
    this.settlement = settlement;
    this.announcer = announcer;
  }

  /** Places the order under `id`. `account`: the name, when it has no index yet; `placement.market` −1 for a symbol there is not. */
  place(id: number, placement: Placement, account = ''): Refusal | undefined {
    const { orders, settlement } = this;
    this.slot = orders.clientIds.find(placement.account, placement.clientId);
    this.repeated = this.slot !== 0;
    if (this.repeated) return this.repeat(placement);
    const market = this.markets[placement.market];
    if (market === undefined) return 'unknownSymbol';
    const refusal = this.refusal(market, placement, account);
    if (refusal !== undefined) return refusal;
    if (placement.account === 0) placement.account = orders.accounts.add(account);
    const slot = orders.add(id, placement);
    this.slot = slot;
    this.send(market, id, placement);
    settlement.settle(market, slot, placement.timeMs);
    const state = orders.table.words[slot + STATE] as number;
    return (state & STATUS_MASK) >> STATUS_SHIFT === REJECTED ? refusalOf(state >>> REASON_SHIFT) : undefined;
  }

  /** Cancels the order at `slot`, which the account of the command owns; 0 for none. */
  cancel(slot: number, timeMs: number): Refusal | undefined {
    this.slot = slot;
    this.repeated = false;
    if (slot === 0) return 'orderNotFound';
    if (!this.isOpen(slot)) return 'orderClosed';
    this.withdraw(slot, Reason.byRequest, timeMs);
    return undefined;
  }

  /** Cancels these orders, those that are still open when their turn comes: one may cancel its partner, which comes later. */
  cancelAll(slots: readonly number[], reason: number, timeMs: number): void {
    for (const slot of slots) if (this.isOpen(slot)) this.withdraw(slot, reason, timeMs);
  }

  /** Gives the order at `slot` another price and total; 0 keeps it. */
  replace(slot: number, newPrice: number, newQuantity: number, timeMs: number): Refusal | undefined {
    this.slot = slot;
    this.repeated = false;
    if (slot === 0) return 'orderNotFound';
    if (!this.isOpen(slot)) return 'orderClosed';
    const { orders, settlement, announcer } = this;
    const { words } = orders.table;
    if (this.isBlocked(words[slot + ACCOUNT] as number, '')) return 'accountBlocked';
    const price = newPrice === 0 ? (words[slot + PRICE] as number) : newPrice;
    const quantity = newQuantity === 0 ? (words[slot + QUANTITY] as number) : newQuantity;
    const filled = words[slot + FILLED] as number;
    if (quantity <= filled) return 'quantityBelowFilled';
    const market = this.marketOf(slot);
    const kept = (ENGINE_FLAGS[(words[slot + STATE] as number) & TERMS_MASK] as number) & (POST_ONLY | SELF_TRADE);
    market.book.replace(orders.idOf(slot), price, quantity - filled, KEEP_PRIORITY | kept);
    const reason = settlement.takeRefusal();
    if (reason !== Reason.none) return refusalOf(reason);
    if (announcer.isHeard) announcer.level(market, slot);
    words[slot + PRICE] = price;
    words[slot + QUANTITY] = quantity;
    settlement.settle(market, slot, timeMs);
    return undefined;
  }

  private refusal(market: Market, placement: Placement, name: string): Refusal | undefined {
    const { account, terms, extra, timeMs } = placement;
    const { accounts } = this.orders;
    if (this.isBlocked(account, name)) return 'accountBlocked';
    if (extra.expiresMs > 0 && extra.expiresMs <= timeMs) return 'alreadyExpired';
    const mayStay = ((terms & MARKET_BIT) === 0 && timeInForceOf(terms) === 0) || extra.stopPrice > 0;
    if (mayStay && (accounts.open[account] as number) >= this.limits.maxOrdersPerAccount) return 'tooManyOpenOrders';
    if (market.book.size >= MAX_RESTING) return 'bookFull';
    return extra.linkedTo > 0 && !this.isPartner(extra, account, market) ? 'badPartner' : undefined;
  }

  /** `name`: that of an account without an index. */
  private isBlocked(account: number, name: string): boolean {
    return this.blocked.size > 0 && this.blocked.has(account === 0 ? name : this.orders.accounts.name(account));
  }

  private isPartner({ linkedTo }: ExtraTerms, account: number, market: Market): boolean {
    const partner = this.orders.findOwn(account, linkedTo);
    return partner !== 0 && this.marketOf(partner) === market;
  }

  private send(market: Market, id: number, { terms, price, quantity, account, extra }: Placement): void {
    const side: Side = (terms & SIDE_BIT) === 0 ? BUY : 1;
    const limit = (terms & MARKET_BIT) === 0 ? price : marketPrice(side);
    const flags = ENGINE_FLAGS[terms] as number;
    const { stopPrice: stop, displayQuantity: peak, linkedTo: partner } = extra;
    if (stop + peak + partner === 0) market.book.place(id, side, limit, quantity, flags, account);
    else market.book.placeSpecial({ id, side, price: limit, quantity, flags, owner: account, stop, peak, partner });
  }

  /** The same client order id again: the same order is answered with what became of it, another one is refused. */
  private repeat(placement: Placement): Refusal | undefined {
    const { words } = this.orders.table;
    const { slot } = this;
    const state = words[slot + STATE] as number;
    const extra = this.orders.extraOf(slot);
    const isSame =
      words[slot + MARKET] === placement.market &&
      (state & TERMS_MASK) === placement.terms &&
      words[slot + PLACED_PRICE] === placement.price &&
      words[slot + PLACED_QUANTITY] === placement.quantity &&
      sameExtra(extra, placement.extra);
    if (!isSame) return 'duplicateClientOrderId';
    return (state & STATUS_MASK) >> STATUS_SHIFT === REJECTED ? refusalOf(state >>> REASON_SHIFT) : undefined;
  }

  private withdraw(slot: number, reason: number, timeMs: number): void {
    const market = this.marketOf(slot);
    market.book.cancel(this.orders.idOf(slot), reason);
    this.settlement.settle(market, slot, timeMs);
  }

  private isOpen(slot: number): boolean {
    return ((this.orders.table.words[slot + STATE] as number) & STATUS_MASK) >> STATUS_SHIFT === OPEN;
  }

  private marketOf(slot: number): Market {
    const market = this.markets[this.orders.table.words[slot + MARKET] as number];
    if (market === undefined) throw new Error(`order ${this.orders.idOf(slot)} is of no symbol`);
    return market;
  }
}

function sameExtra(left: ExtraTerms, right: ExtraTerms): boolean {
  return (
    left === right ||
    (left.stopPrice === right.stopPrice &&
      left.displayQuantity === right.displayQuantity &&
      left.expiresMs === right.expiresMs &&
      left.linkedTo === right.linkedTo)
  );
}
