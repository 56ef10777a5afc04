import type { Side } from '../engine/book.ts';
import type { OrderChange } from '../exchange/listener.ts';
import type { Market } from '../exchange/market.ts';
import type { Order, Trade } from '../exchange/order.ts';
import type { Connection } from './connection.ts';

/**
 * One stream of messages about one market, for any number of connections. While somebody follows it, the hub tells it what happens,
 * of which it takes notes, and calls `flush` when it may show them: then they are durable.
 */
export interface Topic {
  readonly market: Market;
  /** Milliseconds between two flushes; 0: after every group commit. */
  readonly everyMs: number;
  /** The first follower came: `updateId` is the last command of what the book shows now. */
  start?(updateId: number): void;
  /** The last follower left. */
  stop?(): void;
  level?(side: Side, price: number): void;
  trade?(trade: Trade): void;
  order?(order: Order, change: OrderChange): void;
  /** `updateId`: the last command of what the book shows now; `nowMs`: wall clock. */
  flush(updateId: number, nowMs: number): void;
  /** Who follows it, to be told when it fails. */
  followers(): Iterable<Connection>;
}

/** The connections that follow a topic. A message is encoded once, whatever their number. */
export class Followers {
  private readonly connections = new Set<Connection>();

  get size(): number {
    return this.connections.size;
  }

  /** False when it follows already. */
  add(connection: Connection): boolean {
    if (this.connections.has(connection)) return false;
    this.connections.add(connection);
    return true;
  }

  delete(connection: Connection): boolean {
    return this.connections.delete(connection);
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.connections.values();
  }

  publish(text: string): void {
    const message = Buffer.from(text);
    // A connection that is dropped for this message leaves the set at once, which a Set bears.
    for (const connection of this.connections) connection.send(message);
  }
}
