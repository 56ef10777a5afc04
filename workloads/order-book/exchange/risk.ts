import type { RiskLimits } from './command.ts';
import type { Refusal } from './refusal.ts';

/** What an order would come to, as far as risk goes. */
export interface RiskOrder {
  readonly isSell: boolean;
  /** Ticks; 0 for a market order. */
  readonly price: number;
  /** Ticks; 0 for an order that is no stop. */
  readonly stopPrice: number;
  /** Lots. */
  readonly quantity: number;
  /** It may be open after its command. */
  readonly stays: boolean;
}

/** The pre-trade limits of an exchange. They are state: commands set them, snapshots carry them, and a replay decides by them. */
export class Risk {
  /** Nothing is limited: nothing has to be looked up. */
  isOff = true;
  /** By account, '' for all that have none of their own; then by number of the symbol. */
  private readonly limits = new Map<string, Map<number, RiskLimits>>();
  /** Open orders that an account may have, where it is not what all may have. */
  readonly maxOrders = new Map<string, number>();

  /** Limits without any limit are taken away. */
  set(account: string, market: number, limits: RiskLimits): void {
    const { maxQuantity, maxNotional, maxOpenNotional, maxDistance } = limits;
    const own = this.limits.get(account) ?? new Map<number, RiskLimits>();
    if (maxQuantity + maxNotional + maxOpenNotional + maxDistance === 0) own.delete(market);
    else own.set(market, { maxQuantity, maxNotional, maxOpenNotional, maxDistance });
    if (own.size === 0) this.limits.delete(account);
    else this.limits.set(account, own);
    this.isOff = this.limits.size === 0;
  }

  setMaxOrders(account: string, maxOrders: number): void {
    if (maxOrders === 0) this.maxOrders.delete(account);
    else this.maxOrders.set(account, maxOrders);
  }

  /** What holds for the account in the symbol. */
  of(account: string, market: number): RiskLimits | undefined {
    return this.limits.get(account)?.get(market) ?? this.limits.get('')?.get(market);
  }

  /** All limits, in the order of account and symbol: of equal states the same. */
  *entries(): Iterable<[account: string, market: number, limits: RiskLimits]> {
    for (const [account, markets] of [...this.limits].sort(byName)) {
      for (const [market, limits] of [...markets].sort(([a], [b]) => a - b)) yield [account, market, limits];
    }
  }

  /** In the order of accounts. */
  maxOrdersEntries(): [account: string, maxOrders: number][] {
    return [...this.maxOrders].sort(byName);
  }
}

function byName([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number {
  return a < b ? -1 : 1;
}

/**
 * Why the order is over a limit; undefined when it is not. `lastPrice` is 0 before the first trade; `openNotional` is asked for only
 * when it counts. Products beyond 2^53 are rounded, and are still above every limit, which is at most 2^53 − 1.
 */
export function riskRefusal(
  limits: RiskLimits,
  order: RiskOrder,
  lastPrice: number,
  openNotional: () => number,
): Refusal | undefined {
  const { isSell, price, stopPrice, quantity, stays } = order;
  if (limits.maxQuantity > 0 && quantity > limits.maxQuantity) return 'orderTooLarge';
  // A stop is compared with the price at which it will enter.
  const reference = stopPrice > 0 ? stopPrice : lastPrice;
  if (limits.maxNotional + limits.maxOpenNotional > 0) {
    const worth = (price === 0 ? reference : price) * quantity;
    // A limit that cannot be measured is not a limit that holds.
    if (worth === 0) return 'noLastPrice';
    if (limits.maxNotional > 0 && worth > limits.maxNotional) return 'notionalTooLarge';
    if (stays && limits.maxOpenNotional > 0 && openNotional() + worth > limits.maxOpenNotional) {
      return 'openNotionalTooLarge';
    }
  }
  if (limits.maxDistance === 0 || price === 0 || reference === 0) return undefined;
  const through = isSell ? reference - price : price - reference;
  return through * 10_000 > reference * limits.maxDistance ? 'priceTooFar' : undefined;
}
