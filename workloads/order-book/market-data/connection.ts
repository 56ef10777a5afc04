import type { Clock } from '@sluice/runtime/clock';

export interface ConnectionLimits {
  /** Bytes that may wait for a reader; with more waiting it is dropped. The bytes of one message are shared by all readers. */
  readonly bufferedBytes: number;
  /** Messages of a client per second; as many may come at once after a pause. */
  readonly messagesPerSecond: number;
  /** Bytes of one message of a client. */
  readonly messageBytes: number;
  /** Streams that one connection may follow. */
  readonly subscriptions: number;
  /** Connections of all clients together. */
  readonly connections: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  bufferedBytes: 4 * 1024 * 1024,
  messagesPerSecond: 20,
  messageBytes: 16 * 1024,
  subscriptions: 1_024,
  connections: 1_000,
};

/** What a connection needs of a WebSocket: `ws` has it, and a test can. */
export interface Socket {
  readonly bufferedAmount: number;
  send(data: Buffer, options: { readonly binary: boolean }): void;
  close(code: number, reason: string): void;
  terminate(): void;
  ping(): void;
}

export const END_REASONS = [
  'client',
  'slow',
  'silent',
  'flood',
  'refused',
  'unauthenticated',
  'stopping',
  'failed',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** Close codes of RFC 6455 that a connection ends with, and what the client is told. */
const ENDINGS: Readonly<Record<Exclude<EndReason, 'client'>, readonly [code: number, reason: string]>> = {
  slow: [1008, 'SLUICE_SLOW_READER: messages are read more slowly than they come'],
  silent: [1008, 'SLUICE_SILENT: no pong was sent'],
  flood: [1008, 'SLUICE_RATE_LIMITED: too many messages were sent'],
  refused: [1008, 'SLUICE_INVALID_REQUEST: the message is not one of this protocol'],
  unauthenticated: [1008, 'SLUICE_UNAUTHENTICATED: the token is no longer good; connect with a new one'],
  stopping: [1001, 'SLUICE_STOPPING: the book is stopping'],
  failed: [1011, 'SLUICE_INTERNAL: the stream failed; connect again'],
};
/** A client that does not answer the close within this is cut off, with what still waits for it. */
const CLOSE_MS = 2_000;

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly socket: Socket;
  readonly limits: ConnectionLimits;
  readonly onSend: () => void;
  /** Called once, when the connection ends on either side. */
  readonly onEnd: (reason: EndReason) => void;
}

/** One WebSocket client. Nothing waits for it: what it does not read in time ends it. */
export class Connection {
  /** It answered the last ping. */
  isAlive = true;
  private readonly options: ConnectionOptions;
  private tokens: number;
  private filledAt: number;
  private ended = false;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.tokens = options.limits.messagesPerSecond;
    this.filledAt = options.clock.monotonic();
  }

  get isOpen(): boolean {
    return !this.ended;
  }

  send(message: Buffer): void {
    if (this.ended) return;
    const { socket, limits, onSend } = this.options;
    if (socket.bufferedAmount > limits.bufferedBytes) {
      this.end('slow');
      return;
    }
    socket.send(message, TEXT);
    onSend();
  }

  /** A message came. False when that was one too many, and the connection is ended. */
  admit(): boolean {
    if (this.ended) return false;
    const { clock, limits } = this.options;
    const now = clock.monotonic();
    const earned = ((now - this.filledAt) * limits.messagesPerSecond) / 1_000;
    this.tokens = Math.min(limits.messagesPerSecond, this.tokens + earned);
    this.filledAt = now;
    if (this.tokens < 1) {
      this.end('flood');
      return false;
    }
    this.tokens -= 1;
    return true;
  }

  /** Pings it; ends it when it did not answer the ping before. */
  ping(): void {
    if (this.ended) return;
    if (!this.isAlive) {
      this.end('silent');
      return;
    }
    this.isAlive = false;
    this.options.socket.ping();
  }

  end(reason: Exclude<EndReason, 'client'>): void {
    if (this.ended) return;
    const { clock, socket } = this.options;
    const [code, text] = ENDINGS[reason];
    socket.close(code, text);
    clock.setTimer(CLOSE_MS, () => socket.terminate());
    this.gone(reason);
  }

  /** The socket closed. */
  closed(): void {
    if (!this.ended) this.gone('client');
  }

  private gone(reason: EndReason): void {
    this.ended = true;
    this.options.onEnd(reason);
  }
}

const TEXT = { binary: false };
