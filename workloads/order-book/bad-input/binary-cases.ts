import {
  FRAME_BYTES,
  type FrameCommand,
  type FramePlace,
  KIND,
  RESERVED,
  TERMS,
  writeFrame,
} from '../binary/command-frame.ts';
import { encodeHello, HELLO_BYTES } from '../binary/hello.ts';

/** A frame that must be refused with a result; the connection lives on. */
export interface FrameCase {
  readonly name: string;
  readonly frame: Buffer;
  readonly code: string;
}

/** What a client sends until the book must end the connection. */
export interface EndCase {
  readonly name: string;
  readonly send: readonly Buffer[];
  /** The client says that no more comes. */
  readonly halfClose?: boolean;
  readonly code: string;
  /** A part of the sentence. */
  readonly sentence: string;
}

const bid: FramePlace = { kind: 'place', request: 7, symbol: 0, side: 0, price: 10_000, quantity: 5 };
const ioc = { timeInForce: 'IOC' } as const;
const cancel: FrameCommand = { kind: 'cancel', request: 7, orderId: 999_999_999 };
const replace: FrameCommand = { kind: 'replace', request: 7, orderId: 999_999_999, price: 1 };

function frame(command: FrameCommand, change: readonly [at: number, value: number] = [FRAME_BYTES, 0]): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES);
  writeFrame(new DataView(bytes.buffer, bytes.byteOffset), 0, command);
  const [at, value] = change;
  if (at < FRAME_BYTES) bytes[at] = value;
  return bytes;
}

export const frameCases: readonly FrameCase[] = [
  ['price 0', frame({ ...bid, price: 0 }), 'SLUICE_INVALID_PRICE'],
  ['price −1', frame({ ...bid, price: -1 }), 'SLUICE_PRICE_OUT_OF_RANGE'],
  ['price 2^31', frame({ ...bid, price: 2 ** 31 }), 'SLUICE_PRICE_OUT_OF_RANGE'],
  ['price NaN', frame({ ...bid, price: Number.NaN }), 'SLUICE_INVALID_PRICE'],
  ['price Infinity', frame({ ...bid, price: Number.POSITIVE_INFINITY }), 'SLUICE_INVALID_PRICE'],
  ['quantity 0', frame({ ...bid, quantity: 0 }), 'SLUICE_INVALID_QUANTITY'],
  ['quantity −1', frame({ ...bid, quantity: -1 }), 'SLUICE_QUANTITY_OUT_OF_RANGE'],
  ['quantity 2^31', frame({ ...bid, quantity: 2 ** 31 }), 'SLUICE_QUANTITY_OUT_OF_RANGE'],
  ['market order with a price', frame({ ...bid, ...ioc, type: 'market' }), 'SLUICE_INVALID_PRICE'],
  ['market order that should rest', frame({ ...bid, type: 'market', price: 0 }), 'SLUICE_INVALID_TIME_IN_FORCE'],
  ['time in force 3', frame(bid, [TERMS, 12]), 'SLUICE_INVALID_TIME_IN_FORCE'],
  ['self-trade mode 5', frame(bid, [TERMS, 5 << 5]), 'SLUICE_INVALID_SELF_TRADE'],
  ['self-trade mode 7', frame(bid, [TERMS, 7 << 5]), 'SLUICE_INVALID_SELF_TRADE'],
  ['post-only IOC', frame({ ...bid, ...ioc, postOnly: true }), 'SLUICE_INVALID_POST_ONLY'],
  ['post-only stop', frame({ ...bid, postOnly: true, stopPrice: 1 }), 'SLUICE_INVALID_POST_ONLY'],
  ['stop price 2^31', frame({ ...bid, stopPrice: 2 ** 31 }), 'SLUICE_PRICE_OUT_OF_RANGE'],
  ['display above the quantity', frame({ ...bid, displayQuantity: 6 }), 'SLUICE_INVALID_DISPLAY_QUANTITY'],
  ['display of an IOC', frame({ ...bid, ...ioc, displayQuantity: 1 }), 'SLUICE_INVALID_DISPLAY_QUANTITY'],
  ['client id 2^53', frame({ ...bid, clientOrderId: 2 ** 53 }), 'SLUICE_INVALID_CLIENT_ORDER_ID'],
  [
    'client id of all ones',
    Buffer.concat([frame(bid).subarray(0, 8), Buffer.alloc(8, 255), frame(bid).subarray(16)]),
    'SLUICE_INVALID_CLIENT_ORDER_ID',
  ],
  ['unknown symbol', frame({ ...bid, symbol: 2 }), 'SLUICE_UNKNOWN_SYMBOL'],
  ['the highest symbol', frame({ ...bid, symbol: 65_535 }), 'SLUICE_UNKNOWN_SYMBOL'],
  ['cancel of order 0', frame({ kind: 'cancel', request: 7, orderId: 0 }), 'SLUICE_INVALID_ORDER_ID'],
  ['cancel of order 2^53', frame({ kind: 'cancel', request: 7, orderId: 2 ** 53 }), 'SLUICE_INVALID_ORDER_ID'],
  ['cancel of an order that there is not', frame(cancel), 'SLUICE_ORDER_NOT_FOUND'],
  ['cancel of client id 0', frame({ kind: 'cancel', request: 7, clientOrderId: 0 }), 'SLUICE_INVALID_CLIENT_ORDER_ID'],
  [
    'cancel of a client id that there is not',
    frame({ kind: 'cancel', request: 7, clientOrderId: 1 }),
    'SLUICE_ORDER_NOT_FOUND',
  ],
  ["cancel of somebody else's order", frame({ kind: 'cancel', request: 7, orderId: 3 }), 'SLUICE_ORDER_NOT_FOUND'],
  ['replace of nothing', frame({ kind: 'replace', request: 7, orderId: 1 }), 'SLUICE_INVALID_REQUEST'],
  ['replace of an order that there is not', frame(replace), 'SLUICE_ORDER_NOT_FOUND'],
  ['replace of order 0', frame({ ...replace, orderId: 0 }), 'SLUICE_INVALID_ORDER_ID'],
  ['replace to price 2^31', frame({ ...replace, price: 2 ** 31 }), 'SLUICE_PRICE_OUT_OF_RANGE'],
  ['replace to quantity 2^31', frame({ ...replace, quantity: 2 ** 31 }), 'SLUICE_QUANTITY_OUT_OF_RANGE'],
].map(([name, bytes, code]) => ({ name: String(name), frame: bytes as Buffer, code: String(code) }));

