import { BUY, SELL, type Side } from '../engine/book.ts';
import type { Market } from '../exchange/market.ts';
import type { Level } from './levels.ts';

/** The levels that commands `firstId` … `lastId` changed, with what stands there after the last of them. */
export interface DepthUpdate {
  readonly firstId: number;
  readonly lastId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

/**
 * Keeps which levels changed and makes updates of them without a gap: each begins with the command after the last of the one
 * before, also when commands in between changed nothing here. Quantities are whole, so an update may cover what a reader knows already.
 */
export class DepthFeed {
  private readonly market: Market;
  private lastId = 0;
  private readonly bids = new Set<number>();
  private readonly asks = new Set<number>();

  constructor(market: Market) {
    this.market = market;
  }

  /** Begins after command `updateId`. */
  start(updateId: number): void {
    this.lastId = updateId;
    this.bids.clear();
    this.asks.clear();
  }

  level(side: Side, price: number): void {
    (side === BUY ? this.bids : this.asks).add(price);
  }

  /** What changed since the last update, read from the book that stands at `updateId`; undefined when nothing did. */
  take(updateId: number): DepthUpdate | undefined {
    if (this.bids.size + this.asks.size === 0) return undefined;
    const update = {
      firstId: this.lastId + 1,
      lastId: updateId,
      bids: this.read(BUY, this.bids),
      asks: this.read(SELL, this.asks),
    };
    this.start(updateId);
    return update;
  }

  private read(side: Side, prices: ReadonlySet<number>): Level[] {
    return Array.from(prices, (price) => [price, this.market.book.volumeAt(side, price)]);
  }
}
