import {
  CALL,
  CANCEL_BOTH,
  CANCEL_NEWEST,
  CANCEL_OLDEST,
  CONTINUOUS,
  DECREMENT,
  FILL_OR_KILL,
  HALTED,
  IMMEDIATE_OR_CANCEL,
  KEEP_PRIORITY,
  MARKET,
  MAX_RESTING,
  marketPrice,
  type Phase,
  POST_ONLY,
} from '../engine/book.ts';
import { REPORT_WORDS, Reason, Reports, ReportType } from '../engine/reports.ts';
import type {
  Command,
  ExchangeLimits,
  PhaseName,
  PlaceCommand,
  ReplaceCommand,
  SelfTrade,
  SymbolConfig,
} from './command.ts';
import type { ExchangeListener, OrderChange } from './listener.ts';
import { Market } from './market.ts';
import type { Order, Trade } from './order.ts';
import { OrderRegistry } from './order-registry.ts';
import { commandOf, writeResult } from './record-command.ts';
import { type Refusal, refusalOf, repeat } from './refusal.ts';

export type { Refusal } from './refusal.ts';

/** What a command came to. `trades` are those of this command, also of stops that it triggered, in match order. */
export type Outcome =
  | { readonly kind: 'configured'; readonly trades?: readonly Trade[] }
  | { readonly kind: 'order'; readonly order: Order; readonly trades: readonly Trade[]; readonly repeated: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly order?: Order };

