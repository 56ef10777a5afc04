import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { MAX_QUANTITY } from '../engine/book.ts';
import { MAX_PRICE } from '../engine/ladder.ts';
import { errorOf } from './codes.ts';
import {
  BROKEN,
  checkFrame,
  DISPLAY_QUANTITY,
  FRAME_BYTES,
  type FrameCommand,
  ID,
  KIND,
  PRICE,
  QUANTITY,
  RESERVED,
  STOP_PRICE,
  SYMBOL,
  TERMS,
  writeFrame,
} from './command-frame.ts';

const view = new DataView(new ArrayBuffer(FRAME_BYTES));
const place: FrameCommand = { kind: 'place', request: 7, symbol: 0, side: 0, price: 10_000, quantity: 5 };

function check(command: FrameCommand, change?: () => void): string {
  writeFrame(view, 0, command);
  change?.();
  const code = checkFrame(view, 0);
  return code === BROKEN ? 'broken' : (errorOf(code)?.code ?? 'fine');
}

it('has the layout of the manual', () => {
  writeFrame(view, 0, {
    ...place,
    symbol: 2,
    side: 1,
    timeInForce: 'IOC',
    selfTrade: 'cancelOldest',
    clientOrderId: 2 ** 40 + 3,
    stopPrice: 9,
    displayQuantity: 4,
  });
  expect(
    Buffer.from(view.buffer)
      .toString('hex')
      .match(/.{1,16}/g),
  ).toEqual(['0145020007000000', '0300000000010000', '1027000005000000', '0900000004000000', '0000000000000000']);
  writeFrame(view, 0, { kind: 'replace', request: 1, clientOrderId: 9, quantity: 3 });
  expect(Buffer.from(view.buffer).toString('hex')).toBe(
    `0500000001000000090000000000000000000000030000000000000000000000${'0'.repeat(16)}`,
  );
});

it.each<[string, FrameCommand]>([
  ['limit', place],
  ['highest values', { ...place, price: MAX_PRICE, quantity: MAX_QUANTITY, clientOrderId: Number.MAX_SAFE_INTEGER }],
  ['market', { ...place, type: 'market', timeInForce: 'IOC', price: 0 }],
  ['post-only', { ...place, postOnly: true }],
  ['iceberg of its whole quantity', { ...place, displayQuantity: 5 }],
  ['stop', { ...place, stopPrice: 1 }],
  ['decrement', { ...place, selfTrade: 'decrement' }],
  ['cancel', { kind: 'cancel', request: 0, orderId: 1 }],
  ['cancel by client id', { kind: 'cancel', request: 0, clientOrderId: Number.MAX_SAFE_INTEGER }],
  ['replace of the price', { kind: 'replace', request: 0, orderId: 1, price: 1 }],
  ['replace of the quantity by client id', { kind: 'replace', request: 0, clientOrderId: 1, quantity: 1 }],
])('%s is fine', (_name, command) => expect(check(command)).toBe('fine'));

const cancel: FrameCommand = { kind: 'cancel', request: 0, orderId: 1 };
const replace: FrameCommand = { kind: 'replace', request: 0, orderId: 1, price: 1 };

