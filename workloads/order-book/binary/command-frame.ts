import { MAX_QUANTITY, type Side } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import type { OrderType, SelfTrade, TimeInForce } from '../exchange/command.ts';
import { RecordKind } from '../exchange/record.ts';
import {
  MARKET_BIT,
  POST_ONLY_BIT,
  SELF_TRADE_SHIFT,
  SELF_TRADES,
  termsByte,
  timeInForceOf,
} from '../exchange/terms.ts';
import { codeNumber } from './codes.ts';

/**
 * Every command has this many bytes. Numbers are unsigned and little-endian. The fields lie where the journal's records of commands
 * have them (exchange/record.ts), so that the book need not take a command apart: it writes account and time over REQUEST and RESERVED.
 */
export const FRAME_BYTES = 40;

/** Offsets of the fields. A field that a kind of command does not use is zero. */
export const KIND = 0;
export const TERMS = 1;
export const SYMBOL = 2;
export const REQUEST = 4;
export const ID = 8;
export const PRICE = 16;
export const QUANTITY = 20;
export const STOP_PRICE = 24;
export const DISPLAY_QUANTITY = 28;
export const RESERVED = 32;

/** 2^53 − 1 has this upper half: larger ids would lose digits. */
const MAX_HIGH = 0x1f_ffff;

/** The frame is not one of this protocol: the sides no longer agree where a frame begins, so the connection ends. */
export const BROKEN = -1;

const INVALID_TIME_IN_FORCE = codeNumber('invalidTimeInForce');
const INVALID_SELF_TRADE = codeNumber('invalidSelfTrade');
const INVALID_POST_ONLY = codeNumber('invalidPostOnly');
const INVALID_PRICE = codeNumber('invalidPrice');
const PRICE_OUT_OF_RANGE = codeNumber('priceOutOfRange');
const INVALID_QUANTITY = codeNumber('invalidQuantity');
const QUANTITY_OUT_OF_RANGE = codeNumber('quantityOutOfRange');
const INVALID_DISPLAY_QUANTITY = codeNumber('invalidDisplayQuantity');
const INVALID_ORDER_ID = codeNumber('invalidOrderId');
const INVALID_CLIENT_ORDER_ID = codeNumber('invalidClientOrderId');
const INVALID_REQUEST = codeNumber('invalidRequest');

/**
 * Checks the frame at `at` by itself, without the market that it names: 0 when a command may be made of it, the number of the error
 * that refuses it, or BROKEN. Allocates nothing.
 */
export function checkFrame(view: DataView, at: number): number {
  if (view.getUint32(at + RESERVED, true) !== 0 || view.getUint32(at + RESERVED + 4, true) !== 0) return BROKEN;
  switch (view.getUint8(at + KIND)) {
    case RecordKind.place:
      return checkPlace(view, at);
    case RecordKind.cancel:
    case RecordKind.cancelByClientId:
      return view.getUint32(at + PRICE, true) === 0 && view.getUint32(at + QUANTITY, true) === 0
        ? checkTarget(view, at)
        : BROKEN;
    case RecordKind.replace:
    case RecordKind.replaceByClientId:
      return checkReplace(view, at);
    default:
      return BROKEN;
  }
}

function checkPlace(view: DataView, at: number): number {
  const terms = view.getUint8(at + TERMS);
  const timeInForce = timeInForceOf(terms);
  if (timeInForce === 3) return INVALID_TIME_IN_FORCE;
  if (terms >> SELF_TRADE_SHIFT >= SELF_TRADES.length) return INVALID_SELF_TRADE;
  const isMarket = (terms & MARKET_BIT) !== 0;
  if (isMarket && timeInForce === 0) return INVALID_TIME_IN_FORCE;
  const stopPrice = view.getUint32(at + STOP_PRICE, true);
  if ((terms & POST_ONLY_BIT) !== 0 && (timeInForce !== 0 || stopPrice !== 0)) return INVALID_POST_ONLY;
  const price = view.getUint32(at + PRICE, true);
  if (isMarket !== (price === 0)) return INVALID_PRICE;
  if (price > MAX_PRICE || stopPrice > MAX_PRICE) return PRICE_OUT_OF_RANGE;
  const quantity = view.getUint32(at + QUANTITY, true);
  if (quantity === 0) return INVALID_QUANTITY;
  if (quantity > MAX_QUANTITY) return QUANTITY_OUT_OF_RANGE;
  const display = view.getUint32(at + DISPLAY_QUANTITY, true);
  if (display !== 0 && (timeInForce !== 0 || display > quantity)) return INVALID_DISPLAY_QUANTITY;
  return view.getUint32(at + ID + 4, true) > MAX_HIGH ? INVALID_CLIENT_ORDER_ID : 0;
}

