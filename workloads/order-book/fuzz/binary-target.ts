import { Duplex } from 'node:stream';
import type { Random } from '@sluice/runtime/clock';
import { ANSWER_BYTES, END, type End, RESULT, type Result, readEnd, readResult } from '../binary/answer-frame.ts';
import { errorOf } from '../binary/codes.ts';
import { FRAME_BYTES, type FrameCommand, KIND, REQUEST, writeFrame } from '../binary/command-frame.ts';
import { Connection } from '../binary/connection.ts';
import { encodeHello, encodeWelcome, readWelcome } from '../binary/hello.ts';
import { createIntake } from '../binary/intake.ts';
import type { Order } from '../exchange/order.ts';
import { RecordKind } from '../exchange/record.ts';
import { accountOfName } from '../gateway/account.ts';
import { type FuzzBook, openFuzzBook, SYMBOL } from './book.ts';
import { Finding, same, type Target } from './target.ts';

/** Small, so that inputs of a few frames meet it. */
const WINDOW = 4;
/** Turns of the event loop after which a conversation should be over. */
const PATIENCE_TURNS = 2_000;

/** What the book said in one conversation. */
interface Conversation {
  readonly isWelcome: boolean;
  readonly results: readonly Result[];
  readonly end: End | undefined;
}

/**
 * An input is what a client sends from its first byte to its last; before it, one byte says in how large pieces it arrives the second
 * time. Both times must come to the same.
 */
export async function createBinaryTarget(): Promise<Target> {
  const book = await openFuzzBook();
  const number = await book.sequencer.accountNumber('fuzz');
  const accepted = new Map<number, Order>();
  book.exchange.listeners.push({
    order: (order, change) => {
      if (change === 'accepted') accepted.set(order.id, order);
    },
  });

  async function play(bytes: Buffer, pieceBytes: number): Promise<Conversation> {
    accepted.clear();
    const said = readConversation(await converse(book, number, bytes, pieceBytes));
    checkResults(said, bytes);
    checkMeaning(said, bytes, accepted);
    book.clear();
    return said;
  }

  return {
    name: 'binary',
    seeds: seeds(),
    words: words(),
    change: changeField,
    execute: async (input) => {
      const bytes = Buffer.from(input.subarray(1));
      const whole = await play(bytes, bytes.length);
      const pieces = await play(bytes, 1 + ((input[0] ?? 0) % 64));
      same(shown(pieces), shown(whole), 'the same bytes in pieces');
    },
  };
}

/** Has a conversation in which the client sends `bytes` and no more. Resolves to all that the book says. */
async function converse(book: FuzzBook, number: number, bytes: Buffer, pieceBytes: number): Promise<Buffer> {
  const said: Buffer[] = [];
  const socket = new Wire(said);
  let isClosed = false;
  const connection = new Connection({
    socket,
    clock: book.clock,
    limits: { window: WINDOW, frameMs: Number.POSITIVE_INFINITY, readerMs: Number.POSITIVE_INFINITY },
    room: () => WINDOW,
    admit: async ({ text }) => {
      accountOfName(text);
      const symbols = [{ ...SYMBOL, number: 0, trading: true }];
      const welcome = encodeWelcome({ window: WINDOW, commandsPerSecond: 1, symbols });
      return { welcome, intake: createIntake({ ...book, trading: Uint8Array.of(1) }, 'fuzz', number) };
    },
    onEnded: () => {
      isClosed = true;
    },
  });
  // Each piece in memory of its own, as a socket reads.
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    socket.push(Buffer.from(new Uint8Array(bytes.subarray(at, at + pieceBytes)).buffer));
  }
  socket.push(null);
  for (let turn = 0; !isClosed; turn++) {
    if (turn === PATIENCE_TURNS) throw new Finding('the conversation does not come to an end');
    connection.checkTime();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return Buffer.concat(said);
}

/** A socket without a network. */
class Wire extends Duplex {
  private readonly said: Buffer[];

