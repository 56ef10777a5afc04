import {
  FILL_OR_KILL,
  IMMEDIATE_OR_CANCEL,
  KEEP_PRIORITY,
  MAX_RESTING,
  marketPrice,
  POST_ONLY,
} from '../engine/book.ts';
import { REPORT_WORDS, Reason, Reports, ReportType } from '../engine/reports.ts';
import type { Command, ExchangeLimits, PlaceCommand, ReplaceCommand, SymbolConfig } from './command.ts';
import { Market } from './market.ts';
import type { Order, Trade } from './order.ts';
import { OrderRegistry } from './order-registry.ts';

export type Refusal =
  | 'unknownSymbol'
  | 'duplicateClientOrderId'
  | 'tooManyOpenOrders'
  | 'bookFull'
  | 'wouldMatch'
  | 'notFillable'
  | 'orderNotFound'
  | 'orderClosed'
  | 'quantityBelowFilled'
  | 'symbolChanged';

/** What a command came to. `trades` are those of this command, in match order. */
export type Outcome =
  | { readonly kind: 'configured' }
  | { readonly kind: 'order'; readonly order: Order; readonly trades: readonly Trade[]; readonly repeated: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly order?: Order };

const INITIAL_LIMITS: ExchangeLimits = { maxOrdersPerAccount: 10_000, closedOrdersKept: 100_000 };

/**
 * The state machine of the whole program: symbols, books, orders, client order ids. `apply` is a function of the state and the
 * command only, so a replay of the journal gives the same state, the same trades and the same answers.
 */
export class Exchange {
  /** Sequence of the last command applied. */
  sequence = 0;
  /** Epoch under which it was journaled. */
  epoch = 0;
  limits: ExchangeLimits = INITIAL_LIMITS;
  readonly markets = new Map<string, Market>();
  readonly orders = new OrderRegistry();
  /** Commands refused and trades made since the process started, for metrics. */
  readonly tally = { refused: 0, trades: 0 };
  private readonly reports = new Reports(1_024);

  apply(command: Command, epoch: number): Outcome {
    this.sequence++;
    this.epoch = epoch;
    const outcome = this.dispatch(command);
    if (outcome.kind === 'refused') this.tally.refused++;
    return outcome;
  }

  /** Adds a symbol without a command: for a snapshot that is loaded. */
  addMarket(config: SymbolConfig): Market {
    const market = new Market(config, this.reports);
    this.markets.set(config.name, market);
    return market;
  }

  private dispatch(command: Command): Outcome {
    switch (command.kind) {
      case 'symbol': {
        const { name, tickSize, lotSize } = command;
        if (this.markets.has(name)) return { kind: 'refused', refusal: 'symbolChanged' };
        this.addMarket({ name, tickSize, lotSize });
        return { kind: 'configured' };
      }
      case 'limits': {
        const { maxOrdersPerAccount, closedOrdersKept } = command;
        this.limits = { maxOrdersPerAccount, closedOrdersKept };
        this.orders.forget(closedOrdersKept);
        return { kind: 'configured' };
      }
      case 'place':
        return this.place(command);
      case 'cancel':
        return this.cancel(command.account, command.orderId, command.timeMs);
      case 'replace':
        return this.replace(command);
    }
  }

  private place(command: PlaceCommand): Outcome {
    const { account, clientOrderId, side, type, price, quantity, timeMs } = command;
    const known = clientOrderId === '' ? undefined : this.orders.byClientId(account, clientOrderId);
    if (known !== undefined) return repeat(known, command);
    const market = this.markets.get(command.symbol);
    if (market === undefined) return { kind: 'refused', refusal: 'unknownSymbol' };
    const mayRest = type === 'limit' && command.timeInForce === 'GTC';
    if (mayRest && this.orders.openCount(account) >= this.limits.maxOrdersPerAccount) {
      return { kind: 'refused', refusal: 'tooManyOpenOrders' };
    }
    if (market.book.size >= MAX_RESTING) return { kind: 'refused', refusal: 'bookFull' };
    const order: Order = {
      id: this.sequence,
      account,
      clientOrderId,
      market,
      placed: { price, quantity },
      side,
      type,
      timeInForce: command.timeInForce,
      postOnly: command.postOnly,
      price,
      quantity,
      filled: 0,
      status: 'open',
      reason: Reason.none,
      createdMs: timeMs,
      updatedMs: timeMs,
    };
    this.orders.add(order);
    market.book.place(order.id, side, type === 'market' ? marketPrice(side) : price, quantity, flagsOf(order));
    const trades = this.settle(order, timeMs);
    if (order.reason === Reason.wouldMatch) return { kind: 'refused', refusal: 'wouldMatch', order };
    if (order.reason === Reason.notFillable) return { kind: 'refused', refusal: 'notFillable', order };
    return { kind: 'order', order, trades, repeated: false };
  }

