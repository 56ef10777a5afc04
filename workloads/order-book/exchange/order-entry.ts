import { BUY, KEEP_PRIORITY, MAX_RESTING, marketPrice, POST_ONLY, SELF_TRADE, type Side } from '../engine/book.ts';
import { Reason } from '../engine/reports.ts';
import type { Announcer } from './announcer.ts';
import type { ExchangeLimits, ExtraTerms } from './command.ts';
import type { Market } from './market.ts';
import type { OrderRegistry } from './order-registry.ts';
import { ACCOUNT, FILLED, NEXT, OPEN, PRICE, QUANTITY, REJECTED, STATE, TERMS_MASK } from './order-table.ts';
import type { Placement } from './placement.ts';
import { type Refusal, refusalOf } from './refusal.ts';
import { Risk, riskRefusal } from './risk.ts';
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
  readonly risk = new Risk();
  /** The limit of a pair that was placed last. */
  partner = 0;
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
    this.slot = this.orders.clientIds.find(placement.account, placement.clientId);
    this.repeated = this.slot !== 0;
    if (this.repeated) return this.repeat(placement);
    const market = this.markets[placement.market];
    if (market === undefined) return 'unknownSymbol';
    return this.refusal(market, placement, account, 1) ?? this.enter(market, id, placement, account);
  }

  /**
   * Places two orders of which one cancels the other: the stop under `id`, the limit under `id + 1`. Both are checked before one of
   * them is placed; when the book then refuses the limit, the stop, which nobody saw, is cancelled. Their client order ids
   * are both known, or both new. The slot of the stop is left in `slot`, that of the limit in `partner`.
   */
  placePair(id: number, stop: Placement, limit: Placement, account: string): Refusal | undefined {
    const { clientIds } = this.orders;
    this.slot = clientIds.find(stop.account, stop.clientId);
    this.partner = clientIds.find(limit.account, limit.clientId);
    this.repeated = this.slot !== 0 || this.partner !== 0;
    if (this.repeated) return this.repeatPair(stop, limit);
    const market = this.markets[stop.market];
    if (market === undefined) return 'unknownSymbol';
    const refusal =
      this.refusal(market, stop, account, 2) ??
      this.refusal(market, limit, account, 2) ??
      (wasPassed(stop, market.book.lastPrice) ? 'wouldTrigger' : undefined) ??
      this.enter(market, id, stop, account);
    if (refusal !== undefined) return refusal;
    const stopSlot = this.slot;
    limit.account = stop.account;
    limit.extra = { ...limit.extra, linkedTo: id };
    const limitRefusal = this.enter(market, id + 1, limit, account);
    this.partner = this.slot;
    this.slot = stopSlot;
    if (limitRefusal !== undefined) this.withdraw(stopSlot, Reason.byPartner, stop.timeMs);
    return limitRefusal;
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
    const risky = this.risk.isOff ? undefined : this.replaceRisk(market, slot, price, quantity);
    if (risky !== undefined) return risky;
    const kept = (ENGINE_FLAGS[(words[slot + STATE] as number) & TERMS_MASK] as number) & (POST_ONLY | SELF_TRADE);
    market.book.replace(slot, price, quantity - filled, KEEP_PRIORITY | kept);
    const reason = settlement.takeRefusal();
    if (reason !== Reason.none) return refusalOf(reason);
    if (announcer.isHeard) announcer.level(market, slot);
    orders.table.keepPlaced(slot);
    words[slot + PRICE] = price;
    words[slot + QUANTITY] = quantity;
    settlement.settle(market, slot, timeMs);
    return undefined;
  }

  /** The order itself, when nothing speaks against it but the book. */
  private enter(market: Market, id: number, placement: Placement, account: string): Refusal | undefined {
    const { orders, settlement } = this;
    const { table } = orders;
    if (placement.account === 0) placement.account = orders.accounts.add(account);
    const slot = orders.add(id, placement);
    this.slot = slot;
    this.send(market, slot, placement);
    settlement.settle(market, slot, placement.timeMs);
    return table.statusOf(slot) === REJECTED ? refusalOf(table.reasonOf(slot)) : undefined;
  }

  /** `count`: orders that the command would place. */
  private refusal(market: Market, placement: Placement, name: string, count: number): Refusal | undefined {
    const { account, terms, extra, timeMs } = placement;
    const { accounts } = this.orders;
    if (this.isBlocked(account, name)) return 'accountBlocked';
    if (extra.expiresMs > 0 && extra.expiresMs <= timeMs) return 'alreadyExpired';
    const mayStay = ((terms & MARKET_BIT) === 0 && timeInForceOf(terms) === 0) || extra.stopPrice > 0;
    if (mayStay && (accounts.open[account] as number) + count > this.maxOrders(account, name))
      return 'tooManyOpenOrders';
    if (market.book.size + count > MAX_RESTING) return 'bookFull';
    if (extra.linkedTo > 0 && !this.isPartner(extra, account, market)) return 'badPartner';
    return this.risk.isOff ? undefined : this.placeRisk(market, placement, name, mayStay);
  }

  private placeRisk(market: Market, placement: Placement, name: string, stays: boolean): Refusal | undefined {
    const { account, terms, price, quantity, extra } = placement;
    const limits = this.risk.of(this.nameOf(account, name), market.number);
    if (limits === undefined) return undefined;
    const order = { isSell: (terms & SIDE_BIT) !== 0, price, stopPrice: extra.stopPrice, quantity, stays };
    return riskRefusal(limits, order, market.book.lastPrice, () => this.openNotional(account, market, 0));
  }

  /** Only what grows, and only a price that changes, can be over a limit: an order may always be made smaller. */
  private replaceRisk(market: Market, slot: number, price: number, quantity: number): Refusal | undefined {
    const { words } = this.orders.table;
    const account = words[slot + ACCOUNT] as number;
    const limits = this.risk.of(this.nameOf(account, ''), market.number);
    if (limits === undefined) return undefined;
    const open = quantity - (words[slot + FILLED] as number);
    const isNewPrice = price !== words[slot + PRICE];
    const grows = quantity > (words[slot + QUANTITY] as number) || price * open > this.notional(slot);
    const counted = {
      maxQuantity: grows ? limits.maxQuantity : 0,
      maxNotional: grows ? limits.maxNotional : 0,
      maxOpenNotional: grows ? limits.maxOpenNotional : 0,
      maxDistance: isNewPrice ? limits.maxDistance : 0,
    };
    const isSell = ((words[slot + STATE] as number) & SIDE_BIT) !== 0;
    const order = { isSell, price, stopPrice: 0, quantity: open, stays: true };
    return riskRefusal(counted, order, market.book.lastPrice, () => this.openNotional(account, market, slot));
  }

  /**
   * Ticks × lots of the account's open orders in the market, `without` one of them. They are walked: only accounts with such a limit
   * pay, and no sum has to be kept right everywhere.
   */
  private openNotional(account: number, market: Market, without: number): number {
    const { words } = this.orders.table;
    let sum = 0;
    for (let slot = this.orders.accounts.first[account] as number; slot !== 0; slot = words[slot + NEXT] as number) {
      if (slot !== without && this.orders.table.marketOf(slot) === market.number) sum += this.notional(slot);
    }
    return sum;
  }

  /** Ticks × lots of what is open of an order; a stop without a limit counts at its stop price. */
  private notional(slot: number): number {
    const { words } = this.orders.table;
    const price = words[slot + PRICE] as number;
    const open = (words[slot + QUANTITY] as number) - (words[slot + FILLED] as number);
    return (price === 0 ? this.orders.extraOf(slot).stopPrice : price) * open;
  }

  private maxOrders(account: number, name: string): number {
    const { risk, limits } = this;
    const own = risk.maxOrders.size === 0 ? undefined : risk.maxOrders.get(this.nameOf(account, name));
    return own ?? limits.maxOrdersPerAccount;
  }

  /** `name`: that of an account without an index. */
  private nameOf(account: number, name: string): string {
    return account === 0 ? name : this.orders.accounts.name(account);
  }

  private isBlocked(account: number, name: string): boolean {
    return this.blocked.size > 0 && this.blocked.has(this.nameOf(account, name));
  }

  private isPartner({ linkedTo }: ExtraTerms, account: number, market: Market): boolean {
    const partner = this.orders.findOwn(account, linkedTo);
    return partner !== 0 && this.marketOf(partner) === market;
  }

  private send(market: Market, slot: number, { terms, price, quantity, account, extra }: Placement): void {
    const side: Side = (terms & SIDE_BIT) === 0 ? BUY : 1;
    const limit = (terms & MARKET_BIT) === 0 ? price : marketPrice(side);
    const flags = ENGINE_FLAGS[terms] as number;
    const { stopPrice: stop, displayQuantity: peak, linkedTo } = extra;
    if (stop + peak + linkedTo === 0) market.book.place(slot, side, limit, quantity, flags, account);
    else {
      const partner = linkedTo === 0 ? 0 : this.orders.table.find(linkedTo);
      market.book.placeSpecial({ id: slot, side, price: limit, quantity, flags, owner: account, stop, peak, partner });
    }
  }

  /** The same client order id again: the same order is answered with what became of it, another one is refused. */
  private repeat(placement: Placement): Refusal | undefined {
    const { table } = this.orders;
    const { slot } = this;
    const extra = this.orders.extraOf(slot);
    const isSame =
      table.marketOf(slot) === placement.market &&
      ((table.words[slot + STATE] as number) & TERMS_MASK) === placement.terms &&
      table.placedPrice(slot) === placement.price &&
      table.placedQuantity(slot) === placement.quantity &&
      sameExtra(extra, placement.extra);
    if (!isSame) return 'duplicateClientOrderId';
    return table.statusOf(slot) === REJECTED ? refusalOf(table.reasonOf(slot)) : undefined;
  }

  /** The pair again: an id that only one of its orders has belongs to something else. */
  private repeatPair(stop: Placement, limit: Placement): Refusal | undefined {
    const { slot: stopSlot, partner } = this;
    if (stopSlot === 0) return 'duplicateClientOrderId';
    // The book refused the stop, so the limit was never placed.
    const isAlone = partner === 0 && this.orders.table.statusOf(stopSlot) === REJECTED;
    if (partner === 0 && !isAlone) return 'duplicateClientOrderId';
    const refusal = this.repeat(stop);
    if (refusal !== undefined) return refusal;
    limit.extra = { ...limit.extra, linkedTo: this.orders.idOf(stopSlot) };
    this.slot = partner;
    const limitRefusal = this.repeat(limit);
    this.slot = stopSlot;
    return limitRefusal;
  }

  private withdraw(slot: number, reason: number, timeMs: number): void {
    const market = this.marketOf(slot);
    market.book.cancel(slot, reason);
    this.settlement.settle(market, slot, timeMs);
  }

  private isOpen(slot: number): boolean {
    return this.orders.table.statusOf(slot) === OPEN;
  }

  private marketOf(slot: number): Market {
    const market = this.markets[this.orders.table.marketOf(slot)];
    if (market === undefined) throw new Error(`order ${this.orders.idOf(slot)} is of no symbol`);
    return market;
  }
}

/** Whether a stop would enter at once. */
function wasPassed({ terms, extra }: Placement, lastPrice: number): boolean {
  if (lastPrice === 0) return false;
  return (terms & SIDE_BIT) === 0 ? extra.stopPrice <= lastPrice : extra.stopPrice >= lastPrice;
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
