import { zstdCompressSync } from 'node:zlib';

/** One row of a workload file, with the values as they stand in the columns. */
export interface Row {
  readonly flags: number;
  readonly quantity: number;
  readonly orderId: number;
  readonly price: number;
}

/** The bytes of the rows before compression. */
export function columnBytes(rows: readonly Row[]): Uint8Array {
  const bytes = new Uint8Array(10 * rows.length);
  const view = new DataView(bytes.buffer);
  for (const [index, { flags, quantity, orderId, price }] of rows.entries()) {
    view.setUint8(index, flags);
    view.setUint8(rows.length + index, quantity);
    view.setUint32(2 * rows.length + 4 * index, orderId, true);
    view.setInt32(6 * rows.length + 4 * index, price, true);
  }
  return bytes;
}

/** A workload file of these rows. */
export function workloadFile(rows: readonly Row[]): Uint8Array {
  return zstdCompressSync(columnBytes(rows));
}

export const buy = (orderId: number, quantity: number, price: number): Row => ({ flags: 0, quantity, orderId, price });
export const sell = (orderId: number, quantity: number, price: number): Row => ({ flags: 4, quantity, orderId, price });
export const cancel = (orderId: number): Row => ({ flags: 1, quantity: 0, orderId, price: 0 });
export const modify = (orderId: number, quantity: number, price: number): Row => ({
  flags: 2,
  quantity,
  orderId,
  price,
});
/** The same order, immediate-or-cancel. */
export const immediate = (row: Row): Row => ({ ...row, flags: row.flags | 8 });
