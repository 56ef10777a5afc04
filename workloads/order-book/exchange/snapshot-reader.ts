import { BUY, CALL, CONTINUOUS, HALTED, marketPrice, SELL } from '../engine/book.ts';
import { ByteReader } from './bytes.ts';
import { parseClientId } from './client-ids.ts';
import { type ExtraTerms, readExtra, readRisk } from './command.ts';
import { Exchange } from './exchange.ts';
import type { Market } from './market.ts';
import {
  ACCOUNT,
  CREATED,
  FILLED,
  OPEN,
  PRICE,
  QUANTITY,
  STATE,
  type StatusNumber,
  TERMS_MASK,
  UPDATED,
} from './order-table.ts';
import { createPlacement, withExtra } from './placement.ts';
import { ClientIdKind, FORMAT } from './snapshot-format.ts';
import { ENGINE_FLAGS, MARKET_BIT, SIDE_BIT } from './terms.ts';

/** An order has at least so many. */
const ORDER_BYTES = 53;

/** The exchange that `encodeExchange` saw. Throws when the bytes are of a format that this version does not know. */
export function decodeExchange(bytes: Uint8Array): Exchange {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format === 0 || format > FORMAT) throw new Error(`a snapshot of format ${format}: start a version that knows it`);
  return new SnapshotReader(reader, format).read();
}

class SnapshotReader {
  private readonly reader: ByteReader;
  private readonly format: number;
  private readonly exchange = new Exchange();
  /** Indexes of the accounts in their order of appearance. */
  private readonly accounts: number[] = [];
  private readonly placement = createPlacement();

  constructor(reader: ByteReader, format: number) {
    this.reader = reader;
    this.format = format;
  }

  read(): Exchange {
    const { reader, format, exchange } = this;
    // Tables that double on the way would be copied again and again.
    exchange.orders.reserve(Math.ceil(reader.left / ORDER_BYTES));
    exchange.sequence = reader.u53();
    exchange.epoch = reader.u53();
    exchange.limits = { maxOrdersPerAccount: reader.u32(), closedOrdersKept: reader.u32() };
    if (format > 2) this.readAccounts();
    const markets = Array.from({ length: reader.u16() }, () => {
      const config = { name: reader.text(), tickSize: reader.text(), lotSize: reader.text() };
      const market = exchange.addMarket(config);
      this.readTrades(market);
      return market;
    });
    if (format > 2) this.readRisk();
    for (const market of markets) {
      if (format === 1) this.readFirstFormat(market);
      else this.readMarket(market);
    }
    if (format === 2) this.each(() => exchange.blocked.add(reader.text()));
    this.each(() => this.readOrder(reader.u16()));
    return exchange;
  }

  private readRisk(): void {
    const { reader } = this;
    const { risk } = this.exchange;
    this.each(() => risk.set(reader.text(), reader.u16(), readRisk(reader)));
    this.each(() => risk.setMaxOrders(reader.text(), reader.u32()));
  }

  private readAccounts(): void {
    const { reader, exchange } = this;
    const { accounts } = exchange.orders;
    this.each(() => {
      const name = reader.text();
      accounts.giveNumber(name);
      this.accounts.push(accounts.find(name));
    });
    this.each(() => exchange.blocked.add(reader.text()));
  }

  private readTrades(market: Market): void {
    const { reader } = this;
    const last = reader.u53();
    const count = reader.u16();
    market.tradeSequence = last - count;
    for (let index = 0; index < count; index++) {
      market.addTrade(reader.u32(), reader.u32(), reader.u53(), reader.u53(), reader.u8(), reader.u53());
    }
  }

