import { createHash } from 'node:crypto';
import { BUY, SELL, type Side } from '../engine/book.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readTerms, writeTerms } from './command.ts';
import { Exchange } from './exchange.ts';
import type { Market } from './market.ts';
import { TRADES_KEPT } from './market.ts';
import type { Order, OrderStatus } from './order.ts';

const FORMAT = 1;
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
    for (const side of [BUY, SELL] as const) writeQueue(writer, exchange, market, side);
  }
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
  if (format !== FORMAT) throw new Error(`a snapshot of format ${format}: start a version that knows it`);
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
    for (const side of [BUY, SELL] as const) {
      const count = reader.u32();
      for (let index = 0; index < count; index++) {
        const order = readOrder(reader, market);
        exchange.orders.add(order);
        market.book.restore(order.id, side, order.price, order.quantity - order.filled);
      }
    }
  }
  const closed = reader.u32();
  for (let index = 0; index < closed; index++) {
    const market = markets[reader.u16()];
    if (market === undefined) throw new Error('a snapshot with an order of no symbol');
    const order = readOrder(reader, market);
    exchange.orders.add(order);
    exchange.orders.close(order);
  }
  return exchange;
}

/** SHA-256 over the whole state, in hex: equal on two members exactly when their states are equal. */
export function digest(exchange: Exchange): string {
  return createHash('sha256').update(encodeExchange(exchange)).digest('hex');
}

function writeQueue(writer: ByteWriter, exchange: Exchange, market: Market, side: Side): void {
  const ids: number[] = [];
  market.book.eachOrder(side, (id) => ids.push(id));
  writer.u32(ids.length);
  for (const id of ids) {
    const order = exchange.orders.get(id);
    if (order === undefined) throw new Error(`order ${id} rests in the book and is not known`);
    writeOrder(writer, order);
  }
}

function writeOrder(writer: ByteWriter, order: Order): void {
  writer.u53(order.id);
  writer.text(order.account);
  writer.text(order.clientOrderId);
  writeTerms(writer, order);
  writer.u32(order.placed.price);
  writer.u32(order.placed.quantity);
  writer.u32(order.filled);
  writer.u8(STATUSES.indexOf(order.status));
  writer.u8(order.reason);
  writer.u53(order.createdMs);
  writer.u53(order.updatedMs);
}

function readOrder(reader: ByteReader, market: Market): Order {
  return {
    market,
    id: reader.u53(),
    account: reader.text(),
    clientOrderId: reader.text(),
    ...readTerms(reader),
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