const ENTRIES: ReadonlyMap<number, OrderChange> = new Map([
  [ReportType.modified, 'replaced'],
  [ReportType.triggered, 'triggered'],
]);
const INITIAL_LIMITS: ExchangeLimits = { maxOrdersPerAccount: 10_000, closedOrdersKept: 100_000 };
export const PHASES: Readonly<Record<PhaseName, Phase>> = { continuous: CONTINUOUS, halted: HALTED, call: CALL };
const SELF_TRADE_FLAGS: Readonly<Record<SelfTrade, number>> = {
  allow: 0,
  cancelNewest: CANCEL_NEWEST,
  cancelOldest: CANCEL_OLDEST,
  cancelBoth: CANCEL_BOTH,
  decrement: DECREMENT,
};

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
  /** Accounts whose kill switch is on. */
  readonly blocked = new Set<string>();
  /** Told what commands do, in this order. */
  readonly listeners: ExchangeListener[] = [];
  /** The commands at work come from the journal, at the start: they were answered by an earlier process, or never. */
  replaying = false;
  /** Commands refused and trades made since the process started, for metrics. */
  readonly tally = { refused: 0, trades: 0 };
  private readonly marketList: Market[] = [];
  private readonly reports = new Reports(1_024);

  apply(command: Command, epoch: number): Outcome {
    this.sequence++;
    this.epoch = epoch;
    const outcome = this.dispatch(command);
    if (outcome.kind === 'refused') this.tally.refused++;
    return outcome;
  }

  /** Applies the command record at `at`, and writes what came of it to `results` at `resultAt`, which is zero. */
  applyRecord(records: DataView, at: number, epoch: number, results: DataView, resultAt: number): void {
    this.sequence++;
    this.epoch = epoch;
    const command = commandOf(this, records, at);
    const outcome: Outcome =
      typeof command === 'string' ? { kind: 'refused', refusal: command } : this.dispatch(command);
    if (outcome.kind === 'refused') this.tally.refused++;
    writeResult(results, resultAt, outcome);
  }

  /** Adds a symbol without a command: for a snapshot that is loaded. */
  addMarket(config: SymbolConfig): Market {
    const market = new Market(config, this.marketList.length, this.reports);
    this.markets.set(config.name, market);
    this.marketList.push(market);
    return market;
  }

  /** The symbol of this number: its place in the order in which symbols were configured. */
  marketAt(number: number): Market | undefined {
    return this.marketList[number];
  }

  private dispatch(command: Command): Outcome {
    switch (command.kind) {
      case 'symbol': {
        const { name, tickSize, lotSize } = command;
        if (this.markets.has(name)) return { kind: 'refused', refusal: 'symbolChanged' };
        const market = this.addMarket({ name, tickSize, lotSize });
        for (const listener of this.listeners) listener.market?.(market);
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
      case 'expire':
        return this.cancelAll(this.orders.takeExpired(command.timeMs), Reason.expired, command.timeMs);
      case 'kill':
        return this.kill(command.account, command.blocked, command.timeMs);
      case 'account':
        return this.orders.number(command.account) === 0
          ? { kind: 'refused', refusal: 'tooManyAccounts' }
          : { kind: 'configured' };
      default:
        return this.administer(command);
    }
  }

  private administer(command: Extract<Command, { kind: 'phase' | 'band' }>): Outcome {
    const market = this.markets.get(command.symbol);
    if (market === undefined) return { kind: 'refused', refusal: 'unknownSymbol' };
    if (command.kind === 'band') {
      market.book.setBand(command.lowest, command.highest);
      for (const listener of this.listeners) listener.market?.(market);
      return { kind: 'configured' };
    }
    const called: number[] = [];
    if (this.listeners.length > 0) market.book.eachCalled((id) => called.push(id));
    market.book.enterPhase(PHASES[command.phase]);
    const trades = this.settle(market, command.timeMs);
    for (const listener of this.listeners) listener.market?.(market);
    if (market.book.phase === CONTINUOUS) for (const id of called) this.tellRested(id);
    return { kind: 'configured', trades };
  }

  private place(command: PlaceCommand): Outcome {
    const { account, clientOrderId, side, type, price, quantity, timeMs, extra } = command;
    const known = clientOrderId === '' ? undefined : this.orders.byClientId(account, clientOrderId);
    if (known !== undefined) return repeat(known, command);
    const market = this.markets.get(command.symbol);
    if (market === undefined) return { kind: 'refused', refusal: 'unknownSymbol' };
    if (this.blocked.has(account)) return { kind: 'refused', refusal: 'accountBlocked' };
    const expiresMs = extra?.expiresMs ?? 0;
    if (expiresMs > 0 && expiresMs <= timeMs) return { kind: 'refused', refusal: 'alreadyExpired' };
    const mayStay = (type === 'limit' && command.timeInForce === 'GTC') || (extra?.stopPrice ?? 0) > 0;
    if (mayStay && this.orders.openCount(account) >= this.limits.maxOrdersPerAccount) {
      return { kind: 'refused', refusal: 'tooManyOpenOrders' };
    }
    if (market.book.size >= MAX_RESTING) return { kind: 'refused', refusal: 'bookFull' };
    const linkedTo = extra?.linkedTo ?? 0;
    if (linkedTo > 0 && this.orders.ofAccount(account, linkedTo)?.market !== market) {
      return { kind: 'refused', refusal: 'badPartner' };
    }
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
      ...(extra !== undefined && { extra }),
      filled: 0,
      status: 'open',
      reason: Reason.none,
      createdMs: timeMs,
      updatedMs: timeMs,
    };
    this.orders.add(order);
    this.send(order);
    const trades = this.settle(market, timeMs);
    if (order.status === 'rejected') return { kind: 'refused', refusal: refusalOf(order.reason), order };
    return { kind: 'order', order, trades, repeated: false };
  }

  private send(order: Order): void {
    const { id, side, type, quantity, extra } = order;
    const { book } = order.market;
    const price = type === 'market' ? marketPrice(side) : order.price;
    const owner = this.orders.ownerOf(order.account);
    const { stopPrice = 0, displayQuantity = 0, linkedTo = 0 } = extra ?? {};
    if (stopPrice + displayQuantity + linkedTo === 0) book.place(id, side, price, quantity, flagsOf(order), owner);
    else book.placeSpecial(id, side, price, quantity, flagsOf(order), owner, stopPrice, displayQuantity, linkedTo);
  }

  private cancel(account: string, orderId: number, timeMs: number): Outcome {
    const order = this.orders.ofAccount(account, orderId);
    if (order === undefined) return { kind: 'refused', refusal: 'orderNotFound' };
    if (order.status !== 'open') return { kind: 'refused', refusal: 'orderClosed', order };
    order.market.book.cancel(orderId);
    return { kind: 'order', order, trades: this.settle(order.market, timeMs), repeated: false };
  }

  private cancelAll(orders: readonly Order[], reason: number, timeMs: number): Outcome {
    for (const order of orders) {
      // One may have cancelled its partner, which comes later in the list.
      if (order.status !== 'open') continue;
      order.market.book.cancel(order.id, reason);
      this.settle(order.market, timeMs);
    }
    return { kind: 'configured' };
  }

  private kill(account: string, blocked: boolean, timeMs: number): Outcome {
    if (!blocked) {
      this.blocked.delete(account);
      return { kind: 'configured' };
    }
    this.blocked.add(account);
    return this.cancelAll(this.orders.openOf(account), Reason.killed, timeMs);
  }

  private replace(command: ReplaceCommand): Outcome {
    const { account, orderId, timeMs } = command;
    const order = this.orders.ofAccount(account, orderId);
    if (order === undefined) return { kind: 'refused', refusal: 'orderNotFound' };
    if (order.status !== 'open') return { kind: 'refused', refusal: 'orderClosed', order };
    if (this.blocked.has(account)) return { kind: 'refused', refusal: 'accountBlocked', order };
    const price = command.price === 0 ? order.price : command.price;
    const quantity = command.quantity === 0 ? order.quantity : command.quantity;
    if (quantity <= order.filled) return { kind: 'refused', refusal: 'quantityBelowFilled', order };
    const selfTrade = SELF_TRADE_FLAGS[order.extra?.selfTrade ?? 'allow'];
    const flags = KEEP_PRIORITY | (order.postOnly ? POST_ONLY : 0) | selfTrade;
    order.market.book.replace(orderId, price, quantity - order.filled, flags);
    const head = this.reports.words[0] as number;
    if ((head & 255) === ReportType.modifyRejected) {
      this.reports.count = 0;
      return { kind: 'refused', refusal: refusalOf(head >>> 16), order };
    }
    this.tellLevel(order);
    order.price = price;
    order.quantity = quantity;
    return { kind: 'order', order, trades: this.settle(order.market, timeMs), repeated: false };
  }

  /** Carries the engine's reports of a command into the orders and trades of `market`, and empties the buffer. */
  private settle(market: Market, timeMs: number): Trade[] {
    const { reports } = this;
    const trades: Trade[] = [];
    const entered: number[] = [];
    for (let index = 0; index < reports.count; index++) {
      const at = index * REPORT_WORDS;
      const head = reports.words[at] as number;
      const order = this.known(reports.doubles[(at >> 1) + 2] as number);
      const quantity = reports.words[at + 2] as number;
      order.updatedMs = timeMs;
      switch (head & 255) {
        case ReportType.trade: {
          const other = this.known(reports.doubles[(at >> 1) + 3] as number);
          const isAuction = ((head >> 8) & 255) !== 0;
          const price = reports.words[at + 1] as number;
          const trade = this.trade(market, order, other, price, quantity, isAuction ? 2 : other.side, timeMs);
          trades.push(trade);
          for (const listener of this.listeners) listener.trade?.(market, trade);
          this.tell(order, 'traded');
          this.tell(other, 'traded');
          break;
        }
        case ReportType.prevented: {
          const other = this.known(reports.doubles[(at >> 1) + 3] as number);
          this.shrink(order, quantity);
          this.shrink(other, quantity);
          this.tell(order, 'reduced');
          this.tell(other, 'reduced');
          break;
        }
        case ReportType.cancelled:
          this.close(order, 'cancelled', head >>> 16);
          this.tell(order, 'cancelled');
          break;
        case ReportType.rejected:
          this.close(order, 'rejected', head >>> 16);
          this.tell(order, 'rejected');
          break;
        default:
          entered.push(order.id);
          this.tell(order, ENTRIES.get(head & 255) ?? 'accepted');
      }
    }
    reports.count = 0;
    if (this.listeners.length > 0 && market.book.phase !== CALL) for (const id of entered) this.tellRested(id);
    // Only now: an order of this command that is closed and forgotten at once would not be found by its next report.
    this.orders.forget(this.limits.closedOrdersKept);
    return trades;
  }

  private tell(order: Order, change: OrderChange): void {
    for (const listener of this.listeners) listener.order?.({ ...order }, change);
    if (change !== 'accepted' && change !== 'rejected') this.tellLevel(order);
  }

  private tellLevel(order: Order): void {
    for (const listener of this.listeners) listener.level?.(order.market, order.side, order.price);
  }

  /** What entered the book in this command and is not through: a stop may still wait. */
  private tellRested(id: number): void {
    const order = this.known(id);
    if (order.status === 'open' && !order.market.book.isWaiting(id)) this.tell(order, 'rested');
  }

  private known(id: number): Order {
    const order = this.orders.get(id);
    if (order === undefined) throw new Error(`order ${id} is in the book and is not known`);
    return order;
  }

  private trade(
    market: Market,
    maker: Order,
    taker: Order,
    price: number,
    quantity: number,
    takerSide: number,
    timeMs: number,
  ): Trade {
    taker.updatedMs = timeMs;
    this.fill(maker, quantity);
    this.fill(taker, quantity);
    const sequence = market.tradeSequence + 1;
    const trade = { sequence, price, quantity, makerId: maker.id, takerId: taker.id, takerSide, timeMs };
    market.addTrade(trade);
    this.tally.trades++;
    return trade;
  }

  private fill(order: Order, quantity: number): void {
    order.filled += quantity;
    if (order.filled === order.quantity) this.close(order, 'filled', Reason.none);
  }

  /** A prevented self-trade took this much off the order. */
  private shrink(order: Order, quantity: number): void {
    order.quantity -= quantity;
    if (order.filled === order.quantity) this.close(order, 'cancelled', Reason.selfTrade);
  }

  private close(order: Order, status: 'filled' | 'cancelled' | 'rejected', reason: number): void {
    order.status = status;
    order.reason = reason;
    this.orders.close(order);
  }
}

/** How the engine is to take the order. */
export function flagsOf({ type, timeInForce, postOnly, extra }: Order): number {
  const market = type === 'market' ? MARKET | IMMEDIATE_OR_CANCEL : 0;
  const immediate = timeInForce === 'IOC' ? IMMEDIATE_OR_CANCEL : timeInForce === 'FOK' ? FILL_OR_KILL : 0;
  return market | immediate | (postOnly ? POST_ONLY : 0) | SELF_TRADE_FLAGS[extra?.selfTrade ?? 'allow'];
}
