import { createHash } from 'node:crypto';
import { BUY, SELL, type Side } from '../engine/book.ts';
import { ByteWriter } from './bytes.ts';
import { writeExtra, writeRisk } from './command.ts';
import type { Exchange } from './exchange.ts';
import { type Market, TRADES_KEPT } from './market.ts';
import {
  ACCOUNT,
  CLIENT_HIGH,
  CLIENT_LOW,
  CREATED,
  FILLED,
  HAS_EXTRA,
  HAS_TEXT,
  ORDER_WORDS,
  PRICE,
  QUANTITY,
  STATE,
  TERMS_MASK,
  UPDATED,
} from './order-table.ts';
import { ClientIdKind, FORMAT } from './snapshot-format.ts';

export { decodeExchange } from './snapshot-reader.ts';

/**
 * The whole state as bytes, canonical: equal states give equal bytes, whatever way led to them. Open orders are named in price-time
 * order, so putting them back in that order rebuilds every queue.
 */
export function encodeExchange(exchange: Exchange): Uint8Array {
  return new SnapshotWriter(exchange).write();
}

/** SHA-256 over the whole state, in hex: equal on two members exactly when their states are equal. */
export function digest(exchange: Exchange): string {
  return createHash('sha256').update(encodeExchange(exchange)).digest('hex');
}

