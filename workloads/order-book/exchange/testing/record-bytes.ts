import { RECORD_BYTES, RecordKind } from '../record.ts';
import { type TermsWords, termsByte } from '../terms.ts';

export const PLAIN: TermsWords = { side: 0, type: 'limit', timeInForce: 'GTC', postOnly: false, selfTrade: 'allow' };

/** A command record for tests: `buy 5 @ 100` in symbol 0 of account 1, unless told otherwise. */
export interface RecordFields {
  readonly kind?: number;
  readonly terms?: Partial<TermsWords> | number;
  readonly symbol?: number;
  readonly account?: number;
  /** Client order id or order id. */
  readonly id?: number | bigint;
  readonly price?: number;
  readonly quantity?: number;
  readonly stopPrice?: number;
  readonly displayQuantity?: number;
  readonly timeMs?: number;
}

export function recordBytes(rows: readonly RecordFields[]): Uint8Array {
  const bytes = new Uint8Array(rows.length * RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, row] of rows.entries()) {
    const at = index * RECORD_BYTES;
    const { kind = RecordKind.place, terms = {}, symbol = 0, account = 1, id = 0, price = 100, quantity = 5 } = row;
    view.setUint8(at, kind);
    view.setUint8(at + 1, typeof terms === 'number' ? terms : termsByte({ ...PLAIN, ...terms }));
    view.setUint16(at + 2, symbol, true);
    view.setUint32(at + 4, account, true);
    view.setBigUint64(at + 8, BigInt(id), true);
    view.setUint32(at + 16, price, true);
    view.setUint32(at + 20, quantity, true);
    view.setUint32(at + 24, row.stopPrice ?? 0, true);
    view.setUint32(at + 28, row.displayQuantity ?? 0, true);
    view.setFloat64(at + 32, row.timeMs ?? 1_000, true);
  }
  return bytes;
}
