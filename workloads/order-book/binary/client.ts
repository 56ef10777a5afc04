import { connect, type Socket } from 'node:net';
import { ANSWER_BYTES, END, RESULT, type Result, readEnd, readResult } from './answer-frame.ts';
import { errorOf } from './codes.ts';
import { FRAME_BYTES, type FrameCommand, writeFrame } from './command-frame.ts';
import { HeldBytes } from './held-bytes.ts';
import { type Credentials, encodeHello, readWelcome, type Welcome } from './hello.ts';

/** Why the connection is over: `code` is the `SLUICE_…` code that the book ended it with, absent when it only broke. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
  readonly code: string | undefined;

  constructor(code: string | undefined, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

export interface ClientOptions {
  readonly host?: string;
  readonly port: number;
  readonly credentials: Credentials;
  /** Called for each read with whole result frames: `count` of them from the start of `view`, which is used again when it returns. */
  readonly onResults: (view: DataView, count: number) => void;
}

/** A connection that was let in. It frames and unframes; which commands to send, and when, is its owner's. */
export interface BinaryClient {
  readonly welcome: Welcome;
  /** Resolves when the connection is over, to why. */
  readonly ended: Promise<ConnectionEnded>;
  /** Sends whole command frames. False: the system takes no more just now, so wait for results first. */
  write(frames: Uint8Array): boolean;
  /** Says that no more commands come; `ended` resolves when the results of the earlier ones are here. */
  finish(): void;
  destroy(): void;
}

const READ_BYTES = 1 << 16;

/** Connects and says hello. Rejects with ConnectionEnded when the book does not let it in. */
export function connectBinary(options: ClientOptions): Promise<BinaryClient> {
  const { host = '127.0.0.1', port, credentials, onResults } = options;
  const held = new HeldBytes();
  return new Promise((resolve, reject) => {
    // One memory for all reads: a program that sends a million commands a second does not collect garbage meanwhile.
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (length: number, buffer: Uint8Array): boolean => {
        onData(Buffer.from(buffer.buffer, buffer.byteOffset, length));
        held.keep();
        return true;
      },
    };
    const socket = connect({ host, port, noDelay: true, onread });
    socket.write(encodeHello(credentials));
    let isWelcome = false;
    let end: ConnectionEnded | undefined;
    let tellEnded = (_why: ConnectionEnded): void => undefined;
    const ended = new Promise<ConnectionEnded>((tell) => {
      tellEnded = tell;
    });
    const onData = (chunk: Buffer): void => {
      held.add(chunk);
      if (!isWelcome && held.bytes[0] !== END) {
        const read = readWelcome(held.bytes);
        if (read === undefined) return;
        isWelcome = true;
        held.drop(read.length);
        resolve(clientOf(socket, read.welcome, ended));
      }
      held.drop(takeResults(held.bytes, onResults));
      const last = held.bytes[0] === END ? readEnd(held.bytes) : undefined;
      if (last !== undefined) end = new ConnectionEnded(errorOf(last.code)?.code, last.sentence);
    };
    socket.on('error', (error) => {
      end ??= new ConnectionEnded(undefined, `The connection broke: ${error.message}`);
    });
    socket.on('close', () => {
      end ??= new ConnectionEnded(undefined, 'The connection was closed.');
      tellEnded(end);
      reject(end);
    });
  });
}

/** Hands over the whole result frames at the start of `bytes`. Returns the bytes that they take. */
function takeResults(bytes: Buffer, onResults: ClientOptions['onResults']): number {
  let count = 0;
  const most = Math.floor(bytes.length / ANSWER_BYTES);
  while (count < most && bytes[count * ANSWER_BYTES] === RESULT) count++;
  const length = count * ANSWER_BYTES;
  if (count > 0) onResults(new DataView(bytes.buffer, bytes.byteOffset, length), count);
  return length;
}

function clientOf(socket: Socket, welcome: Welcome, ended: Promise<ConnectionEnded>): BinaryClient {
  return {
    welcome,
    ended,
    write: (frames) => socket.write(frames),
    finish: () => socket.end(),
    destroy: () => socket.destroy(),
  };
}

/** A command as the caller of `send` states it. */
export type Order = FrameCommand extends infer C ? (C extends FrameCommand ? Omit<C, 'request'> : never) : never;

/** One command at a time or many at once, each with a promise of its result. */
export interface OrderClient {
  readonly welcome: Welcome;
  readonly ended: Promise<ConnectionEnded>;
  /** Resolves to the result, also to one that refuses. Rejects with ConnectionEnded when none came. */
  send(order: Order): Promise<Result>;
  finish(): void;
  destroy(): void;
}

/** As `connectBinary`, with a promise for each command: for programs that send some thousands a second. */
export async function connectOrders(options: Omit<ClientOptions, 'onResults'>): Promise<OrderClient> {
  const waiting = new Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void }>();
  const onResults = (view: DataView, count: number): void => {
    for (let index = 0; index < count; index++) {
      const result = readResult(view, index * ANSWER_BYTES);
      waiting.get(result.request)?.resolve(result);
      waiting.delete(result.request);
    }
  };
  const client = await connectBinary({ ...options, onResults });
  let over: ConnectionEnded | undefined;
  client.ended.then((why) => {
    over = why;
    for (const { reject } of waiting.values()) reject(why);
    waiting.clear();
  });
  let request = 0;
  return {
    ...client,
    send: (order) => {
      if (over !== undefined) return Promise.reject(over);
      const number = request++ >>> 0;
      const frame = new Uint8Array(FRAME_BYTES);
      writeFrame(new DataView(frame.buffer), 0, { ...order, request: number } as FrameCommand);
      client.write(frame);
      return new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));
    },
  };
}
