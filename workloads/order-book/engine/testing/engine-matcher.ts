import type * as BookModule from '../book.ts';
import type * as ReportsModule from '../reports.ts';
import type { Depth, Matcher, Message } from './message.ts';

/** The modules of an engine: the real ones, or ones with a seeded bug. */
export interface Engine {
  readonly book: typeof BookModule;
  readonly reports: typeof ReportsModule;
}

/** A seeded bug may loop for ever; nothing in these tests comes near so many events, levels or orders. */
const ENDLESS = 2 ** 15;

/** Speaks the tests' language to the engine, and checks the book's inner accounts after every message. */
export class EngineMatcher implements Matcher {
  readonly book: BookModule.Book;
  private readonly engine: Engine;
  private readonly reports: ReportsModule.Reports;

  constructor(engine: Engine) {
    this.engine = engine;
    this.reports = new engine.reports.Reports(16, (full) => {
      if (full.count >= ENDLESS) fail('an endless sweep');
      full.grow();
    });
    this.book = new engine.book.Book(this.reports);
  }

  send(message: Message): string[] {
    const { BUY, SELL, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, POST_ONLY, KEEP_PRIORITY } = this.engine.book;
    this.reports.count = 0;
    if (message.type === 'cancel') {
      this.book.cancel(message.id);
    } else if (message.type === 'replace') {
      const flags = { move: 0, keep: KEEP_PRIORITY, post: POST_ONLY }[message.mode];
      this.book.replace(message.id, message.price, message.quantity, flags);
    } else {
      const flags = { gtc: 0, ioc: IMMEDIATE_OR_CANCEL, fok: FILL_OR_KILL, post: POST_ONLY }[message.mode];
      this.book.place(message.id, message.side === 'buy' ? BUY : SELL, message.price, message.quantity, flags);
    }
    return Array.from({ length: this.reports.count }, (_, index) => this.line(index));
  }

  depth(): Depth {
    const { BUY, SELL } = this.engine.book;
    const volumes = (side: BookModule.Side): string[] => {
      const lines: string[] = [];
      this.book.levels(side, (price, volume) => {
        if (lines.push(`${price}:${volume}`) > ENDLESS) fail('an endless ladder');
        return true;
      });
      return lines;
    };
    return { bids: volumes(BUY), asks: volumes(SELL) };
  }

  /** Best prices equal the ladder's ends, never crossed; every level's volume is the sum of its orders; the count fits. */
  audit(): void {
    const { BUY, SELL } = this.engine.book;
    const { book } = this;
    let orders = 0;
    for (const side of [BUY, SELL] as const) {
      const sums = new Map<number, number>();
      book.eachOrder(side, (id, price, remaining) => {
        if (++orders > ENDLESS) fail('an endless queue');
        if (remaining <= 0) fail(`order ${id} rests with ${remaining}`);
        if (book.remaining(id) !== remaining) fail(`order ${id} is not found by its id`);
        sums.set(price, (sums.get(price) ?? 0) + remaining);
      });
      const levels: number[] = [];
      book.levels(side, (price, volume) => {
        levels.push(price);
        if (sums.get(price) !== volume) fail(`level ${price} says ${volume}, its orders add up to ${sums.get(price)}`);
        return true;
      });
      if (levels.length !== sums.size) fail('a level without orders');
    }
    if (orders !== book.size) fail(`${orders} orders rest, the book counts ${book.size}`);
    if (book.bestBid >= book.bestAsk) fail(`crossed: bid ${book.bestBid}, ask ${book.bestAsk}`);
  }

  private line(index: number): string {
    const { REPORT_WORDS, ReportType, Reason } = this.engine.reports;
    const at = index * REPORT_WORDS;
    const { words, doubles } = this.reports;
    const head = words[at] ?? 0;
    const amount = `${words[at + 2]}@${words[at + 1]}`;
    const id = doubles[(at >> 1) + 2];
    switch (head & 255) {
      case ReportType.accepted:
        return `accepted ${id} ${amount}`;
      case ReportType.trade:
        return `trade ${amount} ${id}<${doubles[(at >> 1) + 3]}`;
      case ReportType.cancelled:
        return `cancelled ${id} ${amount}`;
      case ReportType.modified:
        return `replaced ${id} ${amount}`;
      case ReportType.cancelRejected:
        return `no-cancel ${id}`;
      case ReportType.modifyRejected:
        return `no-replace ${id}`;
      default: {
        const names = new Map<number, string>([
          [Reason.duplicateId, 'duplicate'],
          [Reason.wouldMatch, 'would-match'],
          [Reason.notFillable, 'not-fillable'],
        ]);
        return `refused ${id} ${names.get(head >>> 16)}`;
      }
    }
  }
}

function fail(sentence: string): never {
  throw new Error(`the book's accounts are wrong: ${sentence}`);
}
