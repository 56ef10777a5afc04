import type { Side } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import type { Command, ExtraTerms } from './command.ts';
import type { Exchange, Outcome } from './exchange.ts';
import {
  NO_ORDER,
  RECORD_BYTES,
  REFUSALS,
  RESULT_BYTES,
  RecordKind,
  SELF_TRADES,
  STATUSES,
  TIMES_IN_FORCE,
} from './record.ts';
import type { Refusal } from './refusal.ts';

const TWO_32 = 2 ** 32;
const MAX_QUANTITY = 2 ** 31 - 1;
const MAX_TIME = 8.64e15;

/** The command that the record at `at` stands for, or why there is none. */
export function commandOf(exchange: Exchange, view: DataView, at: number): Command | Refusal {
  const account = exchange.orders.nameOf(view.getUint32(at + 4, true));
  if (account === undefined) return 'unknownAccount';
  const timeMs = view.getFloat64(at + 32, true);
  const price = view.getUint32(at + 16, true);
  const quantity = view.getUint32(at + 20, true);
  if (!(timeMs >= 0 && timeMs <= MAX_TIME) || price > MAX_PRICE || quantity > MAX_QUANTITY) return 'invalidRecord';
  const kind = view.getUint8(at);
  if (kind === RecordKind.place) return placeOf(exchange, view, at, account, timeMs);
  const isOwn = kind === RecordKind.cancelByClientId || kind === RecordKind.replaceByClientId;
  const low = view.getUint32(at + 8, true);
  const high = view.getUint32(at + 12, true);
  const orderId = isOwn
    ? (exchange.orders.byClientId(account, decimal(low, high))?.id ?? 0)
    : high < 2 ** 21
      ? high * TWO_32 + low
      : 0;
  if (kind === RecordKind.cancel || kind === RecordKind.cancelByClientId) {
    return { kind: 'cancel', timeMs, account, orderId };
  }
  if (kind !== RecordKind.replace && kind !== RecordKind.replaceByClientId) return 'invalidRecord';
  return { kind: 'replace', timeMs, account, orderId, price, quantity };
}

function placeOf(exchange: Exchange, view: DataView, at: number, account: string, timeMs: number): Command | Refusal {
  const market = exchange.marketAt(view.getUint16(at + 2, true));
  if (market === undefined) return 'unknownSymbol';
  const bits = view.getUint8(at + 1);
  const timeInForce = TIMES_IN_FORCE[(bits >> 2) & 3];
  const selfTrade = SELF_TRADES[bits >> 5];
  const price = view.getUint32(at + 16, true);
  const quantity = view.getUint32(at + 20, true);
  const stopPrice = view.getUint32(at + 24, true);
  const displayQuantity = view.getUint32(at + 28, true);
  const isMarket = (bits & 2) !== 0;
  const postOnly = (bits & 16) !== 0;
  if (timeInForce === undefined || selfTrade === undefined || quantity === 0) return 'invalidRecord';
  if (isMarket ? price !== 0 || postOnly || timeInForce === 'GTC' : price === 0) return 'invalidRecord';
  if (stopPrice > MAX_PRICE || displayQuantity > quantity) return 'invalidRecord';
  if (postOnly && (timeInForce !== 'GTC' || stopPrice > 0)) return 'invalidRecord';
  if (displayQuantity > 0 && timeInForce !== 'GTC') return 'invalidRecord';
  const extra: ExtraTerms = { stopPrice, displayQuantity, selfTrade, expiresMs: 0, linkedTo: 0 };
  return {
    kind: 'place',
    timeMs,
    account,
    clientOrderId: decimal(view.getUint32(at + 8, true), view.getUint32(at + 12, true)),
    symbol: market.config.name,
    side: (bits & 1) as Side,
    type: isMarket ? 'market' : 'limit',
    timeInForce,
    postOnly,
    price,
    quantity,
    ...((stopPrice > 0 || displayQuantity > 0 || selfTrade !== 'allow') && { extra }),
  };
}

/** A client order id of a record as text; '' for none. */
function decimal(low: number, high: number): string {
  if (high < 2 ** 21) return low + high === 0 ? '' : String(high * TWO_32 + low);
  return String((BigInt(high) << 32n) | BigInt(low));
}

/** Writes what came of a record to the result at `at`. */
export function writeResult(view: DataView, at: number, outcome: Outcome): void {
  view.setUint8(at, NO_ORDER);
  if (outcome.kind === 'refused') view.setUint8(at + 1, REFUSALS.indexOf(outcome.refusal));
  if (outcome.kind === 'configured' || outcome.order === undefined) return;
  const { order } = outcome;
  view.setUint8(at, STATUSES.indexOf(order.status));
  view.setUint8(at + 2, order.reason);
  view.setUint32(at + 8, order.id % TWO_32, true);
  view.setUint32(at + 12, Math.floor(order.id / TWO_32), true);
  view.setUint32(at + 16, order.price, true);
  view.setUint32(at + 20, order.quantity, true);
  view.setUint32(at + 24, order.filled, true);
  if (outcome.kind === 'refused') return;
  const own = outcome.trades.filter(({ makerId, takerId }) => makerId === order.id || takerId === order.id);
  view.setUint8(at + 3, outcome.repeated ? 1 : 0);
  view.setUint32(at + 4, own.length, true);
  view.setUint32(at + 28, own.at(-1)?.price ?? 0, true);
}

/** Applies a batch of command records in order. Returns their results. */
export function applyRecords(exchange: Exchange, records: Uint8Array, epoch: number): Uint8Array {
  const count = records.length / RECORD_BYTES;
  const results = new Uint8Array(count * RESULT_BYTES);
  const from = new DataView(records.buffer, records.byteOffset, records.length);
  const to = new DataView(results.buffer);
  for (let index = 0; index < count; index++) {
    exchange.applyRecord(from, index * RECORD_BYTES, epoch, to, index * RESULT_BYTES);
  }
  return results;
}
