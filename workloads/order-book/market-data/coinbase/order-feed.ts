import { AUCTION_TRADE } from '../../engine/auction.ts';
import { BUY, SELL, type Side } from '../../engine/book.ts';
import type { OrderChange } from '../../exchange/listener.ts';
import type { Market } from '../../exchange/market.ts';
import type { Order, Trade } from '../../exchange/order.ts';
import { isoTime, matchText, sideName } from './encode.ts';

/** An order as readers of the feed have it in their books. */
interface Shown {
  readonly side: Side;
  readonly price: number;
  /** Lots that it shows; what an iceberg hides is not known to readers. */
  lots: number;
  /** Its whole quantity, to see by how much it was reduced. */
  quantity: number;
}

export interface OrderMessage {
  readonly text: string;
  /** The trade of a match. */
  readonly trade?: Trade;
}

export type FindOrder = (id: number) => Order | undefined;

/**
 * Channel `full` of one market: turns what happens to orders into received, open, match, change and done, numbered without a gap, such
 * that a reader who has the orders of a level 3 snapshot and follows the messages has exactly the orders that the book shows.
 *
 * Where the book can do more than that feed has words for: an iceberg opens again with each portion; an order that loses its place is
 * done and opens again; a stop that waits is not shown; an auction trade opens its maker at the price of the auction first.
 */
export class OrderFeed {
  /** Number of the last message. */
  sequence: number;
  /** The last command that the messages up to `sequence` tell of. */
  private standsAt: number;
  private readonly market: Market;
  private readonly find: FindOrder;
  private readonly shown = new Map<number, Shown>();
  /** Stops whose price came, until they are closed. */
  private readonly triggered = new Set<number>();
  private messages: OrderMessage[] = [];

  /** `updateId`: the last command of what the book shows now. */
  constructor(market: Market, find: FindOrder, sequence: number, updateId: number) {
    this.market = market;
    this.find = find;
    this.sequence = sequence;
    this.standsAt = updateId;
  }

  /**
   * Begins with the orders that rest now. What was missed leaves a gap in the numbers, so that a reader of before asks afresh. Without
   * anything missed there is none: a process that wrote nothing must not give out numbers that the next one, of the same epoch, gives again.
   */
  start(updateId: number): void {
    if (updateId !== this.standsAt) this.sequence++;
    this.standsAt = updateId;
    for (const side of [BUY, SELL] as const) {
      this.market.eachOrder(side, (id, price, lots) => {
        this.shown.set(id, { side, price, lots, quantity: this.find(id)?.quantity ?? lots });
      });
    }
  }

  stop(): void {
    this.shown.clear();
    this.triggered.clear();
    this.messages = [];
  }

  /** Messages since the last call, in order; the book stands at `updateId`. */
  take(updateId: number): OrderMessage[] {
    const { messages } = this;
    this.standsAt = updateId;
    this.messages = [];
    return messages;
  }

  trade(trade: Trade): void {
    const maker = this.known(trade.makerId);
    const taker = this.known(trade.takerId);
    if (trade.takerSide === AUCTION_TRADE) {
      this.auctionMatch(maker, trade);
    } else {
      // It came to rest within this command, and is told to have when the command is through.
      if (!this.shown.has(maker.id)) this.open(maker, maker.price, this.portion(maker, trade.quantity));
      this.match(trade);
      this.afterMatch(maker, trade.quantity);
    }
    if (taker.status === 'filled') this.done(taker, 'filled');
    else this.shrink(taker, 'match');
  }

  order(order: Order, change: OrderChange): void {
    switch (change) {
      case 'accepted':
        if ((order.extra?.stopPrice ?? 0) === 0) this.received(order);
        return;
      case 'triggered':
        this.triggered.add(order.id);
        this.received(order);
        return;
      case 'rested':
        if (!this.shown.has(order.id)) this.open(order, order.price, this.portion(order));
        return;
      case 'replaced':
        this.replaced(order);
        return;
      case 'reduced':
        this.reduced(order);
        return;
      case 'cancelled':
        this.cancelled(order);
        return;
      default:
        // A rejected order was never shown; what a trade does is told with the trade.
        return;
    }
  }

