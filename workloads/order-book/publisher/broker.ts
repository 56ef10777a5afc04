import type { PublishedTrade } from './trade-message.ts';

/**
 * A stream of a broker that holds the trades of one book. What matters is asked of it: the position to go on from, at the
 * beginning of each session, and with each append that nothing came in between.
 */
export interface Broker {
  /** Without secrets, for messages. */
  readonly description: string;
  /** Connects, makes the stream if there is none, and asks for its end. Rejects when any of it fails; `signal` gives it up. */
  connect(signal: AbortSignal): Promise<BrokerSession>;
}

export interface BrokerSession {
  /** Number of the last trade that the stream holds; 0: it holds none. */
  readonly lastNumber: number;
  /** That trade, when the broker still has it. */
  readonly lastTrade: PublishedTrade | undefined;
  /** Trades that one append takes at most. */
  readonly batch: number;
  /**
   * Adds trades that follow the last one of the stream, or of the append before this one, which need not be answered yet. Resolves
   * when the broker has acknowledged them. Rejects when it has not, or when the stream ends otherwise than expected; the session is
   * of no use then, and what the stream holds must be asked again.
   */
  append(trades: readonly PublishedTrade[]): Promise<void>;
  /** Resolves when the connection is lost. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
}

export interface BrokerOptions {
  readonly url: URL;
  /** The host of `url` and those of further servers of its cluster. */
  readonly hosts: readonly string[];
  /** Subject (JetStream) or key of the stream (Redis). */
  readonly subject: string;
  /** Content of a credentials file: NATS credentials, or `user:password`. */
  readonly credentials?: string | undefined;
  /** Certificates, PEM, to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** Copies of the stream in a cluster of NATS. */
  readonly replicas: number;
  /** Bytes (JetStream) or trades (Redis) that the stream keeps at most. */
  readonly maxBytes: number;
  readonly maxTrades: number;
}

/** Trades of an append, when the broker takes as many. */
export const LARGEST_BATCH = 1_000;
/** What a broker has not answered for this long is given up. */
export const BROKER_TIMEOUT_MS = 5_000;

/** `user` and `password` of the credentials file or the URL, undefined when neither names them. */
export function loginOf({ url, credentials }: BrokerOptions): { user: string; password: string } | undefined {
  if (credentials === undefined) {
    if (url.password === '') return undefined;
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  }
  const text = credentials.trim();
  const colon = text.indexOf(':');
  return { user: text.slice(0, Math.max(0, colon)), password: text.slice(colon + 1) };
}