function checkReplace(view: DataView, at: number): number {
  const target = checkTarget(view, at);
  if (target !== 0) return target;
  const price = view.getUint32(at + PRICE, true);
  const quantity = view.getUint32(at + QUANTITY, true);
  if (price === 0 && quantity === 0) return INVALID_REQUEST;
  if (price > MAX_PRICE) return PRICE_OUT_OF_RANGE;
  return quantity > MAX_QUANTITY ? QUANTITY_OUT_OF_RANGE : 0;
}

/** Cancel and replace name their order, and have no terms of a new one. */
function checkTarget(view: DataView, at: number): number {
  if (view.getUint8(at + TERMS) !== 0 || view.getUint16(at + SYMBOL, true) !== 0) return BROKEN;
  if (view.getUint32(at + STOP_PRICE, true) !== 0 || view.getUint32(at + DISPLAY_QUANTITY, true) !== 0) return BROKEN;
  const low = view.getUint32(at + ID, true);
  const high = view.getUint32(at + ID + 4, true);
  if (high <= MAX_HIGH && low + high > 0) return 0;
  return view.getUint8(at + KIND) >= RecordKind.cancelByClientId ? INVALID_CLIENT_ORDER_ID : INVALID_ORDER_ID;
}

/** A command as a program states it. Ids are whole numbers up to 2^53 − 1; prices in ticks, quantities in lots. */
export type FrameCommand = FramePlace | FrameCancel | FrameReplace;

export interface FramePlace {
  readonly kind: 'place';
  /** Given back in the result. */
  readonly request: number;
  /** Number of the symbol, from the welcome. */
  readonly symbol: number;
  readonly side: Side;
  readonly type?: OrderType;
  readonly timeInForce?: TimeInForce;
  readonly postOnly?: boolean;
  readonly selfTrade?: SelfTrade;
  /** 0 or absent: a market order. */
  readonly price?: number;
  readonly quantity: number;
  readonly stopPrice?: number;
  readonly displayQuantity?: number;
  /** 0 or absent: none. */
  readonly clientOrderId?: number;
}

/** By the id of the order, or by the client order id that it was placed with. */
type FrameTarget = { readonly orderId: number } | { readonly clientOrderId: number };
export type FrameCancel = { readonly kind: 'cancel'; readonly request: number } & FrameTarget;
export type FrameReplace = {
  readonly kind: 'replace';
  readonly request: number;
  /** 0 or absent: the price stays. */
  readonly price?: number;
  /** New total; 0 or absent: the quantity stays. */
  readonly quantity?: number;
} & FrameTarget;

/** Writes `command` at `at`. It writes what it is given, wrong values too: the book is who refuses them. */
export function writeFrame(view: DataView, at: number, command: FrameCommand): void {
  new Uint8Array(view.buffer, view.byteOffset + at, FRAME_BYTES).fill(0);
  view.setUint32(at + REQUEST, command.request, true);
  if (command.kind === 'place') {
    writePlace(view, at, command);
    return;
  }
  const byClientId = 'clientOrderId' in command;
  view.setUint8(at + KIND, RecordKind[byClientId ? (`${command.kind}ByClientId` as const) : command.kind]);
  writeId(view, at + ID, byClientId ? command.clientOrderId : command.orderId);
  if (command.kind === 'cancel') return;
  view.setUint32(at + PRICE, command.price ?? 0, true);
  view.setUint32(at + QUANTITY, command.quantity ?? 0, true);
}

function writePlace(view: DataView, at: number, command: FramePlace): void {
  const { side, type = 'limit', timeInForce = 'GTC', selfTrade = 'allow', postOnly = false } = command;
  view.setUint8(at + KIND, RecordKind.place);
  view.setUint8(at + TERMS, termsByte({ side, type, timeInForce, postOnly, selfTrade }));
  view.setUint16(at + SYMBOL, command.symbol, true);
  writeId(view, at + ID, command.clientOrderId ?? 0);
  view.setUint32(at + PRICE, command.price ?? 0, true);
  view.setUint32(at + QUANTITY, command.quantity, true);
  view.setUint32(at + STOP_PRICE, command.stopPrice ?? 0, true);
  view.setUint32(at + DISPLAY_QUANTITY, command.displayQuantity ?? 0, true);
}

function writeId(view: DataView, at: number, id: number): void {
  view.setUint32(at, id % 2 ** 32, true);
  view.setUint32(at + 4, Math.floor(id / 2 ** 32), true);
}
