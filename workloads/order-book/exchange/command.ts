import type { Side } from '../engine/book.ts';
import { laterVersion } from '../journal/later-version.ts';
import { type ByteReader, ByteWriter } from './bytes.ts';
import { RECORD_BYTES } from './record.ts';
import { SELF_TRADES, termsByte, termsOf } from './terms.ts';

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

/** What one account may do in one symbol; 0 where nothing is limited. Notionals are price × quantity in ticks × lots. */
export interface RiskLimits {
  /** Lots of one order. */
  readonly maxQuantity: number;
  /** Of one order. */
  readonly maxNotional: number;
  /** Of the open orders together. */
  readonly maxOpenNotional: number;
  /** How far a buy may be above the last price, and a sell below it, in hundredths of a percent. */
  readonly maxDistance: number;
}

export const NO_LIMITS: RiskLimits = { maxQuantity: 0, maxNotional: 0, maxOpenNotional: 0, maxDistance: 0 };

/**
 * Everything that changes the exchange. Commands are the truth: the state is a function of them and of nothing else, so time
 * (`timeMs`, milliseconds since the epoch) comes with the command.
 */
export type Command =
  | ({ readonly kind: 'symbol' } & SymbolConfig)
  | ({ readonly kind: 'limits' } & ExchangeLimits)
  | PlaceCommand
  | { readonly kind: 'cancel'; readonly timeMs: number; readonly account: string; readonly orderId: number }
  | ReplaceCommand
  /** Cancels the orders whose time has come by `timeMs`. Orders expire by this and by nothing else. */
  | { readonly kind: 'expire'; readonly timeMs: number }
  /** Halts a symbol, opens its call, or opens its trading with the auction of what the call collected. */
  | { readonly kind: 'phase'; readonly timeMs: number; readonly symbol: string; readonly phase: PhaseName }
  /** Prices that a symbol takes, in ticks. */
  | { readonly kind: 'band'; readonly symbol: string; readonly lowest: number; readonly highest: number }
  /** Cancels everything that an account has open and takes no more orders of it, until it is lifted. */
  | { readonly kind: 'kill'; readonly timeMs: number; readonly account: string; readonly blocked: boolean }
  /** Gives an account a number, for command records; it keeps the one it has. */
  | { readonly kind: 'account'; readonly account: string }
  /** What each account may do in a symbol, or with a name this one. */
  | ({ readonly kind: 'risk'; readonly account: string; readonly symbol: string } & RiskLimits)
  /** Open orders that this account may have, instead of `maxOrdersPerAccount`; 0 takes that back. */
  | { readonly kind: 'accountOrders'; readonly account: string; readonly maxOrders: number }
  | PairCommand;

export type PhaseName = 'continuous' | 'halted' | 'call';
/** Which order gives way when two of one account would trade. */
export type SelfTrade = 'allow' | 'cancelNewest' | 'cancelOldest' | 'cancelBoth' | 'decrement';

/** What only some orders have; 0 where one has it not. */
export interface ExtraTerms {
  /** Ticks: the last price at which the order enters the book. */
  readonly stopPrice: number;
  /** Lots that an iceberg shows at a time. */
  readonly displayQuantity: number;
  readonly selfTrade: SelfTrade;
  /** When it expires, in milliseconds since the epoch. */
  readonly expiresMs: number;
  /** Another open order of the account: when one of the two trades, is triggered or leaves, the other is cancelled. */
  readonly linkedTo: number;
}

export const NO_EXTRA: ExtraTerms = {
  stopPrice: 0,
  displayQuantity: 0,
  selfTrade: 'allow',
  expiresMs: 0,
  linkedTo: 0,
};

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
  readonly extra?: ExtraTerms;
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

/** Two orders of which one cancels the other, placed both or not at all. They are two commands in one: each order has a sequence. */
export interface PairCommand {
  readonly kind: 'pair';
  readonly timeMs: number;
  readonly account: string;
  readonly symbol: string;
  /** Waits for its price; its id is the first sequence. */
  readonly stop: Leg;
  readonly limit: Leg;
}

/** One order of a pair. */
export type Leg = Terms & { readonly clientOrderId: string; readonly extra: ExtraTerms };

/** Sequences that a command takes: one for each order that it may place. */
export function sequencesOf(command: Command): number {
  return command.kind === 'pair' ? 2 : 1;
}

/** The first byte of a command. A place with extra terms has a code of its own: what older versions wrote stays as it was. */
const KINDS = [
  'symbol',
  'limits',
  'place',
  'cancel',
  'replace',
  'placeExtra',
  'expire',
  'phase',
  'band',
  'kill',
  'account',
  'records',
  'risk',
  'accountOrders',
  'pair',
] as const;
const RECORDS = KINDS.indexOf('records');
const PHASES: readonly PhaseName[] = ['continuous', 'halted', 'call'];