const hello = encodeHello({ kind: 'account', text: 'mallory' });
const named = (text: string): Buffer => encodeHello({ kind: 'account', text });
const changed = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(hello);
  bytes[at] = value;
  return bytes;
};
const broken = (name: string, bytes: Buffer): EndCase => {
  return { name, send: [hello, bytes], code: 'SLUICE_INVALID_FRAME', sentence: 'unknown kind' };
};
const strange = (name: string, bytes: Buffer): EndCase => {
  return { name, send: [bytes], code: 'SLUICE_INVALID_FRAME', sentence: '"SLOB"' };
};
const nameless = (text: string): EndCase => {
  const name = `account ${JSON.stringify(text.slice(0, 20))} of ${text.length}`;
  return { name, send: [named(text)], code: 'SLUICE_INVALID_ACCOUNT', sentence: '1 to 64' };
};
const version = (number: number): EndCase => {
  const sentence = `not version ${number}`;
  return { name: `version ${number}`, send: [changed(4, number)], code: 'SLUICE_UNSUPPORTED_VERSION', sentence };
};
const cut = (name: string, send: readonly Buffer[], sentence: string): EndCase => {
  return { name, send, halfClose: true, code: 'SLUICE_INVALID_FRAME', sentence };
};

export const endCases: readonly EndCase[] = [
  strange('HTTP', Buffer.from('GET /v1/orders HTTP/1.1\r\nhost: x\r\n\r\n')),
  strange('TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])),
  strange('zeroes', Buffer.alloc(1_000)),
  strange('a frame before the hello', frame(bid)),
  strange('the hello in lower case', Buffer.from('slob\u0001\0\0\0')),
  strange('a megabyte of noise', Buffer.alloc(1 << 20, 'noise')),
  version(0),
  version(2),
  version(255),
  { name: 'unknown credentials', send: [changed(5, 9)], code: 'SLUICE_INVALID_FRAME', sentence: 'Byte 5' },
  { name: 'credentials of 65,287 bytes', send: [changed(7, 255)], code: 'SLUICE_INVALID_FRAME', sentence: '8192' },
  {
    name: 'a token where none is asked',
    send: [encodeHello({ kind: 'token', text: 'a.b.c' })],
    code: 'SLUICE_INVALID_ACCOUNT',
    sentence: 'no tokens',
  },
  ...['', '-x', 'a b', '__proto__', 'ä', 'a\0', 'x'.repeat(65), 'x'.repeat(8_192)].map(nameless),
  {
    name: 'a name that is no UTF-8',
    send: [Buffer.concat([hello.subarray(0, HELLO_BYTES), Buffer.alloc(7, 0xff)])],
    code: 'SLUICE_INVALID_ACCOUNT',
    sentence: '1 to 64',
  },
  cut('nothing but an end', [], 'within its hello'),
  cut('half a hello and an end', [hello.subarray(0, 5)], 'within its hello'),
  cut('half a name and an end', [hello.subarray(0, 10)], 'within its hello'),
  cut('one byte of a frame and an end', [hello, frame(cancel).subarray(0, 1)], 'within a frame'),
  cut('39 bytes of a frame and an end', [hello, frame(cancel).subarray(0, 39)], 'within a frame'),
  cut('a frame, half of another and an end', [hello, frame(cancel), frame(cancel).subarray(0, 20)], 'within a frame'),
  cut('a frame with a byte too many and an end', [hello, frame(cancel), Buffer.of(1)], 'within a frame'),
  broken('kind 0', frame(bid, [KIND, 0])),
  broken('kind 6', frame(bid, [KIND, 6])),
  broken('kind 255', frame(bid, [KIND, 255])),
  broken('a frame of ones', Buffer.alloc(FRAME_BYTES, 255)),
  broken('a second hello', Buffer.concat([hello, Buffer.alloc(FRAME_BYTES)])),
  broken('a byte too many between two frames', Buffer.concat([frame(cancel), Buffer.of(0), frame(cancel)])),
  broken('something in the reserved bytes', frame(bid, [RESERVED, 1])),
  broken('terms in a cancel', frame(cancel, [TERMS, 1])),
  broken('a symbol in a cancel', frame(cancel, [2, 1])),
  broken('a price in a cancel', frame(cancel, [16, 1])),
  broken('a display quantity in a replace', frame(replace, [28, 1])),
  {
    name: 'a hello that never ends',
    send: [hello.subarray(0, 9)],
    code: 'SLUICE_FRAME_TIMEOUT',
    sentence: 'The hello',
  },
  {
    name: 'a frame that never ends',
    send: [hello, frame(cancel).subarray(0, 30)],
    code: 'SLUICE_FRAME_TIMEOUT',
    sentence: 'rest of a frame',
  },
];

/** Bytes to the REST port that are no request, with the status and the code that come back. */
export const brokenRequests: readonly (readonly [name: string, bytes: string, status: number, code: string])[] = [
  ['a hello of the binary port', hello.toString('latin1').padEnd(40, '\r\n'), 400, 'SLUICE_INVALID_REQUEST'],
  ['an unknown method', 'BUY /v1/orders HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'SLUICE_INVALID_REQUEST'],
  ['HTTP/3.7', 'GET /v1/status HTTP/3.7\r\nhost: x\r\n\r\n', 400, 'SLUICE_INVALID_REQUEST'],
  [
    'a bare line feed in a header',
    'GET /v1/status HTTP/1.1\r\nhost: x\r\na: b\nc\r\n\r\n',
    400,
    'SLUICE_INVALID_REQUEST',
  ],
  [
    'a length that is no number',
    'POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: NaN\r\n\r\n',
    400,
    'SLUICE_INVALID_REQUEST',
  ],
  [
    'a negative length',
    'POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
    400,
    'SLUICE_INVALID_REQUEST',
  ],
  [
    'a length and chunks',
    'POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n',
    400,
    'SLUICE_INVALID_REQUEST',
  ],
  [
    'a chunk of a length that is no number',
    'POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    400,
    'SLUICE_INVALID_REQUEST',
  ],
  [
    'headers of 20 KiB',
    `GET /v1/status HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_480)}\r\n\r\n`,
    431,
    'SLUICE_HEADERS_TOO_LARGE',
  ],
];
