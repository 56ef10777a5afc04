import type { Exchange } from '../../exchange/exchange.ts';
import type { Market } from '../../exchange/market.ts';
import type { Connection } from '../connection.ts';
import type { Session } from '../doors.ts';
import { CHANNELS, type Channel, type CoinbaseChannels } from './channels.ts';

interface Wanted {
  readonly channel: Channel;
  readonly market: Market;
}

/** One Coinbase-shaped connection: subscribe and unsubscribe messages, each answered with what is followed after it. */
export class CoinbaseSession implements Session {
  private readonly channels: CoinbaseChannels;
  private readonly exchange: Exchange;
  private readonly connection: Connection;
  private readonly maxSubscriptions: number;
  /** By channel and product. */
  private readonly followed = new Map<string, Wanted>();

  constructor(channels: CoinbaseChannels, exchange: Exchange, connection: Connection, maxSubscriptions: number) {
    this.channels = channels;
    this.exchange = exchange;
    this.connection = connection;
    this.maxSubscriptions = maxSubscriptions;
  }

  message(text: string): void {
    const request = parse(text);
    if (request === undefined) {
      this.refuse('Failed to parse the message', 'a message is a JSON object with type, product_ids and channels');
      return;
    }
    const { type } = request;
    if (type !== 'subscribe' && type !== 'unsubscribe') {
      this.refuse('Unknown message type', 'type must be "subscribe" or "unsubscribe"');
      return;
    }
    const wanted = this.wanted(request);
    if (typeof wanted === 'string') {
      this.refuse(`Failed to ${type}`, wanted);
      return;
    }
    if (type === 'subscribe') this.subscribe(wanted);
    else this.unsubscribe(wanted);
  }

  end(): void {
    for (const { channel, market } of this.followed.values()) {
      this.channels.product(market).unfollow(channel, this.connection);
    }
    this.followed.clear();
  }

  private subscribe(wanted: readonly Wanted[]): void {
    const added = new Map(wanted.map((each) => [keyOf(each), each]));
    for (const key of this.followed.keys()) added.delete(key);
    if (this.followed.size + added.size > this.maxSubscriptions) {
      this.refuse('Failed to subscribe', this.tooMany());
      return;
    }
    for (const [key, each] of added) this.followed.set(key, each);
    this.confirm();
    for (const { channel, market } of added.values()) {
      // The snapshot before may have been one too many for the reader.
      if (this.connection.isOpen) this.channels.product(market).follow(channel, this.connection);
    }
  }

  private unsubscribe(wanted: readonly Wanted[]): void {
    for (const each of wanted) {
      if (!this.followed.delete(keyOf(each))) continue;
      this.channels.product(each.market).unfollow(each.channel, this.connection);
    }
    this.confirm();
  }

  /** What a message asks for, or what is wrong with it. */
  private wanted(request: Readonly<Record<string, unknown>>): Wanted[] | string {
    const { channels, product_ids: products = [] } = request;
    if (!Array.isArray(channels) || channels.length === 0) return 'channels must be a list of channels';
    const wanted: Wanted[] = [];
    for (const entry of channels as readonly unknown[]) {
      const isNamed = typeof entry === 'object' && entry !== null;
      const { name, product_ids: own = products } = (isNamed ? entry : { name: entry }) as Record<string, unknown>;
      const channel = CHANNELS.find((known) => known === name);
      if (channel === undefined) return `${shortened(name)} is not a channel of this book: ${CHANNELS.join(', ')}`;
      if (!Array.isArray(own) || own.length === 0) return `product_ids must name the products of ${channel}`;
      for (const id of own as readonly unknown[]) {
        const market = typeof id === 'string' ? this.exchange.markets.get(id) : undefined;
        if (market === undefined) return `${shortened(id)} is not a valid product`;
        // Two lists multiply: a message of 16 KiB could ask for a million.
        if (wanted.length === this.maxSubscriptions) return this.tooMany();
        wanted.push({ channel, market });
      }
    }
    return wanted;
  }

  private tooMany(): string {
    return `a connection follows at most ${this.maxSubscriptions} channels of products`;
  }

  private confirm(): void {
    const channels = CHANNELS.map((name) => ({
      name,
      product_ids: [...this.followed.values()]
        .filter(({ channel }) => channel === name)
        .map(({ market }) => market.config.name),
    }));
    this.reply({ type: 'subscriptions', channels: channels.filter(({ product_ids: ids }) => ids.length > 0) });
  }

  private refuse(message: string, reason: string): void {
    this.reply({ type: 'error', message, reason });
  }

  private reply(answer: object): void {
    this.connection.send(Buffer.from(JSON.stringify(answer)));
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function shortened(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 80) : typeof value;
}

function keyOf({ channel, market }: Wanted): string {
  return `${channel} ${market.config.name}`;
}