  private readMarket(market: Market): void {
    const { reader } = this;
    const { book, number } = market;
    const { table } = this.exchange.orders;
    const phase = reader.u8();
    book.restorePhase(phase === CALL || phase === HALTED ? phase : CONTINUOUS);
    book.setBand(reader.u32(), reader.u32());
    book.lastPrice = reader.u32();
    for (const side of [BUY, SELL] as const) {
      this.each(() => {
        const slot = this.readOrder(number);
        const { price, open, account, extra } = this.entryOf(slot);
        const shown = reader.u32();
        book.restore(slot, side, price, shown, account, open - shown, extra.displayQuantity);
      });
    }
    this.each(() => {
      const slot = this.readOrder(number);
      const { terms, price, open, account, extra } = this.entryOf(slot);
      const side = (terms & SIDE_BIT) === 0 ? BUY : SELL;
      const limit = (terms & MARKET_BIT) === 0 ? price : marketPrice(side);
      const flags = ENGINE_FLAGS[terms] as number;
      const { stopPrice: stop, displayQuantity: peak } = extra;
      book.restoreStop({ id: slot, side, price: limit, quantity: open, flags, owner: account, stop, peak, partner: 0 });
    });
    this.each(() => {
      const slot = this.readOrder(number);
      const { terms, price, open, account, extra } = this.entryOf(slot);
      const side = (terms & SIDE_BIT) === 0 ? BUY : SELL;
      const peak = extra.displayQuantity;
      book.restoreCalled({
        id: slot,
        side,
        price,
        quantity: open,
        flags: 0,
        owner: account,
        stop: 0,
        peak,
        partner: 0,
      });
    });
    this.each(() => book.link(table.find(reader.u53()), table.find(reader.u53())));
  }

  /** Only resting limit orders, and no word about the last price: it is that of the last trade. */
  private readFirstFormat(market: Market): void {
    const { book, number } = market;
    book.lastPrice = market.latestTrades(1)[0]?.price ?? 0;
    for (const side of [BUY, SELL] as const) {
      this.each(() => {
        const slot = this.readOrder(number);
        const { price, open, account } = this.entryOf(slot);
        book.restore(slot, side, price, open, account);
      });
    }
  }

  private entryOf(slot: number) {
    const { orders } = this.exchange;
    const { words } = orders.table;
    return {
      terms: (words[slot + STATE] as number) & TERMS_MASK,
      price: words[slot + PRICE] as number,
      open: (words[slot + QUANTITY] as number) - (words[slot + FILLED] as number),
      account: words[slot + ACCOUNT] as number,
      extra: orders.extraOf(slot),
    };
  }

  /** Reads an order of the symbol `market` and remembers it, open or closed. Returns its slot. */
  private readOrder(market: number): number {
    const { reader, placement } = this;
    const { orders } = this.exchange;
    const id = reader.u53();
    placement.market = market;
    if (this.format > 2) this.readNames();
    else this.readOldNames();
    placement.terms = reader.u8();
    placement.price = reader.u32();
    placement.quantity = reader.u32();
    withExtra(placement, this.readExtra());
    const placedPrice = reader.u32();
    const placedQuantity = reader.u32();
    const filled = reader.u32();
    const status = reader.u8() as StatusNumber;
    const reason = reader.u8();
    const slot = orders.add(id, placement);
    const { words, doubles } = orders.table;
    const { price, quantity } = placement;
    if (placedPrice !== price || placedQuantity !== quantity) orders.table.setPlaced(slot, placedPrice, placedQuantity);
    words[slot + FILLED] = filled;
    doubles[(slot + CREATED) >> 1] = reader.u53();
    doubles[(slot + UPDATED) >> 1] = reader.u53();
    if (status !== OPEN) orders.close(slot, status, reason);
    return slot;
  }

  private readExtra(): ExtraTerms | undefined {
    return this.format > 1 && this.reader.u8() === 1 ? readExtra(this.reader) : undefined;
  }

  private readNames(): void {
    const { reader, placement, accounts } = this;
    const place = reader.u32();
    if (place === accounts.length) accounts.push(this.exchange.orders.accounts.add(reader.text()));
    placement.account = accounts[place] as number;
    const { clientId } = placement;
    const kind = reader.u8();
    clientId.text = kind === ClientIdKind.text ? reader.text() : '';
    clientId.low = kind === ClientIdKind.number ? reader.u32() | 0 : 0;
    clientId.high = kind === ClientIdKind.number ? reader.u32() | 0 : 0;
  }

  private readOldNames(): void {
    const { reader, placement } = this;
    placement.account = this.exchange.orders.accounts.add(reader.text());
    parseClientId(reader.text(), placement.clientId);
  }

  private each(read: () => void): void {
    const count = this.reader.u32();
    for (let index = 0; index < count; index++) read();
  }
}
