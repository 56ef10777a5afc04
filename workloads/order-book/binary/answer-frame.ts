/**
 * Every result has this many bytes; an end frame has a sentence after them. Little-endian:
 *
 *     0  u8   RESULT
 *     1  u8   status of the order, an index of RESULT_STATUSES
 *     2  u16  code, 0 when it was done
 *     4  u32  request number of the command
 *     8  u64  order id, 0 when there is none
 *    16  u32  price in ticks
 *    20  u32  quantity in lots: filled and open
 *    24  u32  filled lots
 *    28  u32  price of the order's last trade in this command, 0 without one
 *    32  u32  trades of the order in this command
 *    36  u8   why the book cancelled or refused the order, a `Reason` of the engine
 *    37  u8   1 when the client order id was there already with the same order, and nothing was placed
 *    38  u16  milliseconds after which the command may be sent again; 0: that does not help, or is not known
 */
export const ANSWER_BYTES = 40;

/** First byte of what the book sends after the welcome. */
export const RESULT = 1;
export const END = 2;

export type ResultStatus = 'none' | 'open' | 'filled' | 'cancelled' | 'rejected';
export const RESULT_STATUSES: readonly ResultStatus[] = ['none', 'open', 'filled', 'cancelled', 'rejected'];

/** What became of a command. */
export interface Result {
  readonly request: number;
  /** 0: done. Otherwise `errorOf` tells the error. */
  readonly code: number;
  /** State of the order after the command; `none` when the account has no order that the command is about. */
  readonly status: ResultStatus;
  readonly orderId: number;
  readonly price: number;
  readonly quantity: number;
  readonly filled: number;
  readonly lastPrice: number;
  readonly trades: number;
  readonly reason: number;
  readonly repeated: boolean;
  readonly waitMs: number;
}

/** Writes the refusal of a command that did not reach the book. */
export function writeRefusal(view: DataView, at: number, request: number, code: number, waitMs: number): void {
  for (let word = 0; word < ANSWER_BYTES; word += 4) view.setUint32(at + word, 0);
  view.setUint8(at, RESULT);
  view.setUint16(at + 2, code, true);
  view.setUint32(at + 4, request, true);
  view.setUint16(at + 38, Math.min(waitMs, 65_535), true);
}

export function readResult(view: DataView, at: number): Result {
  return {
    status: RESULT_STATUSES[view.getUint8(at + 1)] ?? 'none',
    code: view.getUint16(at + 2, true),
    request: view.getUint32(at + 4, true),
    orderId: view.getUint32(at + 8, true) + view.getUint32(at + 12, true) * 2 ** 32,
    price: view.getUint32(at + 16, true),
    quantity: view.getUint32(at + 20, true),
    filled: view.getUint32(at + 24, true),
    lastPrice: view.getUint32(at + 28, true),
    trades: view.getUint32(at + 32, true),
    reason: view.getUint8(at + 36),
    repeated: view.getUint8(at + 37) === 1,
    waitMs: view.getUint16(at + 38, true),
  };
}

/** The last frame of a connection: why the book ends it. */
export interface End {
  readonly code: number;
  readonly sentence: string;
}

export function encodeEnd({ code, sentence }: End): Buffer {
  const length = Buffer.byteLength(sentence);
  const bytes = Buffer.alloc(ANSWER_BYTES + length);
  bytes[0] = END;
  bytes.writeUInt16LE(code, 2);
  bytes.writeUInt32LE(length, 4);
  bytes.write(sentence, ANSWER_BYTES);
  return bytes;
}

/** Reads an end frame; undefined while more must come. */
export function readEnd(bytes: Buffer): End | undefined {
  if (bytes.length < ANSWER_BYTES) return undefined;
  const length = bytes.readUInt32LE(4);
  if (bytes.length < ANSWER_BYTES + length) return undefined;
  return { code: bytes.readUInt16LE(2), sentence: bytes.toString('utf8', ANSWER_BYTES, ANSWER_BYTES + length) };
}
