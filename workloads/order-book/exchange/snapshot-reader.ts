import { BUY, CALL, CONTINUOUS, HALTED, marketPrice, SELL, type Side } from '../engine/book.ts';
import { laterVersion } from '../journal/later-version.ts';
import { ByteReader } from './bytes.ts';
import { parseClientId } from './client-ids.ts';
import { type ExtraTerms, NO_EXTRA, readExtra, readRisk } from './command.ts';
import { Exchange } from './exchange.ts';
import type { Market } from './market.ts';
import {
  ACCOUNT,
  CREATED,
  FILLED,
  HAS_EXTRA,
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

/** Resting orders that are put back together. */
const BLOCK = 64;
/** An order has at least so many. */
const ORDER_BYTES = 53;

/** The exchange that `encodeExchange` saw. Throws SLUICE_LATER_VERSION when the bytes are of a format that this version does not know. */
export function decodeExchange(bytes: Uint8Array): Exchange {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format === 0 || format > FORMAT) throw laterVersion(`a snapshot of format ${format}`);
  return new SnapshotReader(reader, format).read();
}

class SnapshotReader {
  private readonly reader: ByteReader;
  private readonly format: number;
  private readonly exchange = new Exchange();
  /** Indexes of the accounts in their order of appearance. */
  private readonly accounts: number[] = [];
  private readonly placement = createPlacement();
  /** Of the orders in the snapshot: slot, status, reason. Empty before format 4. */
  private slots = new Int32Array(0);
  private statuses = new Uint8Array(0);
  private reasons = new Uint8Array(0);
  /** Slots of resting orders, and what they show, in lots. */
  private readonly block = new Int32Array(BLOCK);
  private readonly shown = new Int32Array(BLOCK);
  private sink = 0;

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
    if (format > 3) this.readOrders(markets);
    for (const market of markets) {
      if (format === 1) this.readFirstFormat(market);
      else this.readMarket(market);
    }
    if (format === 2) this.each(() => exchange.blocked.add(reader.text()));
    this.each(() => (format > 3 ? this.close(reader.u32()) : this.readOrder(reader.u16())));
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
    for (const side of [BUY, SELL] as const) this.readSide(market, side);
    this.each(() => {
      const slot = this.order(number);
      const { terms, price, open, account, extra } = this.entryOf(slot);
      const side = (terms & SIDE_BIT) === 0 ? BUY : SELL;
      const limit = (terms & MARKET_BIT) === 0 ? price : marketPrice(side);
      const flags = ENGINE_FLAGS[terms] as number;
      const { stopPrice: stop, displayQuantity: peak } = extra;
      book.restoreStop({ id: slot, side, price: limit, quantity: open, flags, owner: account, stop, peak, partner: 0 });
    });
    this.each(() => {
      const slot = this.order(number);
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

  private readSide(market: Market, side: Side): void {
    const { reader, block, shown } = this;
    const { book, number } = market;
    for (let left = reader.u32(); left > 0; left -= BLOCK) {
      const count = Math.min(left, BLOCK);
      for (let index = 0; index < count; index++) {
        block[index] = this.order(number);
        shown[index] = reader.u32();
      }
      // By price they lie anywhere in memory: the misses of a block at the same time and not one after the other, see Preloader.
      for (let index = 0; index < count; index++) this.sink = (this.sink + book.touch(block[index] as number)) | 0;
      for (let index = 0; index < count; index++) {
        const slot = block[index] as number;
        const { price, open, account, extra } = this.entryOf(slot);
        const part = shown[index] as number;
        book.restore(slot, side, price, part, account, open - part, extra.displayQuantity);
      }
    }
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
    const state = words[slot + STATE] as number;
    return {
      terms: state & TERMS_MASK,
      price: words[slot + PRICE] as number,
      open: (words[slot + QUANTITY] as number) - (words[slot + FILLED] as number),
      account: words[slot + ACCOUNT] as number,
      extra: (state & HAS_EXTRA) === 0 ? NO_EXTRA : orders.extraOf(slot),
    };
  }

  /** All orders by rising id. The closed ones are open until `close`, since they are to be closed in another order. */
  private readOrders(markets: readonly Market[]): void {
    const count = this.reader.u32();
    this.slots = new Int32Array(count);
    this.statuses = new Uint8Array(count);
    this.reasons = new Uint8Array(count);
    for (let place = 0; place < count; place++) {
      const id = this.reader.u53();
      const market = this.reader.u16();
      const slot = this.remember(id, market);
      this.slots[place] = slot;
      this.statuses[place] = this.reader.u8();
      this.reasons[place] = this.reader.u8();
      this.readTimes(slot);
      if (this.statuses[place] === OPEN) markets[market]?.book.enrol(slot);
    }
  }

  private close(place: number): void {
    const status = this.statuses[place] as StatusNumber;
    if (status === OPEN) throw new Error(`order ${place} of the snapshot is open and among the closed ones`);
    this.exchange.orders.close(this.slots[place] as number, status, this.reasons[place] as number);
  }

  /** The slot of the order that comes next in a book of the symbol `market`. */
  private order(market: number): number {
    return this.format > 3 ? (this.slots[this.reader.u32()] as number) : this.readOrder(market);
  }

  /** Before format 4. Reads an order of the symbol `market` and remembers it, open or closed. Returns its slot. */
  private readOrder(market: number): number {
    const { reader } = this;
    const slot = this.remember(reader.u53(), market);
    const status = reader.u8() as StatusNumber;
    const reason = reader.u8();
    this.readTimes(slot);
    if (status !== OPEN) this.exchange.orders.close(slot, status, reason);
    return slot;
  }

  /** Reads what was placed and what is filled, and remembers it as an open order. Returns its slot. */
  private remember(id: number, market: number): number {
    const { reader, placement } = this;
    const { orders } = this.exchange;
    placement.market = market;
    if (this.format > 2) this.readNames();
    else this.readOldNames();
    placement.terms = reader.u8();
    placement.price = reader.u32();
    placement.quantity = reader.u32();
    withExtra(placement, this.readExtra());
    const placedPrice = reader.u32();
    const placedQuantity = reader.u32();
    const slot = orders.add(id, placement);
    const { price, quantity } = placement;
    if (placedPrice !== price || placedQuantity !== quantity) orders.table.setPlaced(slot, placedPrice, placedQuantity);
    orders.table.words[slot + FILLED] = reader.u32();
    return slot;
  }

  private readTimes(slot: number): void {
    const { doubles } = this.exchange.orders.table;
    doubles[(slot + CREATED) >> 1] = this.reader.u53();
    doubles[(slot + UPDATED) >> 1] = this.reader.u53();
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
