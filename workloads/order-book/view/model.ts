/** A level as text, as the feed has it. */
export interface Level {
  readonly price: string;
  readonly quantity: string;
}

export interface Print {
  readonly id: number;
  readonly time: string;
  /** Side of the order that took. */
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
}

export type Status = 'connecting' | 'live' | 'lost';

/** Trades that are kept for the screen. */
const PRINTS = 100;

/** The book as it is watched: fed with messages of the channels `level2` and `matches`. */
export class BookModel {
  readonly symbol: string;
  readonly address: string;
  status: Status = 'connecting';
  /** Level changes and trades in the last whole second. */
  updatesPerSecond = 0;
  tradesPerSecond = 0;
  /** The trades before the first message were asked for, and came or did not. */
  hasHistory = false;
  /** Newest first. */
  readonly prints: Print[] = [];
  private readonly bids = new Map<string, string>();
  private readonly asks = new Map<string, string>();
  private lastTradeId = 0;
  private updates = 0;
  private trades = 0;

  constructor(symbol: string, address: string) {
    this.symbol = symbol;
    this.address = address;
  }

  /** Takes a message of the feed. Returns what the book refused, when it did. */
  message(text: string): string | undefined {
    const message = JSON.parse(text) as FeedMessage;
    switch (message.type) {
      case 'snapshot':
        this.replace(this.bids, message.bids);
        this.replace(this.asks, message.asks);
        this.status = 'live';
        return undefined;
      case 'l2update':
        for (const [side, price, size] of message.changes)
          this.change(side === 'buy' ? this.bids : this.asks, price, size);
        return undefined;
      case 'match':
      case 'last_match':
        this.print(message);
        return undefined;
      case 'error':
        return message.reason;
      default:
        return undefined;
    }
  }

  /** A second is over: what came in it becomes the rate. */
  second(): void {
    this.updatesPerSecond = this.updates;
    this.tradesPerSecond = this.trades;
    this.updates = 0;
    this.trades = 0;
  }

  /** The best `count` levels of a side, best first. */
  best(side: 'bids' | 'asks', count: number): Level[] {
    const sign = side === 'bids' ? -1 : 1;
    return [...this[side]]
      .map(([price, quantity]) => ({ price, quantity, at: sign * Number(price) }))
      .sort((a, b) => a.at - b.at)
      .slice(0, count);
  }

  /** Trades of before, newest first, as `GET /products/{id}/trades` answers. */
  history(trades: readonly Omit<Match, 'type'>[]): void {
    const oldest = this.prints.at(-1)?.id ?? Number.POSITIVE_INFINITY;
    for (const trade of trades) if (trade.trade_id < oldest) this.prints.push(printOf(trade));
    this.prints.length = Math.min(this.prints.length, PRINTS);
    this.lastTradeId = Math.max(this.lastTradeId, this.prints[0]?.id ?? 0);
  }

  private print(match: Match): void {
    // After a reconnect the last trade comes again.
    if (match.trade_id <= this.lastTradeId) return;
    this.lastTradeId = match.trade_id;
    if (match.type === 'match') this.trades++;
    this.prints.unshift(printOf(match));
    this.prints.length = Math.min(this.prints.length, PRINTS);
  }

  private replace(levels: Map<string, string>, rows: readonly (readonly [string, string])[]): void {
    levels.clear();
    for (const [price, size] of rows) levels.set(price, size);
  }

  private change(levels: Map<string, string>, price: string, size: string): void {
    this.updates++;
    if (Number(size) === 0) levels.delete(price);
    else levels.set(price, size);
  }
}

/** The feed names the side of the maker. */
function printOf({ trade_id: id, time, side, price, size }: Omit<Match, 'type'>): Print {
  return { id, time, side: side === 'buy' ? 'sell' : 'buy', price, quantity: size };
}

export interface Match {
  readonly type: 'match' | 'last_match';
  readonly trade_id: number;
  readonly time: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly size: string;
}

type Rows = readonly (readonly [price: string, size: string])[];

/** What the feed sends, as docs/order-book-market-data.md has it. */
type FeedMessage =
  | { readonly type: 'snapshot'; readonly bids: Rows; readonly asks: Rows }
  | { readonly type: 'l2update'; readonly changes: readonly (readonly ['buy' | 'sell', string, string])[] }
  | Match
  | { readonly type: 'error'; readonly reason: string }
  | { readonly type: 'subscriptions' };