it.each<[string, string, FrameCommand, (() => void)?]>([
  ['zero price', 'SLUICE_INVALID_PRICE', { ...place, price: 0 }],
  ['market order with a price', 'SLUICE_INVALID_PRICE', { ...place, type: 'market', timeInForce: 'IOC' }],
  ['price above the range', 'SLUICE_PRICE_OUT_OF_RANGE', { ...place, price: MAX_PRICE + 1 }],
  ['price −1', 'SLUICE_PRICE_OUT_OF_RANGE', { ...place, price: -1 }],
  ['zero quantity', 'SLUICE_INVALID_QUANTITY', { ...place, quantity: 0 }],
  ['quantity above the range', 'SLUICE_QUANTITY_OUT_OF_RANGE', { ...place, quantity: MAX_QUANTITY + 1 }],
  ['stop above the range', 'SLUICE_PRICE_OUT_OF_RANGE', { ...place, stopPrice: 2 ** 31 + 5 }],
  ['display above the quantity', 'SLUICE_INVALID_DISPLAY_QUANTITY', { ...place, displayQuantity: 6 }],
  ['display of an IOC', 'SLUICE_INVALID_DISPLAY_QUANTITY', { ...place, displayQuantity: 1, timeInForce: 'IOC' }],
  ['market that rests', 'SLUICE_INVALID_TIME_IN_FORCE', { ...place, type: 'market', price: 0 }],
  ['time in force 3', 'SLUICE_INVALID_TIME_IN_FORCE', place, () => view.setUint8(TERMS, 12)],
  ['self-trade mode 5', 'SLUICE_INVALID_SELF_TRADE', place, () => view.setUint8(TERMS, 5 << 5)],
  ['post-only IOC', 'SLUICE_INVALID_POST_ONLY', { ...place, postOnly: true, timeInForce: 'IOC' }],
  ['post-only stop', 'SLUICE_INVALID_POST_ONLY', { ...place, postOnly: true, stopPrice: 9 }],
  ['client id of 2^53', 'SLUICE_INVALID_CLIENT_ORDER_ID', { ...place, clientOrderId: 2 ** 53 }],
  ['cancel of order 0', 'SLUICE_INVALID_ORDER_ID', { ...cancel, orderId: 0 }],
  ['cancel of order 2^53', 'SLUICE_INVALID_ORDER_ID', { ...cancel, orderId: 2 ** 53 }],
  ['cancel of client id 0', 'SLUICE_INVALID_CLIENT_ORDER_ID', { kind: 'cancel', request: 0, clientOrderId: 0 }],
  ['replace of nothing', 'SLUICE_INVALID_REQUEST', { kind: 'replace', request: 0, orderId: 1 }],
  ['replace to a price above the range', 'SLUICE_PRICE_OUT_OF_RANGE', { ...replace, price: MAX_PRICE + 1 }],
  ['replace to a quantity above the range', 'SLUICE_QUANTITY_OUT_OF_RANGE', { ...replace, quantity: 2 ** 31 }],
  ['replace of order 0', 'SLUICE_INVALID_ORDER_ID', { ...replace, orderId: 0 }],
  ['kind 0', 'broken', place, () => view.setUint8(KIND, 0)],
  ['kind 6', 'broken', place, () => view.setUint8(KIND, 6)],
  ['kind 255', 'broken', place, () => view.setUint8(KIND, 255)],
  ['reserved byte', 'broken', place, () => view.setUint8(RESERVED + 7, 1)],
  ['cancel with terms', 'broken', cancel, () => view.setUint8(TERMS, 1)],
  ['cancel with a symbol', 'broken', cancel, () => view.setUint8(SYMBOL, 1)],
  ['cancel with a price', 'broken', cancel, () => view.setUint8(PRICE, 1)],
  ['cancel with a quantity', 'broken', cancel, () => view.setUint8(QUANTITY, 1)],
  ['cancel with a stop', 'broken', cancel, () => view.setUint8(STOP_PRICE, 1)],
  ['replace with a display quantity', 'broken', replace, () => view.setUint8(DISPLAY_QUANTITY, 1)],
])('%s: %s', (_name, code, command, change) => expect(check(command, change)).toBe(code));

it('any bytes are fine, broken, or refused with a known code; and a fine frame says just what its fields say', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: FRAME_BYTES, maxLength: FRAME_BYTES }), fc.nat(6), (bytes, kind) => {
      bytes[KIND] = kind;
      bytes.fill(0, RESERVED);
      const frame = new DataView(bytes.buffer, bytes.byteOffset, FRAME_BYTES);
      const code = checkFrame(frame, 0);
      if (code === BROKEN || errorOf(code) !== undefined) return;
      expect(code).toBe(0);
      expect(frame.getUint32(PRICE, true)).toBeLessThanOrEqual(MAX_PRICE);
      expect(frame.getUint32(QUANTITY, true)).toBeLessThanOrEqual(MAX_QUANTITY);
      const id = frame.getBigUint64(ID, true);
      expect(id <= BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
      if (kind !== 1) expect(id > 0n).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
