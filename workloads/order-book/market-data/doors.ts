import { CodedError, type TokenVerifier } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Metrics } from '@sluice/runtime/telemetry';
import type { RawData, WebSocket } from 'ws';
import { errors } from '../errors.ts';
import { endOfToken } from '../gateway/account.ts';
import { Connection, type ConnectionLimits, END_REASONS } from './connection.ts';
import type { streamMetrics } from './metrics.ts';

export type Shape = 'binance' | 'coinbase';

/** What one protocol does with a connection. */
export interface Session {
  /** A text message of the client. */
  message(text: string): void;
  /** The connection is gone: follow nothing any more. */
  end(): void;
}

const PING_MS = 20_000;

export interface DoorsOptions {
  readonly clock: Clock;
  readonly limits: ConnectionLimits;
  readonly metrics: Metrics<typeof streamMetrics>;
  /** Absent: no token is asked for. */
  readonly auth: TokenVerifier | undefined;
}

/** All WebSocket connections, of whatever shape: counts them, pings them, ends them. */
export class Doors {
  private readonly clock: Clock;
  private readonly limits: ConnectionLimits;
  private readonly metrics: Metrics<typeof streamMetrics>;
  private readonly auth: TokenVerifier | undefined;
  /** With the header `authorization` that each was let in with. */
  private readonly connections = new Map<Connection, string | undefined>();
  private cancelPing: () => void;
  private isStopped = false;

  constructor({ clock, limits, metrics, auth }: DoorsOptions) {
    this.clock = clock;
    this.limits = limits;
    this.metrics = metrics;
    this.auth = auth;
    this.cancelPing = this.pingLater();
    for (const shape of ['binance', 'coinbase'] as const) {
      metrics.connections.set({ shape }, 0);
      metrics.messages.inc({ shape }, 0);
      for (const reason of END_REASONS) metrics.closed.inc({ shape, reason }, 0);
    }
  }

  get size(): number {
    return this.connections.size;
  }

  /** Throws SLUICE_TOO_MANY_CONNECTIONS or SLUICE_STOPPING when no further one can be had: asked before the upgrade. */
  checkRoom(): void {
    if (this.isStopped) {
      throw new CodedError(errors.stopping, 'The book is stopping: connect to its next start.', {
        retryAfterSeconds: 2,
      });
    }
    if (this.connections.size < this.limits.connections) return;
    const sentence = `${this.limits.connections} WebSocket connections are open, which is as many as the book takes.`;
    throw new CodedError(errors.tooManyConnections, sentence, { retryAfterSeconds: 10 });
  }

  /** Takes over a socket that was just opened, by a request with this header `authorization`. */
  open(
    shape: Shape,
    socket: WebSocket,
    authorization: string | undefined,
    begin: (connection: Connection) => Session,
  ): void {
    const { metrics } = this;
    // A look-up of labels per message and reader would cost as much as the message.
    const messages = metrics.messages.labels({ shape });
    let session: Session | undefined;
    const connection: Connection = new Connection({
      clock: this.clock,
      socket,
      limits: this.limits,
      onSend: () => messages.inc(),
      onEnd: (reason) => {
        this.connections.delete(connection);
        metrics.connections.dec({ shape });
        metrics.closed.inc({ shape, reason });
        session?.end();
      },
    });
    this.connections.set(connection, authorization);
    metrics.connections.inc({ shape });
    socket.on('pong', () => {
      connection.isAlive = true;
    });
    socket.on('close', () => connection.closed());
    const begun = begin(connection);
    session = begun;
    // The first messages may have been too many already.
    if (!connection.isOpen) begun.end();
    socket.on('message', (data: RawData, isBinary: boolean) => {
      if (!connection.admit()) return;
      if (isBinary) connection.end('refused');
      else begun.message(String(data));
    });
  }

  /** Tells every client that the book is stopping. */
  stop(): void {
    this.isStopped = true;
    this.cancelPing();
    for (const connection of this.connections.keys()) connection.end('stopping');
  }

  private pingLater(): () => void {
    return this.clock.setTimer(PING_MS, () => {
      this.cancelPing = this.pingLater();
      for (const [connection, authorization] of this.connections) {
        connection.ping();
        void this.checkToken(connection, authorization);
      }
    });
  }

  /** Tokens end while connections live on. */
  private async checkToken(connection: Connection, authorization: string | undefined): Promise<void> {
    if (this.auth === undefined) return;
    if ((await endOfToken(this.auth, authorization)) !== undefined) connection.end('unauthenticated');
  }
}
