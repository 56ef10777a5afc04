import type { Connection } from '../connection.ts';
import type { Session } from '../doors.ts';
import type { Hub } from '../hub.ts';
import { createStream, type Stream } from './streams.ts';
import type { BinanceSymbols } from './symbols.ts';

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'];

/** All streams that somebody follows, by name. */
export class BinanceStreams {
  readonly maxSubscriptions: number;
  private readonly hub: Hub;
  private readonly symbols: BinanceSymbols;
  private readonly streams = new Map<string, Stream>();

  constructor(hub: Hub, symbols: BinanceSymbols, maxSubscriptions: number) {
    this.hub = hub;
    this.symbols = symbols;
    this.maxSubscriptions = maxSubscriptions;
  }

  /** Makes the connection follow the stream. False when there is no such stream. */
  follow(name: string, connection: Connection, isCombined: boolean): boolean {
    const known = this.streams.get(name);
    const stream = known ?? createStream(name, this.symbols);
    if (stream === undefined) return false;
    if (known === undefined) {
      this.streams.set(name, stream);
      this.hub.start(stream);
    }
    const isNew = (isCombined ? stream.combined : stream.plain).add(connection);
    if (isNew) stream.greet(connection, isCombined, this.hub.updateId);
    return true;
  }

  unfollow(name: string, connection: Connection): void {
    const stream = this.streams.get(name);
    if (stream === undefined) return;
    stream.plain.delete(connection);
    stream.combined.delete(connection);
    if (stream.isFollowed) return;
    this.streams.delete(name);
    this.hub.stop(stream);
  }
}

/** One Binance-shaped connection. `/ws/<stream>` begins plain, `/stream?streams=` combined; requests may come on both. */
export class BinanceSession implements Session {
  private readonly streams: BinanceStreams;
  private readonly connection: Connection;
  private readonly followed = new Set<string>();
  private isCombined: boolean;
  private ended = false;

  constructor(streams: BinanceStreams, connection: Connection, isCombined: boolean) {
    this.streams = streams;
    this.connection = connection;
    this.isCombined = isCombined;
  }

  /** Follows the streams that the address names. An unknown one is silent, as it is there. */
  begin(names: readonly string[]): void {
    for (const name of names.slice(0, this.streams.maxSubscriptions)) this.follow(name);
  }

  message(text: string): void {
    let request: unknown;
    try {
      request = JSON.parse(text);
    } catch {
      this.reply({ code: 3, msg: 'Invalid JSON: the message could not be read' });
      return;
    }
    if (typeof request !== 'object' || request === null || Array.isArray(request)) {
      this.reply({ code: 3, msg: 'Invalid JSON: a request is an object' });
      return;
    }
    const { method, params, id } = request as { method?: unknown; params?: unknown; id?: unknown };
    if (!isId(id)) {
      this.reply({ code: 2, msg: 'Invalid request: request ID must be an unsigned integer, a short string or null' });
      return;
    }
    const answer = this.answer(method, params);
    this.reply('error' in answer ? { ...answer, id } : { result: answer.result, id });
  }

  end(): void {
    this.ended = true;
    this.unfollowAll();
  }

  private unfollowAll(): void {
    for (const name of this.followed) this.streams.unfollow(name, this.connection);
    this.followed.clear();
  }

  private answer(method: unknown, params: unknown): { result: unknown } | { error: { code: number; msg: string } } {
    switch (method) {
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE': {
        if (!Array.isArray(params) || !params.every((name) => typeof name === 'string')) {
          return wrong(2, 'Invalid request: params must be a list of stream names');
        }
        return method === 'SUBSCRIBE' ? this.subscribe(params) : this.unsubscribe(params);
      }
      case 'LIST_SUBSCRIPTIONS':
        return { result: [...this.followed] };
      case 'GET_PROPERTY':
        return isCombinedProperty(params, 1) ? { result: this.isCombined } : wrong(0, 'Unknown property');
      case 'SET_PROPERTY': {
        if (!isCombinedProperty(params, 2)) return wrong(0, 'Unknown property');
        const [, value] = params;
        if (typeof value !== 'boolean') return wrong(1, 'Invalid value type: expected Boolean');
        this.combine(value);
        return { result: null };
      }
      default: {
        const name = typeof method === 'string' ? method.slice(0, 40) : typeof method;
        return wrong(2, `Invalid request: unknown variant ${name}, expected one of ${METHODS.join(', ')}`);
      }
    }
  }

  private subscribe(names: readonly string[]): ReturnType<BinanceSession['answer']> {
    const added = names.filter((name) => !this.followed.has(name));
    if (this.followed.size + added.length > this.streams.maxSubscriptions) {
      return wrong(2, `Invalid request: a connection follows at most ${this.streams.maxSubscriptions} streams`);
    }
    for (const name of added) {
      if (!this.follow(name))
        return wrong(2, `Invalid request: there is no stream ${JSON.stringify(name.slice(0, 80))}`);
    }
    return { result: null };
  }

  private unsubscribe(names: readonly string[]): ReturnType<BinanceSession['answer']> {
    for (const name of names) {
      if (this.followed.delete(name)) this.streams.unfollow(name, this.connection);
    }
    return { result: null };
  }

  private combine(isCombined: boolean): void {
    if (isCombined === this.isCombined) return;
    const names = [...this.followed];
    this.unfollowAll();
    this.isCombined = isCombined;
    for (const name of names) this.follow(name);
  }

  private follow(name: string): boolean {
    if (this.ended) return false;
    // First, because the greeting may be one message too many for the reader, and then everything in the set is left.
    this.followed.add(name);
    if (this.streams.follow(name, this.connection, this.isCombined)) return true;
    this.followed.delete(name);
    return false;
  }

  private reply(answer: object): void {
    this.connection.send(Buffer.from(JSON.stringify(answer)));
  }
}

function wrong(code: number, msg: string): { error: { code: number; msg: string } } {
  return { error: { code, msg } };
}

function isId(id: unknown): boolean {
  if (id === null || id === undefined) return true;
  return typeof id === 'number' ? Number.isSafeInteger(id) : typeof id === 'string' && id.length <= 36;
}

function isCombinedProperty(params: unknown, length: number): params is readonly unknown[] {
  return Array.isArray(params) && params.length === length && params[0] === 'combined';
}
