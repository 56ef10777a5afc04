import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Metrics } from '@sluice/runtime/telemetry';
import type { RawData, WebSocket } from 'ws';
import { errors } from '../errors.ts';
import { Connection, type ConnectionLimits } from './connection.ts';
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

/** All WebSocket connections, of whatever shape: counts them, pings them, ends them. */
export class Doors {
  private readonly clock: Clock;
  private readonly limits: ConnectionLimits;
  private readonly metrics: Metrics<typeof streamMetrics>;
  private readonly connections = new Set<Connection>();
  private cancelPing: () => void;
  private isStopped = false;

  constructor(clock: Clock, limits: ConnectionLimits, metrics: Metrics<typeof streamMetrics>) {
    this.clock = clock;
    this.limits = limits;
    this.metrics = metrics;
    this.cancelPing = this.pingLater();
    for (const shape of ['binance', 'coinbase'] as const) {
      metrics.connections.set({ shape }, 0);
      metrics.messages.inc({ shape }, 0);
      for (const reason of ['client', 'slow', 'silent', 'flood', 'refused', 'stopping', 'failed']) {
        metrics.closed.inc({ shape, reason }, 0);
      }
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

  /** Takes over a socket that was just opened. */
  open(shape: Shape, socket: WebSocket, begin: (connection: Connection) => Session): void {
    const { metrics } = this;
    let session: Session | undefined;
    const connection: Connection = new Connection({
      clock: this.clock,
      socket,
      limits: this.limits,
      onSend: () => metrics.messages.inc({ shape }),
      onEnd: (reason) => {
        this.connections.delete(connection);
        metrics.connections.dec({ shape });
        metrics.closed.inc({ shape, reason });
        session?.end();
      },
    });
    this.connections.add(connection);
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
    for (const connection of this.connections) connection.end('stopping');
  }

  private pingLater(): () => void {
    return this.clock.setTimer(PING_MS, () => {
      this.cancelPing = this.pingLater();
      for (const connection of this.connections) connection.ping();
    });
  }
}
