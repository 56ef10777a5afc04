import { MAX_QUANTITY } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import { NO_EXTRA } from './command.ts';
import type { OrderEntry } from './order-entry.ts';
import type { OrderRegistry } from './order-registry.ts';
import { FILLED, PRICE, QUANTITY } from './order-table.ts';
import { createPlacement, type Placement } from './placement.ts';
import { NO_ORDER, REFUSALS, RESULT_BYTES, RecordKind } from './record.ts';
import type { Refusal } from './refusal.ts';
import type { Settlement } from './settlement.ts';
import { MARKET_BIT, POST_ONLY_BIT, termsOf, timeInForceOf } from './terms.ts';

const TWO_32 = 2 ** 32;
const MAX_TIME_MS = 8.64e15;
const NUMBER_OF: ReadonlyMap<Refusal | undefined, number> = new Map(REFUSALS.map((refusal, index) => [refusal, index]));
/** Bytes of terms that a place may have: of a market order, of a limit order. */
const VALID_TERMS = Uint8Array.from({ length: 256 }, (_, byte) => (isValid(byte) ? 1 : 0));

function isValid(byte: number): boolean {
  if (termsOf(byte) === undefined) return false;
  const timeInForce = timeInForceOf(byte);
  if ((byte & POST_ONLY_BIT) !== 0 && timeInForce !== 0) return false;
  return (byte & MARKET_BIT) === 0 || timeInForce !== 0;
}

/** Plays command records (record.ts) into the exchange, without an allocation per order. */
export class RecordEntry {
  private readonly orders: OrderRegistry;
  private readonly entry: OrderEntry;
  private readonly settlement: Settlement;
  private readonly placement: Placement = createPlacement();

  constructor(orders: OrderRegistry, entry: OrderEntry, settlement: Settlement) {
    this.orders = orders;
    this.entry = entry;
    this.settlement = settlement;
  }

  /**
   * Applies the record at `at` as command `sequence`. Returns why it changed nothing, and writes the result at `resultAt`. `hint`: the
   * slot that the order of the record had some commands ago, or 0.
   */
  apply(
    records: DataView,
    at: number,
    sequence: number,
    results: DataView,
    resultAt: number,
    hint: number,
  ): Refusal | undefined {
    this.entry.slot = 0;
    this.settlement.ownTrades = this.settlement.lastPrice = 0;
    const refusal = this.play(records, at, sequence, hint);
    this.write(results, resultAt, refusal);
    this.orders.forget(this.entry.limits.closedOrdersKept);
    return refusal;
  }

  private play(records: DataView, at: number, sequence: number, hint: number): Refusal | undefined {
    const account = this.orders.accounts.ofNumber(records.getUint32(at + 4, true));
    if (account === 0) return 'unknownAccount';
    const timeMs = records.getFloat64(at + 32, true);
    const price = records.getUint32(at + 16, true);
    const quantity = records.getUint32(at + 20, true);
    if (!(timeMs >= 0 && timeMs <= MAX_TIME_MS) || price > MAX_PRICE || quantity > MAX_QUANTITY) return 'invalidRecord';
    const { placement, entry } = this;
    placement.timeMs = timeMs;
    placement.account = account;
    placement.price = price;
    placement.quantity = quantity;
    const kind = records.getUint8(at);
    if (kind === RecordKind.place) return this.place(records, at, sequence);
    const isCancel = kind === RecordKind.cancel || kind === RecordKind.cancelByClientId;
    if (!isCancel && kind !== RecordKind.replace && kind !== RecordKind.replaceByClientId) return 'invalidRecord';
    const byClientId = kind === RecordKind.cancelByClientId || kind === RecordKind.replaceByClientId;
    const slot = byClientId ? this.byClientId(records, at, account, hint) : this.byOrderId(records, at, account);
    if (isCancel) return entry.cancel(slot, timeMs);
    return entry.replace(slot, price, quantity, timeMs);
  }

  private place(records: DataView, at: number, sequence: number): Refusal | undefined {
    const { placement } = this;
    const { price, quantity, clientId } = placement;
    const terms = records.getUint8(at + 1);
    const stopPrice = records.getUint32(at + 24, true);
    const displayQuantity = records.getUint32(at + 28, true);
    const isMarket = (terms & MARKET_BIT) !== 0;
    if (VALID_TERMS[terms] === 0 || quantity === 0 || (price === 0) !== isMarket) return 'invalidRecord';
    clientId.low = records.getInt32(at + 8, true);
    clientId.high = records.getInt32(at + 12, true);
    placement.market = records.getUint16(at + 2, true);
    placement.terms = terms;
    placement.extra = NO_EXTRA;
    if (stopPrice + displayQuantity > 0) {
      if (stopPrice > MAX_PRICE || displayQuantity > quantity) return 'invalidRecord';
      if (displayQuantity > 0 && timeInForceOf(terms) !== 0) return 'invalidRecord';
      if (stopPrice > 0 && (terms & POST_ONLY_BIT) !== 0) return 'invalidRecord';
      placement.extra = { ...NO_EXTRA, stopPrice, displayQuantity };
    }
    return this.entry.place(sequence, placement);
  }

  private byOrderId(records: DataView, at: number, account: number): number {
    const high = records.getUint32(at + 12, true);
    return high < 2 ** 21 ? this.orders.findOwn(account, high * TWO_32 + records.getUint32(at + 8, true)) : 0;
  }

  private byClientId(records: DataView, at: number, account: number, hint: number): number {
    const low = records.getInt32(at + 8, true);
    const high = records.getInt32(at + 12, true);
    const { clientIds } = this.orders;
    return hint !== 0 && clientIds.isAt(hint, account, low, high) ? hint : clientIds.findNumber(account, low, high);
  }

  private write(results: DataView, at: number, refusal: Refusal | undefined): void {
    const { slot, repeated } = this.entry;
    const { table } = this.orders;
    const { words } = table;
    const number = refusal === undefined ? 0 : (NUMBER_OF.get(refusal) ?? 0);
    if (slot === 0) {
      results.setUint32(at, NO_ORDER | (number << 8), true);
      for (let field = 4; field < RESULT_BYTES; field += 4) results.setUint32(at + field, 0, true);
      return;
    }
    const id = this.orders.idOf(slot);
    results.setUint32(
      at,
      table.statusOf(slot) | (number << 8) | (table.reasonOf(slot) << 16) | (repeated ? 1 << 24 : 0),
      true,
    );
    results.setUint32(at + 4, this.settlement.ownTrades, true);
    // The low 32 bits of any id.
    results.setUint32(at + 8, id, true);
    results.setUint32(at + 12, Math.floor(id / TWO_32), true);
    results.setUint32(at + 16, words[slot + PRICE] as number, true);
    results.setUint32(at + 20, words[slot + QUANTITY] as number, true);
    results.setUint32(at + 24, words[slot + FILLED] as number, true);
    results.setUint32(at + 28, this.settlement.lastPrice, true);
  }
}
