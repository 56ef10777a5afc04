import type * as BookModule from '../book.ts';
import type * as HostedModule from '../hosted-orders.ts';
import type * as ReportsModule from '../reports.ts';
import type { Depth, Matcher, Message, SelfTrade } from './message.ts';

/** The modules of an engine: the real ones, or ones with a seeded bug. */
export interface Engine {
  readonly book: typeof BookModule;
  readonly hosted: typeof HostedModule;
  readonly reports: typeof ReportsModule;
}

/** A seeded bug may loop for ever; nothing in these tests comes near so many events, levels or orders. */
const ENDLESS = 2 ** 15;

/** How a book finds its orders: by an index of its own, or by a word in records of its host. */
export type OrderStore = 'indexed' | 'hosted';
export const ORDER_STORES: readonly OrderStore[] = ['indexed', 'hosted'];

/** Records of a host: three words each, of which the book keeps the second. They move when there are more of them. */
class TestHost {
  words = new Int32Array(3);
  private readonly places = new Map<number, number>();
  private readonly ids = new Map<number, number>();

  placeOf(id: number): number {
    const known = this.places.get(id);
    if (known !== undefined) return known;
    const place = this.words.length;
    const grown = new Int32Array(place + 3);
    grown.set(this.words);
    this.words = grown;
    this.places.set(id, place);
    this.ids.set(place, id);
    return place;
  }

  idAt(place: number): number {
    return this.ids.get(place) ?? 0;
  }
}

/** Speaks the tests' language to the engine, and checks the book's inner accounts after every message. */
export class EngineMatcher implements Matcher {
  readonly book: BookModule.Book;
  private readonly engine: Engine;
  private readonly reports: ReportsModule.Reports;
  private readonly host: TestHost | undefined;

  constructor(engine: Engine, store: OrderStore = 'indexed') {
    this.engine = engine;
    this.reports = new engine.reports.Reports(16, (full) => {
      if (full.count >= ENDLESS) fail('an endless sweep');
      full.grow();
    });
    if (store === 'indexed') {
      this.book = new engine.book.Book(this.reports);
    } else {
      this.host = new TestHost();
      this.book = new engine.book.Book(this.reports, { orders: new engine.hosted.HostedOrders(this.host, 1) });
    }
  }

  send(message: Message): string[] {
    this.reports.count = 0;
    this.apply(message);
    return Array.from({ length: this.reports.count }, (_, index) => this.line(index));
  }

  depth(): Depth {
    const { BUY, SELL } = this.engine.book;
    const { book } = this;
    const volumes = (side: BookModule.Side): string[] => {
      const lines: string[] = [];
      book.levels(side, (price, volume) => {
        if (lines.push(`${price}:${volume}`) > ENDLESS) fail('an endless ladder');
        return true;
      });
      return lines;
    };
    const stops: string[] = [];
    for (const side of [BUY, SELL] as const) book.eachStop(side, (id, stop) => stops.push(`${this.idOf(id)}>${stop}`));
    const called: string[] = [];
    book.eachCalled((id, _side, price, quantity) => called.push(`${this.idOf(id)}:${quantity}@${price}`));
    return { bids: volumes(BUY), asks: volumes(SELL), stops, called, lastPrice: book.lastPrice };
  }

  /** Best prices equal the ladder's ends, never crossed; every level's volume is the sum of its orders; the count fits. */
  audit(): void {
    const { BUY, SELL } = this.engine.book;
    const { book } = this;
    let orders = 0;
    for (const side of [BUY, SELL] as const) {
      const sums = new Map<number, number>();
      book.eachOrder(side, (id, price, shown, hidden) => {
        if (++orders > ENDLESS) fail('an endless queue');
        if (shown <= 0) fail(`order ${id} rests with ${shown}`);
        if (book.remaining(id) !== shown + hidden) fail(`order ${id} is not found by its id`);
        sums.set(price, (sums.get(price) ?? 0) + shown);
      });
      const levels: number[] = [];
      book.levels(side, (price, volume) => {
        levels.push(price);
        if (sums.get(price) !== volume) fail(`level ${price} says ${volume}, its orders add up to ${sums.get(price)}`);
        return true;
      });
      if (levels.length !== sums.size) fail('a level without orders');
    }
    for (const side of [BUY, SELL] as const) book.eachStop(side, () => orders++);
    book.eachCalled(() => orders++);
    if (orders !== book.size) fail(`${orders} orders are there, the book counts ${book.size}`);
    if (book.bestBid >= book.bestAsk) fail(`crossed: bid ${book.bestBid}, ask ${book.bestAsk}`);
  }

