import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { Exchange } from '../../exchange/exchange.ts';
import type { ExchangeListener } from '../../exchange/listener.ts';
import type { Market } from '../../exchange/market.ts';
import { disk } from '../../journal/disk.ts';
import type * as createBrokerModule from '../create-broker.ts';
import type * as outboxModule from '../outbox.ts';
import type { Outbox } from '../outbox.ts';
import type * as outboxReaderModule from '../outbox-reader.ts';
import type * as publisherModule from '../publisher.ts';
import type { Publisher, PublisherState } from '../publisher.ts';
import { SharedProgress } from '../shared-progress.ts';
import { SYMBOLS, tradeOf, view } from './made-up-trades.ts';

/** The modules under test, or a copy of them with a bug. */
export interface PublisherProgram {
  readonly outbox: typeof outboxModule;
  readonly reader: typeof outboxReaderModule;
  readonly publisher: typeof publisherModule;
  readonly brokers: typeof createBrokerModule;
}

export interface BookOptions {
  readonly url: string;
  readonly subject: string;
  readonly replicas?: number;
  readonly credentials?: string;
  readonly ca?: string;
  readonly directory?: string;
  /** Trades that its snapshot knows and its journal no longer makes again. */
  readonly snapshot?: number;
  /** Trades that the replay of its journal makes. */
  readonly trades?: number;
  readonly keepBytes?: number;
  readonly segmentBytes?: number;
  /** Another history with the same numbers. */
  readonly world?: number;
}

/** The half of a book that publishes, with made-up trades. */
export class BookRig {
  readonly directory: string;
  readonly progress = new SharedProgress();
  readonly states: PublisherState[] = [];
  forgotten = 0;
  readonly outbox: Outbox;
  private readonly program: PublisherProgram;
  private readonly options: BookOptions;
  private readonly listener: ExchangeListener;
  private readonly markets: readonly Market[];
  private readonly world: number;
  private publisher: Publisher | undefined;

  constructor(program: PublisherProgram, options: BookOptions) {
    const { snapshot = 0, trades = 0, keepBytes = 1 << 20, segmentBytes = 48 * 100, world = 0 } = options;
    this.program = program;
    this.options = options;
    this.world = world;
    this.directory = options.directory ?? mkdtempSync(join(tmpdir(), 'sluice-outbox-'));
    this.outbox = new program.outbox.Outbox({
      disk,
      directory: this.directory,
      keepBytes,
      segmentBytes,
      pause: () => new Promise((resolve) => setTimeout(resolve, 10)),
      onWritten: (number) => this.progress.setWritten(number),
    });
    const exchange = new Exchange();
    this.markets = SYMBOLS.map((config) => exchange.addMarket(config));
    for (const [index, market] of this.markets.entries()) {
      market.tradeSequence = Math.floor((snapshot + 1 - index) / 2);
    }
    this.listener = this.outbox.listen(exchange);
    this.note(snapshot + 1, snapshot + trades);
  }

  /** Opens the outbox and publishes. */
  async start(): Promise<this> {
    await this.outbox.open();
    const { url, subject, replicas = 1, credentials, ca } = this.options;
    this.publisher = new this.program.publisher.Publisher({
      clock: systemClock,
      broker: this.program.brokers.createBroker({
        url,
        subject,
        replicas,
        credentials,
        ca,
        maxBytes: 1 << 28,
        maxTrades: 1e7,
      }),
      directory: this.directory,
      reader: new this.program.reader.OutboxReader(this.directory),
      source: this.progress,
      view,
      onAcknowledged: (number) => this.progress.setAcknowledged(number),
      onState: (state) => this.states.push(state),
      onForgotten: (trades) => {
        this.forgotten += trades;
      },
    });
    return this;
  }

  /** Makes `count` trades, as one group commit. */
  async trade(count: number): Promise<void> {
    this.note(this.outbox.noted + 1, this.outbox.noted + count);
    this.outbox.flush();
    await this.outbox.trim(this.progress.acknowledged());
  }

  get acknowledged(): number {
    return this.progress.acknowledged();
  }

  /** The codes of all states so far, in order, repetitions once. */
  get codes(): string[] {
    const codes = this.states.map((state) => (state.state === 'publishing' ? 'ok' : state.error.code));
    return codes.filter((code, index) => code !== codes[index - 1]);
  }

  /** Resolves when the broker has acknowledged every trade. */
  async published(): Promise<void> {
    await waitFor(
      'every trade to be acknowledged',
      () => this.acknowledged === this.outbox.noted,
      () => this.codes,
    );
  }

  /** Ends without a goodbye, as far as one process can: what is under way may still arrive. */
  async abandon(): Promise<void> {
    await this.publisher?.stop(0);
    await this.outbox.close();
  }

  async remove(): Promise<void> {
    await this.abandon();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private note(first: number, last: number): void {
    for (let number = first; number <= last; number++) {
      const { symbol, trade } = tradeOf(number, this.world);
      const market = this.markets[symbol];
      if (market !== undefined) this.listener.trade?.(market, trade);
    }
  }
}

export async function waitFor(what: string, isSo: () => boolean, detail: () => unknown = () => ''): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited 30 s for ${what}: ${JSON.stringify(detail())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
