import type { Side } from '../../engine/book.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { OrderChange } from '../../exchange/listener.ts';
import type { Market } from '../../exchange/market.ts';
import type { Order, Trade } from '../../exchange/order.ts';
import type { Connection } from '../connection.ts';
import { DepthFeed } from '../depth-feed.ts';
import type { Hub } from '../hub.ts';
import { Followers, type Topic } from '../topic.ts';
import { heartbeatText, l2updateText, matchText, snapshotText, tickerText } from './encode.ts';
import { OrderFeed } from './order-feed.ts';

export const CHANNELS = ['level2', 'level2_batch', 'full', 'matches', 'ticker', 'heartbeat'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A restart begins its messages here times its epoch: above every number of an earlier one that wrote something. */
const SEQUENCES_PER_EPOCH = 2 ** 32;
const BATCH_MS = 50;
const HEARTBEAT_MS = 1_000;

/** `level2` and `level2_batch`: the book when it is subscribed to, then every level that changes. */
class Level2Topic implements Topic {
  readonly market: Market;
  readonly everyMs: number;
  readonly connections = new Followers();
  private readonly feed: DepthFeed;
  private snapshot: { readonly updateId: number; readonly message: Buffer } | undefined;

  constructor(market: Market, everyMs: number) {
    this.market = market;
    this.everyMs = everyMs;
    this.feed = new DepthFeed(market);
  }

  start(updateId: number): void {
    this.feed.start(updateId);
  }

  stop(): void {
    this.snapshot = undefined;
  }

  /** Updates that follow may tell what it shows already: sizes are whole, so nothing is counted twice. */
  greet(connection: Connection, updateId: number): void {
    if (this.snapshot?.updateId !== updateId) {
      this.snapshot = { updateId, message: Buffer.from(snapshotText(this.market)) };
    }
    connection.send(this.snapshot.message);
  }

  level(side: Side, price: number): void {
    this.feed.level(side, price);
  }

  flush(updateId: number, nowMs: number): void {
    const update = this.feed.take(updateId);
    if (update !== undefined) this.connections.publish(l2updateText(this.market, update, nowMs));
  }

  followers(): Iterable<Connection> {
    return this.connections;
  }
}

/** `full`, and `matches` and `ticker`, which are parts of it. */
class OrdersTopic implements Topic {
  readonly market: Market;
  readonly everyMs = 0;
  readonly full = new Followers();
  readonly matches = new Followers();
  readonly ticker = new Followers();
  private readonly feed: OrderFeed;
  private readonly heartbeat: HeartbeatTopic;

  constructor(market: Market, feed: OrderFeed, heartbeat: HeartbeatTopic) {
    this.market = market;
    this.feed = feed;
    this.heartbeat = heartbeat;
  }

  start(updateId: number): void {
    this.feed.start(updateId);
  }

  stop(): void {
    this.feed.stop();
  }

  trade(trade: Trade): void {
    this.feed.trade(trade);
  }

  order(order: Order, change: OrderChange): void {
    this.feed.order(order, change);
  }

  flush(updateId: number): void {
    let last: Trade | undefined;
    for (const { text, trade } of this.feed.take(updateId)) {
      if (this.full.size > 0) this.full.publish(text);
      if (trade === undefined) continue;
      if (this.matches.size > 0) this.matches.publish(text);
      last = trade;
    }
    if (last !== undefined && this.ticker.size > 0) {
      this.ticker.publish(tickerText(this.market, last, this.feed.sequence));
    }
  }

  /** Those of the heartbeat too: it says where the orders stand. */
  followers(): Connection[] {
    return [...this.full, ...this.matches, ...this.ticker, ...this.heartbeat.connections];
  }
}

class HeartbeatTopic implements Topic {
  readonly market: Market;
  readonly everyMs = HEARTBEAT_MS;
  readonly connections = new Followers();
  private readonly feed: OrderFeed;

  constructor(market: Market, feed: OrderFeed) {
    this.market = market;
    this.feed = feed;
  }

  flush(_updateId: number, nowMs: number): void {
    this.connections.publish(heartbeatText(this.market, this.feed.sequence, nowMs));
  }

  followers(): Iterable<Connection> {
    return this.connections;
  }
}

/** The channels of one product. */
class Product {
  readonly feed: OrderFeed;
  readonly topics: Readonly<Record<'level2' | 'level2_batch', Level2Topic>>;
  readonly orders: OrdersTopic;
  readonly heartbeat: HeartbeatTopic;
  private readonly market: Market;
  private readonly hub: Hub;
  private readonly running = new Set<Topic>();

  constructor(hub: Hub, market: Market, feed: OrderFeed) {
    this.hub = hub;
    this.market = market;
    this.feed = feed;
    this.topics = { level2: new Level2Topic(market, 0), level2_batch: new Level2Topic(market, BATCH_MS) };
    this.heartbeat = new HeartbeatTopic(market, feed);
    this.orders = new OrdersTopic(market, feed, this.heartbeat);
  }

  follow(channel: Channel, connection: Connection): void {
    if (!this.followersOf(channel).add(connection)) return;
    this.balance();
    if (channel === 'level2' || channel === 'level2_batch') {
      this.topics[channel].greet(connection, this.hub.updateId);
      return;
    }
    const [last] = this.market.latestTrades(1);
    if (last === undefined) return;
    const { sequence } = this.feed;
    if (channel === 'matches') connection.send(Buffer.from(matchText(this.market, last, 'last_match', sequence)));
    if (channel === 'ticker') connection.send(Buffer.from(tickerText(this.market, last, sequence)));
  }

  unfollow(channel: Channel, connection: Connection): void {
    if (this.followersOf(channel).delete(connection)) this.balance();
  }

  private followersOf(channel: Channel): Followers {
    if (channel === 'level2' || channel === 'level2_batch') return this.topics[channel].connections;
    return channel === 'heartbeat' ? this.heartbeat.connections : this.orders[channel];
  }

  /** Starts the topics that are followed, and stops the others. */
  private balance(): void {
    const { level2, level2_batch: batch } = this.topics;
    this.run(level2, level2.connections.size > 0);
    this.run(batch, batch.connections.size > 0);
    this.run(this.orders, this.orders.followers().length > 0);
    this.run(this.heartbeat, this.heartbeat.connections.size > 0);
  }

  private run(topic: Topic, isNeeded: boolean): void {
    if (isNeeded === this.running.has(topic)) return;
    if (isNeeded) {
      this.running.add(topic);
      this.hub.start(topic);
    } else {
      this.running.delete(topic);
      this.hub.stop(topic);
    }
  }
}

/** All channels of all products. */
export class CoinbaseChannels {
  private readonly hub: Hub;
  private readonly exchange: Exchange;
  private readonly firstSequence: number;
  private readonly products = new Map<Market, Product>();

  /** `epoch`: that of this start of the book. */
  constructor(hub: Hub, exchange: Exchange, epoch: number) {
    this.hub = hub;
    this.exchange = exchange;
    this.firstSequence = epoch * SEQUENCES_PER_EPOCH;
  }

  product(market: Market): Product {
    const known = this.products.get(market);
    if (known !== undefined) return known;
    const { orders, sequence } = this.exchange;
    const feed = new OrderFeed(market, (id) => orders.get(id), this.firstSequence, sequence);
    const product = new Product(this.hub, market, feed);
    this.products.set(market, product);
    return product;
  }
}
