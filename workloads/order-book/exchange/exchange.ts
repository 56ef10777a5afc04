import { CALL, CONTINUOUS, HALTED, type Phase } from '../engine/book.ts';
import { Reason } from '../engine/reports.ts';
import { Announcer } from './announcer.ts';
import type { Command, ExchangeLimits, PairCommand, PhaseName, PlaceCommand, SymbolConfig } from './command.ts';
import type { ExchangeListener } from './listener.ts';
import { Market } from './market.ts';
import type { Order, Trade } from './order.ts';
import { OrderEntry } from './order-entry.ts';
import { OrderRegistry } from './order-registry.ts';
import { createPlacement, fillFromCommand, type Placement } from './placement.ts';
import { BLOCK, Preloader } from './preloader.ts';
import { RECORD_BYTES, RESULT_BYTES } from './record.ts';
import { RecordEntry } from './record-entry.ts';
import type { Refusal } from './refusal.ts';
import type { Risk } from './risk.ts';
import { Settlement } from './settlement.ts';

export type { Refusal } from './refusal.ts';

/** What a command came to. `trades` are those of this command, also of stops that it triggered, in match order. */
export type Outcome =
  | { readonly kind: 'configured'; readonly trades?: readonly Trade[] }
  | { readonly kind: 'order'; readonly order: Order; readonly trades: readonly Trade[]; readonly repeated: boolean }
  | {
      readonly kind: 'pair';
      readonly stop: Order;
      readonly limit: Order;
      readonly trades: readonly Trade[];
      readonly repeated: boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal; readonly order?: Order };

export const PHASES: Readonly<Record<PhaseName, Phase>> = { continuous: CONTINUOUS, halted: HALTED, call: CALL };

/**
 * The state machine of the whole program: symbols, books, orders, client order ids. What it does is a function of the state and the
 * command only, so a replay of the journal gives the same state, the same trades and the same answers.
 */
export class Exchange {
  /** Sequence of the last command applied. */
  sequence = 0;
  /** Epoch under which it was journaled. */
  epoch = 0;
  readonly markets = new Map<string, Market>();
  private readonly marketList: Market[] = [];
  readonly orders = new OrderRegistry(this.marketList);
  /** The commands at work come from the journal, at the start: they were answered by an earlier process, or never. */
  replaying = false;
  private refused = 0;
  private results = new Uint8Array(0);
  private readonly announcer = new Announcer(this.orders);
  private readonly settlement = new Settlement(this.orders, this.announcer);
  private readonly entry = new OrderEntry(this.marketList, this.orders, this.settlement, this.announcer);
  private readonly records = new RecordEntry(this.orders, this.entry, this.settlement);
  private readonly preloader = new Preloader(this.orders, this.marketList);
  private readonly placement: Placement = createPlacement();
  private readonly limitPlacement: Placement = createPlacement();

  /** Told what commands do, in this order. */
  get listeners(): ExchangeListener[] {
    return this.announcer.listeners;
  }

  get limits(): ExchangeLimits {
    return this.entry.limits;
  }

  set limits(limits: ExchangeLimits) {
    this.entry.limits = limits;
  }

  /** Accounts whose kill switch is on. */
  get blocked(): Set<string> {
    return this.entry.blocked;
  }

  /** Pre-trade limits of accounts. */
  get risk(): Risk {
    return this.entry.risk;
  }

  /** Commands refused and trades made since the process started, for metrics. */
  get tally(): { readonly refused: number; readonly trades: number } {
    return { refused: this.refused, trades: this.settlement.tally };
  }

  /**
   * Makes room for so many open orders, so that no table grows in the middle of work: that takes tens of milliseconds in a large book.
   * The system gives the memory only when it is used.
   */
  reserve(openOrders: number): void {
    this.orders.reserve(openOrders + this.limits.closedOrdersKept);
  }

  apply(command: Command, epoch: number): Outcome {
    this.sequence++;
    this.epoch = epoch;
    this.settlement.trades = [];
    const outcome = this.dispatch(command, this.settlement.trades);
    this.settlement.trades = undefined;
    if (outcome.kind === 'refused') this.refused++;
    // Only now: an order of this command that is closed and forgotten at once could not be answered with.
    this.orders.forget(this.limits.closedOrdersKept);
    return outcome;
  }

  /** Applies a batch of command records (record.ts) in order. Returns what came of each, in memory that the next batch uses again. */
  applyRecords(records: Uint8Array, epoch: number): Uint8Array {
    const length = (records.length / RECORD_BYTES) * RESULT_BYTES;
    if (this.results.length < length) this.results = new Uint8Array(length);
    const results = this.results.subarray(0, length);
    const from = new DataView(records.buffer, records.byteOffset, records.length);
    const to = new DataView(results.buffer, 0, length);
    this.epoch = epoch;
    const { slots } = this.preloader;
    for (let at = 0, resultAt = 0; at < records.length; ) {
      const count = Math.min(BLOCK, (records.length - at) / RECORD_BYTES);
      this.preloader.load(from, at, count, this.limits.closedOrdersKept);
      for (let index = 0; index < count; index++, at += RECORD_BYTES, resultAt += RESULT_BYTES) {
        const hint = slots[index] as number;
        if (this.records.apply(from, at, ++this.sequence, to, resultAt, hint) !== undefined) this.refused++;
      }
    }
    return results;
  }

