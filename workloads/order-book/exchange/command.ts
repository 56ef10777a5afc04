import type { Side } from '../engine/book.ts';
import { type ByteReader, ByteWriter } from './bytes.ts';

export type OrderType = 'limit' | 'market';
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';

/** What is traded, in decimal text as configured. */
export interface SymbolConfig {
  readonly name: string;
  readonly tickSize: string;
  readonly lotSize: string;
}

/** Rules that decide over commands; they are in the log, so that a replay decides as the first run did. */
export interface ExchangeLimits {
  /** Open orders of one account. */
  readonly maxOrdersPerAccount: number;
  /** Closed orders that are remembered, and with them their client order ids. */
  readonly closedOrdersKept: number;
}

/**
 * Everything that changes the exchange. Commands are the truth: the state is a function of them and of nothing else, so time
 * (`timeMs`, milliseconds since the epoch) comes with the command.
 */
export type Command =
  | ({ readonly kind: 'symbol' } & SymbolConfig)
  | ({ readonly kind: 'limits' } & ExchangeLimits)
  | PlaceCommand
  | { readonly kind: 'cancel'; readonly timeMs: number; readonly account: string; readonly orderId: number }
  | ReplaceCommand;

export interface PlaceCommand {
  readonly kind: 'place';
  readonly timeMs: number;
  readonly account: string;
  /** '' when the client gave none. */
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  /** Ticks; 0 for a market order. */
  readonly price: number;
  /** Lots. */
  readonly quantity: number;
}

export interface ReplaceCommand {
  readonly kind: 'replace';
  readonly timeMs: number;
  readonly account: string;
  readonly orderId: number;
  /** Ticks; 0 keeps the price. */
  readonly price: number;
  /** New total in lots, of which some may be filled; 0 keeps the quantity. */
  readonly quantity: number;
}

const KINDS = ['symbol', 'limits', 'place', 'cancel', 'replace'] as const;
const TYPES: readonly OrderType[] = ['limit', 'market'];
const TIMES_IN_FORCE: readonly TimeInForce[] = ['GTC', 'IOC', 'FOK'];

export function writeCommand(writer: ByteWriter, command: Command): void {
  writer.u8(KINDS.indexOf(command.kind));
  switch (command.kind) {
    case 'symbol':
      writer.text(command.name);
      writer.text(command.tickSize);
      writer.text(command.lotSize);
      return;
    case 'limits':
      writer.u32(command.maxOrdersPerAccount);
      writer.u32(command.closedOrdersKept);
      return;
    case 'place':
      writer.u53(command.timeMs);
      writer.text(command.account);
      writer.text(command.clientOrderId);
      writer.text(command.symbol);
      writeTerms(writer, command);
      return;
    case 'cancel':
      writer.u53(command.timeMs);
      writer.text(command.account);
      writer.u53(command.orderId);
      return;
    case 'replace':
      writer.u53(command.timeMs);
      writer.text(command.account);
      writer.u53(command.orderId);
      writer.u32(command.price);
      writer.u32(command.quantity);
      return;
  }
}

export function readCommand(reader: ByteReader): Command {
  const kind = KINDS[reader.u8()];
  switch (kind) {
    case 'symbol':
      return { kind, name: reader.text(), tickSize: reader.text(), lotSize: reader.text() };
    case 'limits':
      return { kind, maxOrdersPerAccount: reader.u32(), closedOrdersKept: reader.u32() };
    case 'place':
      return {
        kind,
        timeMs: reader.u53(),
        account: reader.text(),
        clientOrderId: reader.text(),
        symbol: reader.text(),
        ...readTerms(reader),
      };
    case 'cancel':
      return { kind, timeMs: reader.u53(), account: reader.text(), orderId: reader.u53() };
    case 'replace':
      return {
        kind,
        timeMs: reader.u53(),
        account: reader.text(),
        orderId: reader.u53(),
        price: reader.u32(),
        quantity: reader.u32(),
      };
    default:
      throw new Error('a command of a kind that this version does not know: start a version that does');
  }
}

/** Terms of an order, as its client stated them. */
export type Terms = Pick<PlaceCommand, 'side' | 'type' | 'timeInForce' | 'postOnly' | 'price' | 'quantity'>;

/** One byte for side, type, time in force and post-only, then price and quantity. */
export function writeTerms(writer: ByteWriter, terms: Terms): void {
  const { side, type, timeInForce, postOnly, price, quantity } = terms;
  writer.u8(side | (TYPES.indexOf(type) << 1) | (TIMES_IN_FORCE.indexOf(timeInForce) << 2) | (postOnly ? 16 : 0));
  writer.u32(price);
  writer.u32(quantity);
}

export function readTerms(reader: ByteReader): Terms {
  const bits = reader.u8();
  return {
    side: (bits & 1) as Side,
    type: TYPES[(bits >> 1) & 1] ?? 'limit',
    timeInForce: TIMES_IN_FORCE[(bits >> 2) & 3] ?? 'GTC',
    postOnly: (bits & 16) !== 0,
    price: reader.u32(),
    quantity: reader.u32(),
  };
}

/** Bytes of one command, for tests and digests. */
export function encodeCommand(command: Command): Uint8Array {
  const writer = new ByteWriter(128);
  writeCommand(writer, command);
  return writer.take();
}