  /** Readers take the size of a match off its maker, and an order of size 0 off the book. */
  private afterMatch(maker: Order, quantity: number): void {
    const shown = this.shown.get(maker.id);
    if (shown === undefined) throw new Error(`the maker ${maker.id} of a match was not open`);
    shown.lots -= quantity;
    if (maker.status === 'filled') this.done(maker, 'filled');
    else if (shown.lots === 0) this.open(maker, shown.price, this.portion(maker));
  }

  /** An auction trades what is hidden too, at its own price, and orders that do not rest yet. */
  private auctionMatch(maker: Order, trade: Trade): void {
    const before = this.shown.get(maker.id);
    if (before !== undefined) this.done(maker, 'canceled');
    this.open(maker, trade.price, trade.quantity);
    this.match(trade);
    this.shown.delete(maker.id);
    if (maker.status === 'filled') this.done(maker, 'filled');
    else if (before !== undefined) this.open(maker, before.price, Math.min(before.lots, openLots(maker)));
  }

  private replaced(order: Order): void {
    const shown = this.shown.get(order.id);
    if (shown === undefined) return;
    if (order.price === shown.price && order.quantity <= shown.quantity) this.shrink(order, 'modify_order');
    else this.done(order, 'canceled');
  }

  private reduced(order: Order): void {
    if (order.status === 'open') this.shrink(order, 'STP');
    else this.cancelled(order);
  }

  /** A resting order shows at most what it has left. */
  private shrink(order: Order, reason: 'STP' | 'modify_order' | 'match'): void {
    const shown = this.shown.get(order.id);
    const lots = openLots(order);
    if (shown === undefined) return;
    shown.quantity = order.quantity;
    if (lots >= shown.lots) return;
    const old = shown.lots;
    shown.lots = lots;
    const { lot } = this.market;
    this.tell('change', order, {
      reason,
      price: this.market.tick.format(shown.price),
      old_size: lot.format(old),
      new_size: lot.format(lots),
    });
  }

  private cancelled(order: Order): void {
    const isWaitingStop =
      (order.extra?.stopPrice ?? 0) > 0 && !this.triggered.has(order.id) && !this.shown.has(order.id);
    if (!isWaitingStop) this.done(order, 'canceled');
  }

  private received(order: Order): void {
    const { tick, lot } = this.market;
    this.tell('received', order, {
      order_type: order.type,
      size: lot.format(openLots(order)),
      ...(order.type === 'limit' && { price: tick.format(order.price) }),
    });
  }

  private open(order: Order, price: number, lots: number): void {
    this.shown.set(order.id, { side: order.side, price, lots, quantity: order.quantity });
    const { tick, lot } = this.market;
    this.tell('open', order, { price: tick.format(price), remaining_size: lot.format(lots) });
  }

  private done(order: Order, reason: 'filled' | 'canceled'): void {
    const shown = this.shown.get(order.id);
    this.shown.delete(order.id);
    if (order.status !== 'open') this.triggered.delete(order.id);
    const { tick, lot } = this.market;
    const lots = reason === 'filled' ? 0 : (shown?.lots ?? order.quantity - order.filled);
    this.tell('done', order, {
      reason,
      ...(order.type === 'limit' && { price: tick.format(shown?.price ?? order.price) }),
      remaining_size: lot.format(lots),
    });
  }

  /** What the order shows of what it has open; `more`: lots that were taken off it already. */
  private portion(order: Order, more = 0): number {
    const open = openLots(order) + more;
    const peak = order.extra?.displayQuantity ?? 0;
    return peak > 0 ? Math.min(peak, open) : open;
  }

  private tell(type: string, order: Order, members: Readonly<Record<string, string>>): void {
    const time = isoTime(order.updatedMs);
    const { name } = this.market.config;
    const common = { time, product_id: name, order_id: String(order.id), side: sideName(order.side) };
    this.say((sequence) => JSON.stringify({ type, sequence, ...common, ...members }));
  }

  private match(trade: Trade): void {
    this.say((sequence) => matchText(this.market, trade, 'match', sequence), trade);
  }

  private say(text: (sequence: number) => string, trade?: Trade): void {
    this.sequence++;
    this.messages.push({ text: text(this.sequence), ...(trade !== undefined && { trade }) });
  }

  private known(id: number): Order {
    const order = this.find(id);
    if (order === undefined) throw new Error(`order ${id} traded and is not known`);
    return order;
  }
}

function openLots({ quantity, filled }: Order): number {
  return quantity - filled;
}