  /** Adds a symbol without a command: for a snapshot that is loaded. */
  addMarket(config: SymbolConfig): Market {
    const market = new Market(config, this.marketList.length, this.settlement.reports, this.orders.table);
    this.markets.set(config.name, market);
    this.marketList.push(market);
    return market;
  }

  /** The symbol of this number: its place in the order in which symbols were configured. */
  marketAt(number: number): Market | undefined {
    return this.marketList[number];
  }

  private dispatch(command: Command, trades: readonly Trade[]): Outcome {
    const { entry, orders } = this;
    switch (command.kind) {
      case 'place':
        return this.outcome(this.place(command), trades);
      case 'pair':
        return this.placePair(command, trades);
      case 'cancel': {
        const slot = orders.findOwn(orders.accounts.find(command.account), command.orderId);
        return this.outcome(entry.cancel(slot, command.timeMs), trades);
      }
      case 'replace': {
        const { account, price, quantity, timeMs } = command;
        const slot = orders.findOwn(orders.accounts.find(account), command.orderId);
        return this.outcome(entry.replace(slot, price, quantity, timeMs), trades);
      }
      default: {
        const refusal = this.administer(command);
        return refusal === undefined ? { kind: 'configured', trades } : { kind: 'refused', refusal };
      }
    }
  }

  private outcome(refusal: Refusal | undefined, trades: readonly Trade[]): Outcome {
    const { slot, repeated } = this.entry;
    if (slot === 0) return { kind: 'refused', refusal: refusal ?? 'orderNotFound' };
    const order = this.orders.view(slot);
    return refusal === undefined ? { kind: 'order', order, trades, repeated } : { kind: 'refused', refusal, order };
  }

  private place(command: PlaceCommand): Refusal | undefined {
    this.fill(this.placement, command);
    return this.entry.place(this.sequence, this.placement, command.account);
  }

  private placePair(command: PairCommand, trades: readonly Trade[]): Outcome {
    const { placement, limitPlacement, entry, orders } = this;
    const { timeMs, account, symbol } = command;
    this.fill(placement, { kind: 'place', timeMs, account, symbol, ...command.stop });
    this.fill(limitPlacement, { kind: 'place', timeMs, account, symbol, ...command.limit });
    // Taken whatever comes of it, so that the journal can count sequences without playing commands.
    const id = this.sequence++;
    const refusal = entry.placePair(id, placement, limitPlacement, account);
    const { slot, partner, repeated } = entry;
    if (refusal === undefined) {
      return { kind: 'pair', stop: orders.view(slot), limit: orders.view(partner), trades, repeated };
    }
    const about = partner === 0 ? slot : partner;
    return { kind: 'refused', refusal, ...(about !== 0 && { order: orders.view(about) }) };
  }

  private fill(placement: Placement, command: PlaceCommand): void {
    fillFromCommand(placement, command);
    placement.account = this.orders.accounts.find(command.account);
    placement.market = this.markets.get(command.symbol)?.number ?? -1;
  }

  private administer(
    command: Exclude<Command, { kind: 'place' | 'pair' | 'cancel' | 'replace' }>,
  ): Refusal | undefined {
    const { entry, orders, announcer } = this;
    switch (command.kind) {
      case 'symbol': {
        const { name, tickSize, lotSize } = command;
        if (this.markets.has(name)) return 'symbolChanged';
        announcer.market(this.addMarket({ name, tickSize, lotSize }));
        return undefined;
      }
      case 'limits': {
        const { maxOrdersPerAccount, closedOrdersKept } = command;
        this.limits = { maxOrdersPerAccount, closedOrdersKept };
        return undefined;
      }
      case 'expire':
        entry.cancelAll(orders.takeExpired(command.timeMs), Reason.expired, command.timeMs);
        return undefined;
      case 'kill':
        if (command.blocked) {
          entry.blocked.add(command.account);
          entry.cancelAll(orders.openSlots(orders.accounts.find(command.account)), Reason.killed, command.timeMs);
        } else {
          entry.blocked.delete(command.account);
        }
        return undefined;
      case 'accountOrders':
        entry.risk.setMaxOrders(command.account, command.maxOrders);
        return undefined;
      case 'account':
        return orders.accounts.giveNumber(command.account) === 0 ? 'tooManyAccounts' : undefined;
      default:
        return this.configure(command);
    }
  }

  private configure(command: Extract<Command, { kind: 'phase' | 'band' | 'risk' }>): Refusal | undefined {
    const { announcer } = this;
    const market = this.markets.get(command.symbol);
    if (market === undefined) return 'unknownSymbol';
    if (command.kind === 'risk') {
      this.risk.set(command.account, market.number, command);
      return undefined;
    }
    if (command.kind === 'band') {
      market.book.setBand(command.lowest, command.highest);
      announcer.market(market);
      return undefined;
    }
    const called: number[] = [];
    if (announcer.isHeard) market.book.eachCalled((slot) => called.push(slot));
    market.book.enterPhase(PHASES[command.phase]);
    this.settlement.settle(market, 0, command.timeMs);
    announcer.market(market);
    if (market.book.phase === CONTINUOUS) for (const slot of called) announcer.rested(market, slot);
    return undefined;
  }
}
