import type { Side } from '../../engine/book.ts';
import type { Market } from '../../exchange/market.ts';
import type { Trade } from '../../exchange/order.ts';
import type { Connection } from '../connection.ts';
import { DepthFeed } from '../depth-feed.ts';
import { Followers, type Topic } from '../topic.ts';
import { bookTickerText, depthText, depthUpdateText, tradeText } from './encode.ts';
import { type BinanceSymbols, binanceName } from './symbols.ts';

/** A stream by its name. Connections that asked for combined payloads get theirs wrapped with the name. */
export abstract class Stream implements Topic {
  readonly name: string;
  readonly market: Market;
  readonly everyMs: number;
  readonly plain = new Followers();
  readonly combined = new Followers();

  constructor(name: string, market: Market, everyMs: number) {
    this.name = name;
    this.market = market;
    this.everyMs = everyMs;
  }

  get isFollowed(): boolean {
    return this.plain.size + this.combined.size > 0;
  }

  followers(): Connection[] {
    return [...this.plain, ...this.combined];
  }

  abstract flush(updateId: number, nowMs: number): void;

  /** What a new follower gets at once; undefined: nothing before something happens. */
  first(_updateId: number): string | undefined {
    return undefined;
  }

  /** Sends one follower the first message. */
  greet(connection: Connection, isCombined: boolean, updateId: number): void {
    const text = this.first(updateId);
    if (text !== undefined) connection.send(Buffer.from(isCombined ? this.wrap(text) : text));
  }

  protected publish(text: string): void {
    if (this.plain.size > 0) this.plain.publish(text);
    if (this.combined.size > 0) this.combined.publish(this.wrap(text));
  }

  private wrap(text: string): string {
    return `{"stream":"${this.name}","data":${text}}`;
  }
}

/** `<symbol>@depth`: changed levels. */
class DepthStream extends Stream {
  private readonly feed: DepthFeed;

  constructor(name: string, market: Market, everyMs: number) {
    super(name, market, everyMs);
    this.feed = new DepthFeed(market);
  }

  start(updateId: number): void {
    this.feed.start(updateId);
  }

  level(side: Side, price: number): void {
    this.feed.level(side, price);
  }

  flush(updateId: number, nowMs: number): void {
    const update = this.feed.take(updateId);
    if (update !== undefined) this.publish(depthUpdateText(this.market, update, nowMs));
  }
}

/** `<symbol>@depth5`, `10`, `20`: the best levels whenever something changed. */
class PartialDepthStream extends Stream {
  private readonly levels: number;
  private changed = false;

  constructor(name: string, market: Market, everyMs: number, levels: number) {
    super(name, market, everyMs);
    this.levels = levels;
  }

  override first(updateId: number): string {
    return depthText(this.market, updateId, this.levels);
  }

  level(): void {
    this.changed = true;
  }

  flush(updateId: number): void {
    if (!this.changed) return;
    this.changed = false;
    this.publish(this.first(updateId));
  }
}

/** `<symbol>@bookTicker`: best bid and ask when they change. */
class BookTickerStream extends Stream {
  private changed = false;
  private shown = '';

  start(): void {
    this.shown = bookTickerText(this.market);
  }

  override first(updateId: number): string {
    return `{"u":${updateId},${this.shown}}`;
  }

  level(): void {
    this.changed = true;
  }

  flush(updateId: number): void {
    if (!this.changed) return;
    this.changed = false;
    const best = bookTickerText(this.market);
    if (best === this.shown) return;
    this.shown = best;
    this.publish(`{"u":${updateId},${best}}`);
  }
}

/** `<symbol>@trade`: every trade. */
class TradeStream extends Stream {
  private trades: Trade[] = [];

  trade(trade: Trade): void {
    this.trades.push(trade);
  }

  flush(_updateId: number, nowMs: number): void {
    for (const trade of this.trades) this.publish(tradeText(this.market, trade, nowMs));
    this.trades = [];
  }
}

const NAME = /^([a-z0-9]+)@(trade|bookTicker|depth(5|10|20)?(?:@(100|1000)ms)?)$/;

/** The stream that `name` asks for; undefined when there is none such. */
export function createStream(name: string, symbols: BinanceSymbols): Stream | undefined {
  const parsed = NAME.exec(name);
  if (parsed === null) return undefined;
  const [, symbol = '', kind, levels, everyText] = parsed;
  const market = symbols.find(symbol.toUpperCase());
  if (market === undefined || binanceName(market.config.name).toLowerCase() !== symbol) return undefined;
  if (kind === 'trade') return new TradeStream(name, market, 0);
  if (kind === 'bookTicker') return new BookTickerStream(name, market, 0);
  const everyMs = everyText === '100' ? 100 : 1_000;
  if (levels === undefined) return new DepthStream(name, market, everyMs);
  return new PartialDepthStream(name, market, everyMs, Number(levels));
}