export function writeCommand(writer: ByteWriter, command: Command): void {
  const hasExtra = command.kind === 'place' && command.extra !== undefined;
  writer.u8(KINDS.indexOf(hasExtra ? 'placeExtra' : command.kind));
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
      if (command.extra !== undefined) writeExtra(writer, command.extra);
      return;
    case 'expire':
      writer.u53(command.timeMs);
      return;
    case 'phase':
      writer.u53(command.timeMs);
      writer.text(command.symbol);
      writer.u8(PHASES.indexOf(command.phase));
      return;
    case 'band':
      writer.text(command.symbol);
      writer.u32(command.lowest);
      writer.u32(command.highest);
      return;
    case 'kill':
      writer.u53(command.timeMs);
      writer.text(command.account);
      writer.u8(command.blocked ? 1 : 0);
      return;
    case 'account':
      writer.text(command.account);
      return;
    case 'risk':
      writer.text(command.account);
      writer.text(command.symbol);
      writeRisk(writer, command);
      return;
    case 'accountOrders':
      writer.text(command.account);
      writer.u32(command.maxOrders);
      return;
    case 'pair':
      writer.u53(command.timeMs);
      writer.text(command.account);
      writer.text(command.symbol);
      for (const { clientOrderId, ...terms } of [command.stop, command.limit]) {
        writer.text(clientOrderId);
        writeTerms(writer, terms);
        writeExtra(writer, terms.extra);
      }
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

/** Bytes that `writeRecords` writes before the records. */
export const RECORDS_HEAD_BYTES = 5;

/** The head of a batch of command records (record.ts), and the room that the caller writes them to: as many commands as records. */
export function writeRecords(writer: ByteWriter, count: number): Uint8Array {
  writer.u8(RECORDS);
  writer.u32(count);
  return writer.room(count * RECORD_BYTES);
}

/** The batch of records that comes next, if one does. */
export function readRecords(reader: ByteReader): Uint8Array | undefined {
  if (reader.next() !== RECORDS) return undefined;
  reader.u8();
  return reader.bytes(reader.u32() * RECORD_BYTES);
}

export function readCommand(reader: ByteReader): Command {
  const kind = KINDS[reader.u8()];
  switch (kind) {
    case 'symbol':
      return { kind, name: reader.text(), tickSize: reader.text(), lotSize: reader.text() };
    case 'limits':
      return { kind, maxOrdersPerAccount: reader.u32(), closedOrdersKept: reader.u32() };
    case 'place':
      return readPlace(reader);
    case 'placeExtra':
      return { ...readPlace(reader), extra: readExtra(reader) };
    case 'expire':
      return { kind, timeMs: reader.u53() };
    case 'phase':
      return { kind, timeMs: reader.u53(), symbol: reader.text(), phase: PHASES[reader.u8()] ?? 'halted' };
    case 'band':
      return { kind, symbol: reader.text(), lowest: reader.u32(), highest: reader.u32() };
    case 'kill':
      return { kind, timeMs: reader.u53(), account: reader.text(), blocked: reader.u8() === 1 };
    case 'account':
      return { kind, account: reader.text() };
    case 'risk':
      return { kind, account: reader.text(), symbol: reader.text(), ...readRisk(reader) };
    case 'accountOrders':
      return { kind, account: reader.text(), maxOrders: reader.u32() };
    case 'pair': {
      const names = { timeMs: reader.u53(), account: reader.text(), symbol: reader.text() };
      return { kind, ...names, stop: readLeg(reader), limit: readLeg(reader) };
    }
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
      throw laterVersion('a command of another kind');
  }
}

function readPlace(reader: ByteReader): PlaceCommand {
  return {
    kind: 'place',
    timeMs: reader.u53(),
    account: reader.text(),
    clientOrderId: reader.text(),
    symbol: reader.text(),
    ...readTerms(reader),
  };
}

function readLeg(reader: ByteReader): Leg {
  return { clientOrderId: reader.text(), ...readTerms(reader), extra: readExtra(reader) };
}

export function writeRisk(writer: ByteWriter, limits: RiskLimits): void {
  writer.u32(limits.maxQuantity);
  writer.u53(limits.maxNotional);
  writer.u53(limits.maxOpenNotional);
  writer.u32(limits.maxDistance);
}

export function readRisk(reader: ByteReader): RiskLimits {
  return {
    maxQuantity: reader.u32(),
    maxNotional: reader.u53(),
    maxOpenNotional: reader.u53(),
    maxDistance: reader.u32(),
  };
}

/** Terms of an order, as its client stated them. */
export type Terms = Pick<PlaceCommand, 'side' | 'type' | 'timeInForce' | 'postOnly' | 'price' | 'quantity' | 'extra'>;

/** One byte for side, type, time in force and post-only, then price and quantity. */
export function writeTerms(writer: ByteWriter, terms: Terms): void {
  writer.u8(termsByte({ ...terms, selfTrade: 'allow' }));
  writer.u32(terms.price);
  writer.u32(terms.quantity);
}

export function readTerms(reader: ByteReader): Omit<Terms, 'extra'> {
  const terms = termsOf(reader.u8());
  if (terms === undefined) throw laterVersion('an order of other terms');
  const { side, type, timeInForce, postOnly } = terms;
  return { side, type, timeInForce, postOnly, price: reader.u32(), quantity: reader.u32() };
}

export function writeExtra(writer: ByteWriter, extra: ExtraTerms): void {
  writer.u32(extra.stopPrice);
  writer.u32(extra.displayQuantity);
  writer.u8(SELF_TRADES.indexOf(extra.selfTrade));
  writer.u53(extra.expiresMs);
  writer.u53(extra.linkedTo);
}

export function readExtra(reader: ByteReader): ExtraTerms {
  return {
    stopPrice: reader.u32(),
    displayQuantity: reader.u32(),
    selfTrade: SELF_TRADES[reader.u8()] ?? 'allow',
    expiresMs: reader.u53(),
    linkedTo: reader.u53(),
  };
}

/** Bytes of one command, for tests and digests. */
export function encodeCommand(command: Command): Uint8Array {
  const writer = new ByteWriter(128);
  writeCommand(writer, command);
  return writer.take();
}
