import { createHash } from 'node:crypto';
import { BUY, CALL, CONTINUOUS, HALTED, marketPrice, SELL, type Side } from '../engine/book.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readExtra, readTerms, writeExtra, writeTerms } from './command.ts';
import { Exchange, flagsOf } from './exchange.ts';
import type { Market } from './market.ts';
import { TRADES_KEPT } from './market.ts';
import type { Order, OrderStatus } from './order.ts';

/** Format 1 knew limit and market orders only, format 2 no numbers of accounts; both are still read. */
const FORMAT = 3;
const STATUSES: readonly OrderStatus[] = ['open', 'filled', 'cancelled', 'rejected'];

/**
 * The whole state as bytes, canonical: equal states give equal bytes, whatever way led to them. Open orders stand in price-time
 * order, so reading them back in order rebuilds every queue.
 */
export function encodeExchange(exchange: Exchange): Uint8Array {
  const writer = new ByteWriter(1 << 16);
  writer.u8(FORMAT);
  writer.u53(exchange.sequence);
  writer.u53(exchange.epoch);
  writer.u32(exchange.limits.maxOrdersPerAccount);
  writer.u32(exchange.limits.closedOrdersKept);
  const markets = [...exchange.markets.values()];
  writer.u16(markets.length);
  for (const market of markets) {
    writer.text(market.config.name);
    writer.text(market.config.tickSize);
    writer.text(market.config.lotSize);
    writeTrades(writer, market);
  }
  for (const market of markets) {
    writeBook(writer, market);
    for (const side of [BUY, SELL] as const) writeResting(writer, exchange, market, side);
    const waiting: number[] = [];
    for (const side of [BUY, SELL] as const) market.book.eachStop(side, (id) => waiting.push(id));
    writeOrders(writer, exchange, waiting);
    const called: number[] = [];
    market.book.eachCalled((id) => called.push(id));
    writeOrders(writer, exchange, called);
    writeLinks(writer, market);
  }
  const blocked = [...exchange.blocked].sort();
  writer.u32(blocked.length);
  for (const account of blocked) writer.text(account);
  const numbered = exchange.orders.numbered();
  writer.u32(numbered.length);
  for (const account of numbered) writer.text(account);
  const closed = exchange.orders.closedOrders();
  writer.u32(closed.length);
  for (const order of closed) {
    writer.u16(markets.indexOf(order.market));
    writeOrder(writer, order);
  }
  return writer.take();
}

/** The exchange that `encodeExchange` saw. Throws when the bytes are of a format that this version does not know. */
export function decodeExchange(bytes: Uint8Array): Exchange {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format === 0 || format > FORMAT) throw new Error(`a snapshot of format ${format}: start a version that knows it`);
  const exchange = new Exchange();
  exchange.sequence = reader.u53();
  exchange.epoch = reader.u53();
  exchange.limits = { maxOrdersPerAccount: reader.u32(), closedOrdersKept: reader.u32() };
  const markets = Array.from({ length: reader.u16() }, () => {
    const config = { name: reader.text(), tickSize: reader.text(), lotSize: reader.text() };
    const market = exchange.addMarket(config);
    readTrades(reader, market);
    return market;
  });
  for (const market of markets) {
    if (format === 1) readFirstFormat(reader, exchange, market);
    else readMarket(reader, exchange, market);
  }
  if (format !== 1) {
    const blocked = reader.u32();
    for (let index = 0; index < blocked; index++) exchange.blocked.add(reader.text());
  }
  if (format > 2) each(reader, () => exchange.orders.number(reader.text()));
  const closed = reader.u32();
  for (let index = 0; index < closed; index++) {
    const market = markets[reader.u16()];
    if (market === undefined) throw new Error('a snapshot with an order of no symbol');
    const order = readOrder(reader, market, format);
    exchange.orders.add(order);
    exchange.orders.close(order);
  }
  return exchange;
}

/** SHA-256 over the whole state, in hex: equal on two members exactly when their states are equal. */
export function digest(exchange: Exchange): string {
  return createHash('sha256').update(encodeExchange(exchange)).digest('hex');
}

function writeBook(writer: ByteWriter, { book }: Market): void {
  writer.u8(book.phase);
  writer.u32(book.band.lowest);
  writer.u32(book.band.highest);
  writer.u32(book.lastPrice);
}

function writeResting(writer: ByteWriter, exchange: Exchange, market: Market, side: Side): void {
  const resting: { id: number; shown: number }[] = [];
  market.book.eachOrder(side, (id, _price, shown) => resting.push({ id, shown }));
  writer.u32(resting.length);
  for (const { id, shown } of resting) {
    writeOrder(writer, openOrder(exchange, id));
    writer.u32(shown);
  }
}

function writeOrders(writer: ByteWriter, exchange: Exchange, ids: readonly number[]): void {
  writer.u32(ids.length);
  for (const id of ids) writeOrder(writer, openOrder(exchange, id));
}