  constructor(said: Buffer[]) {
    super({ allowHalfOpen: true });
    this.said = said;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _read(): void {
    // What there is was pushed already.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // A copy: its owner writes the next results to the same memory.
    this.said.push(Buffer.from(chunk));
    done();
  }
}

/** Takes apart what the book said. Throws a Finding when it is not of the protocol. */
function readConversation(bytes: Buffer): Conversation {
  const welcome = bytes[0] === END ? undefined : readWelcome(bytes);
  let at = welcome?.length ?? 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const results: Result[] = [];
  for (; bytes[at] === RESULT && at + ANSWER_BYTES <= bytes.length; at += ANSWER_BYTES) {
    results.push(readResult(view, at));
  }
  const rest = bytes.subarray(at);
  const end = rest[0] === END ? readEnd(rest) : undefined;
  const length = end === undefined ? 0 : ANSWER_BYTES + Buffer.byteLength(end.sentence);
  same(rest.length, length, 'bytes after the last frame');
  return { isWelcome: welcome !== undefined, results, end };
}

/** One result for each whole frame up to the end, in order, and none with a code that a client cannot know or act on. */
function checkResults({ isWelcome, results, end }: Conversation, bytes: Buffer): void {
  if (!isWelcome && end === undefined) throw new Finding('neither welcome nor end');
  const start = framesAt(bytes);
  const frames = Math.floor((bytes.length - start) / FRAME_BYTES);
  if (isWelcome && end === undefined) same(results.length, frames, 'results of a conversation that ended well');
  for (const [index, { request, code }] of results.entries()) {
    same(request, bytes.readUInt32LE(start + index * FRAME_BYTES + REQUEST), `request number of result ${index}`);
    if (code !== 0) checkCode(code);
  }
  if (end === undefined) return;
  checkCode(end.code);
  if (!/^[A-Z][^\n]{10,300}\.$/.test(end.sentence)) throw new Finding(`no sentence: ${end.sentence}`);
}

/** Codes that say the book or the door is at fault. */
const FAULTS = new Set(['SLUICE_INTERNAL', 'SLUICE_INVALID_RECORD', 'SLUICE_UNKNOWN_ACCOUNT', 'SLUICE_OVERLOADED']);

function checkCode(code: number): void {
  const known = errorOf(code)?.code;
  if (known === undefined || FAULTS.has(known)) throw new Finding(`code ${code} (${known})`);
}

/** An accepted order written as a frame again is the frame that it came by. */
function checkMeaning({ results }: Conversation, bytes: Buffer, accepted: ReadonlyMap<number, Order>): void {
  const again = Buffer.alloc(FRAME_BYTES);
  for (const [index, { code, orderId, repeated, request }] of results.entries()) {
    const at = framesAt(bytes) + index * FRAME_BYTES;
    const frame = bytes.subarray(at, at + FRAME_BYTES);
    if (code !== 0 || repeated || frame[KIND] !== RecordKind.place) continue;
    const order = accepted.get(orderId);
    if (order === undefined) throw new Finding(`the book never took order ${orderId}`);
    writeFrame(new DataView(again.buffer, again.byteOffset), 0, frameOf(order, request));
    same(again.toString('hex'), frame.toString('hex'), 'an accepted order as a frame again');
  }
}

function frameOf(order: Order, request: number): FrameCommand {
  const { market, side, type, timeInForce, postOnly, placed, extra, clientOrderId } = order;
  const { selfTrade = 'allow', stopPrice = 0, displayQuantity = 0 } = extra ?? {};
  const terms = { side, type, timeInForce, postOnly, selfTrade, stopPrice, displayQuantity };
  return { kind: 'place', request, symbol: market.number, clientOrderId: Number(clientOrderId), ...terms, ...placed };
}

/** Where the frames begin in what the client sent. */
function framesAt(bytes: Buffer): number {
  return bytes.length < 8 ? bytes.length : 8 + bytes.readUInt16LE(6);
}

/** Two conversations that came to the same are shown as the same text. Order ids count on, so they are counted from the first. */
function shown({ isWelcome, results, end }: Conversation): string {
  const first = results.find(({ orderId }) => orderId > 0)?.orderId ?? 0;
  const counted = results.map((result) => ({ ...result, orderId: result.orderId === 0 ? 0 : result.orderId - first }));
  return JSON.stringify({ isWelcome, counted, end });
}

const hello = encodeHello({ kind: 'account', text: 'alice' });
const bid: FrameCommand = { kind: 'place', request: 1, symbol: 0, side: 0, price: 1_000, quantity: 30 };
const commands: readonly FrameCommand[] = [
  bid,
  { ...bid, side: 1, timeInForce: 'IOC', request: 2 },
  { ...bid, type: 'market', timeInForce: 'FOK', price: 0 },
  { ...bid, postOnly: true, clientOrderId: 7 },
  { ...bid, side: 1, stopPrice: 900, displayQuantity: 3, selfTrade: 'cancelOldest', price: 800 },
  { kind: 'cancel', request: 3, orderId: 5 },
  { kind: 'cancel', request: 4, clientOrderId: 7 },
  { kind: 'replace', request: 5, orderId: 5, price: 10 },
  { kind: 'replace', request: 6, clientOrderId: 7, quantity: 9 },
];

function seeds(): Uint8Array[] {
  const frames = commands.map((command) => {
    const frame = Buffer.alloc(FRAME_BYTES);
    writeFrame(new DataView(frame.buffer, frame.byteOffset), 0, command);
    return frame;
  });
  const pieces = Buffer.of(6);
  return [
    ...frames.map((frame, index) => Buffer.concat([Buffer.of(5 * index), hello, frame])),
    Buffer.concat([pieces, hello, ...frames]),
    Buffer.concat([pieces, hello, ...frames.slice(3, 4), ...frames.slice(6, 9)]),
    Buffer.concat([pieces, encodeHello({ kind: 'token', text: 'a.b.c' })]),
  ];
}

const EDGES = [0, 1, 2, 5, 255, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 0x1f_ffff, 0x20_0000];
/** Offset and size of each field of a frame; ids are two halves. */
const FIELDS = [
  [0, 1],
  [1, 1],
  [2, 2],
  [4, 4],
  [8, 4],
  [12, 4],
  [16, 4],
  [20, 4],
  [24, 4],
  [28, 4],
  [32, 4],
  [36, 4],
] as const;

/** Changes a field of one of the frames, or the size of the pieces. */
function changeField(input: Uint8Array, random: Random): Uint8Array {
  const output = Buffer.from(input);
  const start = output.length < 9 ? output.length : 9 + output.readUInt16LE(7);
  const frames = Math.floor((output.length - start) / FRAME_BYTES);
  const [offset, size] = FIELDS[Math.floor(random() * FIELDS.length)] ?? [0, 1];
  const at = frames > 0 ? start + Math.floor(random() * frames) * FRAME_BYTES + offset : output.length;
  if (at + size > output.length || random() < 0.1) output[0] = Math.floor(random() * 256);
  else if (size === 4 && random() < 0.8) output.writeUInt32LE(EDGES[Math.floor(random() * EDGES.length)] ?? 0, at);
  else output[at] = Math.floor(random() * 256);
  return new Uint8Array(output);
}

function words(): Uint8Array[] {
  return EDGES.map((edge) => {
    const word = Buffer.alloc(4);
    word.writeUInt32LE(edge);
    return word;
  });
}