  private cancel(account: string, orderId: number, timeMs: number): Outcome {
    const order = this.orders.ofAccount(account, orderId);
    if (order === undefined) return { kind: 'refused', refusal: 'orderNotFound' };
    if (order.status !== 'open') return { kind: 'refused', refusal: 'orderClosed', order };
    order.market.book.cancel(orderId);
    return { kind: 'order', order, trades: this.settle(order, timeMs), repeated: false };
  }

  private replace(command: ReplaceCommand): Outcome {
    const { account, orderId, timeMs } = command;
    const order = this.orders.ofAccount(account, orderId);
    if (order === undefined) return { kind: 'refused', refusal: 'orderNotFound' };
    if (order.status !== 'open') return { kind: 'refused', refusal: 'orderClosed', order };
    const price = command.price === 0 ? order.price : command.price;
    const quantity = command.quantity === 0 ? order.quantity : command.quantity;
    if (quantity <= order.filled) return { kind: 'refused', refusal: 'quantityBelowFilled', order };
    const flags = KEEP_PRIORITY | (order.postOnly ? POST_ONLY : 0);
    order.market.book.replace(orderId, price, quantity - order.filled, flags);
    if (((this.reports.words[0] as number) & 255) === ReportType.modifyRejected) {
      this.reports.count = 0;
      return { kind: 'refused', refusal: 'wouldMatch', order };
    }
    order.price = price;
    order.quantity = quantity;
    return { kind: 'order', order, trades: this.settle(order, timeMs), repeated: false };
  }

  /** Carries the engine's reports of a command by `order` into the orders and trades, and empties the buffer. */
  private settle(order: Order, timeMs: number): Trade[] {
    const { reports } = this;
    const trades: Trade[] = [];
    for (let index = 0; index < reports.count; index++) {
      const at = index * REPORT_WORDS;
      const head = reports.words[at] as number;
      const type = head & 255;
      if (type === ReportType.trade) {
        trades.push(this.trade(order, reports.doubles[(at >> 1) + 2] as number, at, timeMs));
      } else if (type === ReportType.cancelled || type === ReportType.rejected) {
        order.reason = head >>> 16;
        this.close(order, type === ReportType.cancelled ? 'cancelled' : 'rejected');
      }
    }
    order.updatedMs = timeMs;
    reports.count = 0;
    return trades;
  }

  private trade(taker: Order, makerId: number, at: number, timeMs: number): Trade {
    const { market } = taker;
    const price = this.reports.words[at + 1] as number;
    const quantity = this.reports.words[at + 2] as number;
    const maker = this.orders.get(makerId);
    if (maker === undefined) throw new Error(`maker ${makerId} rests in the book and is not known`);
    maker.updatedMs = timeMs;
    this.fill(maker, quantity);
    this.fill(taker, quantity);
    const takerSide = taker.side;
    const sequence = market.tradeSequence + 1;
    const trade = { sequence, price, quantity, makerId, takerId: taker.id, takerSide, timeMs };
    market.addTrade(trade);
    this.tally.trades++;
    return trade;
  }

  private fill(order: Order, quantity: number): void {
    order.filled += quantity;
    if (order.filled === order.quantity) this.close(order, 'filled');
  }

  private close(order: Order, status: 'filled' | 'cancelled' | 'rejected'): void {
    order.status = status;
    this.orders.close(order);
    this.orders.forget(this.limits.closedOrdersKept);
  }
}

/** The same client order id again: the same order is answered with what became of it, another one is refused. */
function repeat(known: Order, command: PlaceCommand): Outcome {
  const same =
    known.market.config.name === command.symbol &&
    known.side === command.side &&
    known.type === command.type &&
    known.timeInForce === command.timeInForce &&
    known.postOnly === command.postOnly &&
    known.placed.price === command.price &&
    known.placed.quantity === command.quantity;
  if (!same) return { kind: 'refused', refusal: 'duplicateClientOrderId', order: known };
  if (known.reason === Reason.wouldMatch) return { kind: 'refused', refusal: 'wouldMatch', order: known };
  if (known.reason === Reason.notFillable) return { kind: 'refused', refusal: 'notFillable', order: known };
  return { kind: 'order', order: known, trades: [], repeated: true };
}

function flagsOf({ type, timeInForce, postOnly }: Order): number {
  const immediate = type === 'market' || timeInForce === 'IOC' ? IMMEDIATE_OR_CANCEL : 0;
  return immediate | (timeInForce === 'FOK' ? FILL_OR_KILL : 0) | (postOnly ? POST_ONLY : 0);
}