  private apply(message: Message): void {
    const engine = this.engine.book;
    const { book } = this;
    if (message.type === 'cancel') {
      book.cancel(this.nameOf(message.id));
    } else if (message.type === 'phase') {
      const { CONTINUOUS, HALTED, CALL } = engine;
      const phases = { continuous: CONTINUOUS, halted: HALTED, call: CALL } as const;
      book.enterPhase(phases[message.phase]);
    } else if (message.type === 'band') {
      book.setBand(message.lowest, message.highest);
    } else if (message.type === 'replace') {
      const { KEEP_PRIORITY, POST_ONLY } = engine;
      const flags = { move: 0, keep: KEEP_PRIORITY, post: POST_ONLY }[message.mode];
      book.replace(
        this.nameOf(message.id),
        message.price,
        message.quantity,
        flags | selfTradeFlag(engine, message.selfTrade),
      );
    } else {
      const { price, quantity, owner = 0, stop = 0, peak = 0 } = message;
      const id = this.nameOf(message.id);
      const partner = message.partner === undefined ? 0 : this.nameOf(message.partner);
      const { IMMEDIATE_OR_CANCEL, FILL_OR_KILL, POST_ONLY, MARKET, BUY, SELL } = engine;
      const mode = { gtc: 0, ioc: IMMEDIATE_OR_CANCEL, fok: FILL_OR_KILL, post: POST_ONLY }[message.mode];
      const flags = mode | (message.market === true ? MARKET : 0) | selfTradeFlag(engine, message.selfTrade);
      const side = message.side === 'buy' ? BUY : SELL;
      if (stop + peak + partner === 0) book.place(id, side, price, quantity, flags, owner);
      else book.placeSpecial({ id, side, price, quantity, flags, owner, stop, peak, partner });
    }
  }

  /** What the book calls the order. */
  private nameOf(id: number): number {
    return this.host === undefined ? id : this.host.placeOf(id);
  }

  private idOf(name: number): number {
    return this.host === undefined ? name : this.host.idAt(name);
  }

  private line(index: number): string {
    const { REPORT_WORDS, ReportType } = this.engine.reports;
    const at = index * REPORT_WORDS;
    const { words, doubles } = this.reports;
    const head = words[at] ?? 0;
    const amount = `${words[at + 2]}@${words[at + 1]}`;
    const id = this.idOf(doubles[(at >> 1) + 2] ?? 0);
    const counterparty = this.idOf(doubles[(at >> 1) + 3] ?? 0);
    const reason = this.reasonName(head >>> 16);
    switch (head & 255) {
      case ReportType.accepted:
        return `accepted ${id} ${amount}`;
      case ReportType.trade:
        return ((head >> 8) & 255) === 0
          ? `trade ${amount} ${id}<${counterparty}`
          : `auction ${amount} ${id}+${counterparty}`;
      case ReportType.cancelled:
        return `cancelled ${id} ${amount}${reason === '' ? '' : ` ${reason}`}`;
      case ReportType.modified:
        return `replaced ${id} ${amount}`;
      case ReportType.cancelRejected:
        return `no-cancel ${id}`;
      case ReportType.modifyRejected:
        return `no-replace ${id}`;
      case ReportType.triggered:
        return `triggered ${id} ${amount}`;
      case ReportType.prevented:
        return `prevented ${amount} ${id}<${counterparty}`;
      default:
        return `refused ${id} ${reason}`;
    }
  }

  /** '' for what needs no word. */
  private reasonName(reason: number): string {
    const { Reason } = this.engine.reports;
    const names = new Map<number, string>([
      [Reason.duplicateId, 'duplicate'],
      [Reason.wouldMatch, 'would-match'],
      [Reason.notFillable, 'not-fillable'],
      [Reason.bookFull, 'full'],
      [Reason.halted, 'halted'],
      [Reason.notInAuction, 'not-in-auction'],
      [Reason.outOfBand, 'out-of-band'],
      [Reason.noLastPrice, 'no-last-price'],
      [Reason.badPartner, 'bad-partner'],
      [Reason.selfTrade, 'self-trade'],
      [Reason.byPartner, 'partner'],
    ]);
    return names.get(reason) ?? '';
  }
}

function selfTradeFlag(engine: typeof BookModule, mode: SelfTrade | undefined): number {
  const { CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT } = engine;
  if (mode === undefined) return 0;
  return { newest: CANCEL_NEWEST, oldest: CANCEL_OLDEST, both: CANCEL_BOTH, decrement: DECREMENT }[mode];
}

function fail(sentence: string): never {
  throw new Error(`the book's accounts are wrong: ${sentence}`);
}
