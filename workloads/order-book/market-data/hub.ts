import type { Clock } from '@sluice/runtime/clock';
import type { Logger } from '@sluice/runtime/telemetry';
import type { Exchange } from '../exchange/exchange.ts';
import type { ExchangeListener } from '../exchange/listener.ts';
import type { Market } from '../exchange/market.ts';
import type { Topic } from './topic.ts';

interface Tick {
  readonly topics: Set<Topic>;
  cancel: () => void;
}

/**
 * Passes what the exchange does to the topics that somebody follows. They take notes while commands are applied; the notes are shown
 * after the group commit (`applied`) or, for topics with an interval, at its next tick. Both are turns of the event loop in which
 * everything that the exchange holds is durable. The exchange is listened to only while there is a topic.
 */
export class Hub {
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly exchange: Exchange;
  private readonly topics = new Map<Market, readonly Topic[]>();
  private readonly prompt = new Set<Topic>();
  private readonly ticks = new Map<number, Tick>();
  private readonly listener: ExchangeListener = {
    level: (market, side, price) => this.each(market, (topic) => topic.level?.(side, price)),
    trade: (market, trade) => this.each(market, (topic) => topic.trade?.(trade)),
    order: (order, change) => this.each(order.market, (topic) => topic.order?.(order, change)),
  };

  constructor(clock: Clock, log: Logger, exchange: Exchange) {
    this.clock = clock;
    this.log = log;
    this.exchange = exchange;
  }

  /** The last command that the book shows. */
  get updateId(): number {
    return this.exchange.sequence;
  }

  /** To be called when a group commit is durable and applied. */
  readonly applied = (): void => {
    if (this.prompt.size > 0) this.flush(this.prompt);
  };

  /** From now on `topic` hears what happens. */
  start(topic: Topic): void {
    const { listeners } = this.exchange;
    if (!listeners.includes(this.listener)) listeners.push(this.listener);
    this.topics.set(topic.market, [...(this.topics.get(topic.market) ?? []), topic]);
    topic.start?.(this.exchange.sequence);
    if (topic.everyMs === 0) {
      this.prompt.add(topic);
      return;
    }
    const tick = this.ticks.get(topic.everyMs);
    if (tick === undefined) this.beginTicks(topic);
    else tick.topics.add(topic);
  }

  stop(topic: Topic): void {
    topic.stop?.();
    const left = this.topics.get(topic.market)?.filter((other) => other !== topic) ?? [];
    if (left.length > 0) this.topics.set(topic.market, left);
    else this.topics.delete(topic.market);
    const { listeners } = this.exchange;
    if (this.topics.size === 0 && listeners.includes(this.listener)) {
      listeners.splice(listeners.indexOf(this.listener), 1);
    }
    this.prompt.delete(topic);
    const tick = this.ticks.get(topic.everyMs);
    if (tick === undefined || !tick.topics.delete(topic) || tick.topics.size > 0) return;
    tick.cancel();
    this.ticks.delete(topic.everyMs);
  }

  private beginTicks(first: Topic): void {
    const tick: Tick = { topics: new Set([first]), cancel: () => undefined };
    const next = (): void => {
      tick.cancel = this.clock.setTimer(first.everyMs, () => {
        next();
        this.flush(tick.topics);
      });
    };
    this.ticks.set(first.everyMs, tick);
    next();
  }

  private flush(topics: ReadonlySet<Topic>): void {
    const nowMs = this.clock.now();
    for (const topic of topics) this.guard(topic, () => topic.flush(this.exchange.sequence, nowMs));
  }

  private each(market: Market, tell: (topic: Topic) => void): void {
    const topics = this.topics.get(market);
    if (topics === undefined) return;
    for (const topic of topics) this.guard(topic, () => tell(topic));
  }

  /** A mistake in a stream ends that stream's readers, who then ask afresh; it must not reach the book. */
  private guard(topic: Topic, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.log.error(
        { err: error, symbol: topic.market.config.name },
        'a stream failed and its readers were sent away',
      );
      for (const connection of [...topic.followers()]) connection.end('failed');
    }
  }
}