function writeLinks(writer: ByteWriter, { book }: Market): void {
  const linked: number[] = [];
  const visit = (id: number): void => {
    // Each pair once, by its younger order.
    if (book.partnerOf(id) < id && book.partnerOf(id) !== 0) linked.push(id);
  };
  for (const side of [BUY, SELL] as const) {
    book.eachOrder(side, visit);
    book.eachStop(side, visit);
  }
  book.eachCalled(visit);
  writer.u32(linked.length);
  for (const id of linked.sort((a, b) => a - b)) {
    writer.u53(id);
    writer.u53(book.partnerOf(id));
  }
}

function readMarket(reader: ByteReader, exchange: Exchange, market: Market): void {
  const { book } = market;
  const { orders } = exchange;
  const phase = reader.u8();
  book.restorePhase(phase === CALL || phase === HALTED ? phase : CONTINUOUS);
  book.setBand(reader.u32(), reader.u32());
  book.lastPrice = reader.u32();
  for (const side of [BUY, SELL] as const) {
    each(reader, () => {
      const order = openAgain(reader, exchange, market);
      const shown = reader.u32();
      const peak = order.extra?.displayQuantity ?? 0;
      const hidden = order.quantity - order.filled - shown;
      book.restore(order.id, side, order.price, shown, orders.ownerOf(order.account), hidden, peak);
    });
  }
  each(reader, () => {
    const order = openAgain(reader, exchange, market);
    const { id, side, type, quantity, account, extra } = order;
    const { stopPrice = 0, displayQuantity = 0 } = extra ?? {};
    const price = type === 'market' ? marketPrice(side) : order.price;
    book.restoreStop(id, side, price, quantity, flagsOf(order), orders.ownerOf(account), stopPrice, displayQuantity);
  });
  each(reader, () => {
    const { id, side, price, quantity, filled, account, extra } = openAgain(reader, exchange, market);
    const peak = extra?.displayQuantity ?? 0;
    book.restoreCalled(id, side, price, quantity - filled, orders.ownerOf(account), peak);
  });
  each(reader, () => book.link(reader.u53(), reader.u53()));
}

/** Only resting limit orders, and no word about the last price: it is that of the last trade. */
function readFirstFormat(reader: ByteReader, exchange: Exchange, market: Market): void {
  market.book.lastPrice = market.latestTrades(1)[0]?.price ?? 0;
  for (const side of [BUY, SELL] as const) {
    each(reader, () => {
      const order = readOrder(reader, market, 1);
      exchange.orders.add(order);
      const owner = exchange.orders.ownerOf(order.account);
      market.book.restore(order.id, side, order.price, order.quantity - order.filled, owner);
    });
  }
}

function each(reader: ByteReader, read: () => void): void {
  const count = reader.u32();
  for (let index = 0; index < count; index++) read();
}

function openAgain(reader: ByteReader, exchange: Exchange, market: Market): Order {
  const order = readOrder(reader, market, FORMAT);
  exchange.orders.add(order);
  return order;
}

function openOrder(exchange: Exchange, id: number): Order {
  const order = exchange.orders.get(id);
  if (order === undefined) throw new Error(`order ${id} is in the book and is not known`);
  return order;
}

function writeOrder(writer: ByteWriter, order: Order): void {
  writer.u53(order.id);
  writer.text(order.account);
  writer.text(order.clientOrderId);
  writeTerms(writer, order);
  writer.u8(order.extra === undefined ? 0 : 1);
  if (order.extra !== undefined) writeExtra(writer, order.extra);
  writer.u32(order.placed.price);
  writer.u32(order.placed.quantity);
  writer.u32(order.filled);
  writer.u8(STATUSES.indexOf(order.status));
  writer.u8(order.reason);
  writer.u53(order.createdMs);
  writer.u53(order.updatedMs);
}

function readOrder(reader: ByteReader, market: Market, format: number): Order {
  return {
    market,
    id: reader.u53(),
    account: reader.text(),
    clientOrderId: reader.text(),
    ...readTerms(reader),
    ...(format !== 1 && reader.u8() === 1 && { extra: readExtra(reader) }),
    placed: { price: reader.u32(), quantity: reader.u32() },
    filled: reader.u32(),
    status: STATUSES[reader.u8()] ?? 'open',
    reason: reader.u8(),
    createdMs: reader.u53(),
    updatedMs: reader.u53(),
  };
}

function writeTrades(writer: ByteWriter, market: Market): void {
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

function readTrades(reader: ByteReader, market: Market): void {
  const last = reader.u53();
  const count = reader.u16();
  for (let index = 0; index < count; index++) {
    market.addTrade({
      sequence: last - count + 1 + index,
      price: reader.u32(),
      quantity: reader.u32(),
      makerId: reader.u53(),
      takerId: reader.u53(),
      takerSide: reader.u8(),
      timeMs: reader.u53(),
    });
  }
}
