import type { Trade } from '../exchange/order.ts';
import { crc32c } from '../journal/crc32c.ts';

/**
 * One trade in the outbox, little-endian, always as long:
 *
 *     0  u16  symbol, by its place among the symbols of the book     2  u8  side of the taker     3  u8  0
 *     4  u32  price in ticks           8  u32  quantity in lots
 *    12  u64  sequence in its symbol  20  u64  order id of the maker
 *    28  u64  order id of the taker   36  u64  time in ms
 *    44  u32  CRC-32C of bytes 0 … 43
 *
 * A trade has the number of its place: trade n of a file that begins at f stands at header + (n − f) × length.
 */
export const TRADE_BYTES = 48;
const CHECKED_BYTES = 44;
const TWO_32 = 2 ** 32;

/** Writes `trade` of the symbol with index `symbol` at `offset`, all but the checksum. */
export function writeTrade(view: DataView, offset: number, symbol: number, trade: Trade): void {
  view.setUint16(offset, symbol, true);
  view.setUint8(offset + 2, trade.takerSide);
  view.setUint8(offset + 3, 0);
  view.setUint32(offset + 4, trade.price, true);
  view.setUint32(offset + 8, trade.quantity, true);
  writeU53(view, offset + 12, trade.sequence);
  writeU53(view, offset + 20, trade.makerId);
  writeU53(view, offset + 28, trade.takerId);
  writeU53(view, offset + 36, trade.timeMs);
}

/** Writes the checksum of each of the trades in `bytes`. */
export function sealTrades(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let offset = 0; offset < bytes.length; offset += TRADE_BYTES) {
    view.setUint32(offset + CHECKED_BYTES, crc32c(bytes, offset, offset + CHECKED_BYTES), true);
  }
}

/** The trade at `offset`, undefined when it fails its checksum. */
export function readTrade(bytes: Uint8Array, offset: number): { symbol: number; trade: Trade } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, TRADE_BYTES);
  if (view.getUint32(CHECKED_BYTES, true) !== crc32c(bytes, offset, offset + CHECKED_BYTES)) return undefined;
  return {
    symbol: view.getUint16(0, true),
    trade: {
      takerSide: view.getUint8(2),
      price: view.getUint32(4, true),
      quantity: view.getUint32(8, true),
      sequence: readU53(view, 12),
      makerId: readU53(view, 20),
      takerId: readU53(view, 28),
      timeMs: readU53(view, 36),
    },
  };
}

function writeU53(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % TWO_32, true);
  view.setUint32(offset + 4, Math.floor(value / TWO_32), true);
}

function readU53(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * TWO_32;
}