class SnapshotWriter {
  private readonly writer = new ByteWriter(1 << 16);
  private readonly exchange: Exchange;
  /** Accounts as they are called in the snapshot: by their order of appearance, those with numbers first. */
  private readonly accounts = new Map<number, number>();
  /** Where an order stands in the snapshot, by its slot divided by ORDER_WORDS. */
  private readonly places: Int32Array;
  /** Orders that were named. */
  private named = 0;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
    this.places = new Int32Array(exchange.orders.table.words.length / ORDER_WORDS);
  }

  write(): Uint8Array {
    const { writer, exchange } = this;
    writer.u8(FORMAT);
    writer.u53(exchange.sequence);
    writer.u53(exchange.epoch);
    writer.u32(exchange.limits.maxOrdersPerAccount);
    writer.u32(exchange.limits.closedOrdersKept);
    this.writeAccounts();
    const markets = [...exchange.markets.values()];
    writer.u16(markets.length);
    for (const market of markets) {
      writer.text(market.config.name);
      writer.text(market.config.tickSize);
      writer.text(market.config.lotSize);
      this.writeTrades(market);
    }
    this.writeRisk();
    this.writeOrders();
    for (const market of markets) this.writeMarket(market);
    const { table, closedCount } = exchange.orders;
    writer.u32(closedCount);
    for (const slot of exchange.orders.closedSlots()) this.name(slot);
    // Every order was met once, in its book or among the closed ones.
    if (this.named !== table.count) throw new Error(`${this.named} of ${table.count} orders are in the snapshot`);
    return writer.take();
  }

  private writeAccounts(): void {
    const { writer, exchange } = this;
    const numbered = [...exchange.orders.accounts.numbered()];
    writer.u32(numbered.length);
    for (const name of numbered) {
      writer.text(name);
      this.accounts.set(exchange.orders.accounts.find(name), this.accounts.size);
    }
    const blocked = [...exchange.blocked].sort();
    writer.u32(blocked.length);
    for (const account of blocked) writer.text(account);
  }

  private writeRisk(): void {
    const { writer } = this;
    const { risk } = this.exchange;
    const limits = [...risk.entries()];
    writer.u32(limits.length);
    for (const [account, market, own] of limits) {
      writer.text(account);
      writer.u16(market);
      writeRisk(writer, own);
    }
    const maxOrders = risk.maxOrdersEntries();
    writer.u32(maxOrders.length);
    for (const [account, count] of maxOrders) {
      writer.text(account);
      writer.u32(count);
    }
  }

  private writeTrades(market: Market): void {
    const { writer } = this;
    const trades = market.latestTrades(TRADES_KEPT).reverse();
    writer.u53(market.tradeSequence);
    writer.u16(trades.length);
    for (const trade of trades) {
      writer.u32(trade.price);
      writer.u32(trade.quantity);
      writer.u53(trade.makerId);
      writer.u53(trade.takerId);
      writer.u8(trade.takerSide);
      writer.u53(trade.timeMs);
    }
  }

  private writeMarket({ book }: Market): void {
    const { writer } = this;
    writer.u8(book.phase);
    writer.u32(book.band.lowest);
    writer.u32(book.band.highest);
    writer.u32(book.lastPrice);
    for (const side of [BUY, SELL] as const) this.writeResting(book, side);
    const waiting: number[] = [];
    for (const side of [BUY, SELL] as const) book.eachStop(side, (slot) => waiting.push(slot));
    this.writeAll(waiting);
    const called: number[] = [];
    book.eachCalled((slot) => called.push(slot));
    this.writeAll(called);
    this.writeLinks(book);
  }

  private writeResting(book: Market['book'], side: Side): void {
    const { writer } = this;
    const resting: { slot: number; shown: number }[] = [];
    book.eachOrder(side, (slot, _price, shown) => resting.push({ slot, shown }));
    writer.u32(resting.length);
    for (const { slot, shown } of resting) {
      this.name(slot);
      writer.u32(shown);
    }
  }

  private writeAll(slots: readonly number[]): void {
    this.writer.u32(slots.length);
    for (const slot of slots) this.name(slot);
  }

  private writeLinks(book: Market['book']): void {
    const { orders } = this.exchange;
    const linked: { id: number; partner: number }[] = [];
    const visit = (slot: number): void => {
      const other = book.partnerOf(slot);
      if (other === 0) return;
      const [id, partner] = [orders.idOf(slot), orders.idOf(other)];
      // Each pair once, by its younger order.
      if (partner < id) linked.push({ id, partner });
    };
    for (const side of [BUY, SELL] as const) {
      book.eachOrder(side, visit);
      book.eachStop(side, visit);
    }
    book.eachCalled(visit);
    this.writer.u32(linked.length);
    for (const { id, partner } of linked.sort((a, b) => a.id - b.id)) {
      this.writer.u53(id);
      this.writer.u53(partner);
    }
  }

  private writeOrders(): void {
    const slots = this.exchange.orders.table.byId();
    this.writer.u32(slots.length);
    for (const [place, slot] of slots.entries()) {
      this.places[Math.floor(slot / ORDER_WORDS)] = place;
      this.writeOrder(slot);
    }
  }

  private name(slot: number): void {
    this.named++;
    this.writer.u32(this.places[Math.floor(slot / ORDER_WORDS)] as number);
  }

  private writeOrder(slot: number): void {
    const { writer } = this;
    const { orders } = this.exchange;
    const { table } = orders;
    const { words, doubles } = table;
    const state = words[slot + STATE] as number;
    writer.u53(orders.idOf(slot));
    writer.u16(table.marketOf(slot));
    this.writeAccount(words[slot + ACCOUNT] as number);
    this.writeClientId(slot, state);
    writer.u8(state & TERMS_MASK);
    writer.u32(words[slot + PRICE] as number);
    writer.u32(words[slot + QUANTITY] as number);
    writer.u8((state & HAS_EXTRA) === 0 ? 0 : 1);
    if ((state & HAS_EXTRA) !== 0) writeExtra(writer, orders.extraOf(slot));
    writer.u32(table.placedPrice(slot));
    writer.u32(table.placedQuantity(slot));
    writer.u32(words[slot + FILLED] as number);
    writer.u8(table.statusOf(slot));
    writer.u8(table.reasonOf(slot));
    writer.u53(doubles[(slot + CREATED) >> 1] as number);
    writer.u53(doubles[(slot + UPDATED) >> 1] as number);
  }

  /** By its place in order of appearance; its name follows where it appears first. */
  private writeAccount(index: number): void {
    const known = this.accounts.get(index);
    this.writer.u32(known ?? this.accounts.size);
    if (known !== undefined) return;
    this.accounts.set(index, this.accounts.size);
    this.writer.text(this.exchange.orders.accounts.name(index));
  }

  private writeClientId(slot: number, state: number): void {
    const { writer } = this;
    const { words } = this.exchange.orders.table;
    const low = words[slot + CLIENT_LOW] as number;
    const high = words[slot + CLIENT_HIGH] as number;
    if ((state & HAS_TEXT) !== 0) {
      writer.u8(ClientIdKind.text);
      writer.text(this.exchange.orders.clientIds.text(slot));
    } else if ((low | high) !== 0) {
      writer.u8(ClientIdKind.number);
      writer.u32(low);
      writer.u32(high);
    } else {
      writer.u8(ClientIdKind.none);
    }
  }
}
