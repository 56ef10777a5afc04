import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { errors } from '../errors.ts';
import { BROKER_TIMEOUT_MS, type Broker, type BrokerSession } from './broker.ts';
import { missing, type OutboxReader } from './outbox-reader.ts';
import { isSameTrade, type TradeView } from './trade-message.ts';

/** Appends that may wait for their answer. */
const WINDOW = 4;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Where the outbox ends. */
export interface TradeSource {
  /** Number of the last trade that stands in the files. */
  written(): number;
  /** Resolves when `written` is above `number`, or soon after `wake`. */
  above(number: number): Promise<void>;
  wake(): void;
}

export type PublisherState =
  | { readonly state: 'publishing' }
  /** `error` says why; it is tried again. */
  | { readonly state: 'waiting'; readonly error: CodedError };

export interface PublisherOptions {
  readonly clock: Clock;
  readonly broker: Broker;
  readonly directory: string;
  readonly reader: OutboxReader;
  readonly source: TradeSource;
  readonly view: TradeView;
  /** The broker holds all trades up to this number. It falls when the broker has forgotten some. */
  readonly onAcknowledged: (number: number) => void;
  /** Called when the state changes, and at each error. */
  readonly onState: (state: PublisherState) => void;
  /** The broker no longer had this many trades that it had acknowledged; they are published again. */
  readonly onForgotten: (trades: number) => void;
}

/**
 * Brings the trades of an outbox to a broker, each exactly once, in the order of their numbers. Every session begins with the question
 * how far the broker is, and goes on behind that: nothing that this process remembers is trusted. When the broker's stream is not
 * one that this book can have written, or lacks what the outbox no longer has, nothing is published until somebody has put it right.
 */
export class Publisher {
  private readonly options: PublisherOptions;
  private readonly running: Promise<void>;
  private readonly ended = Promise.withResolvers<void>();
  private acknowledged = 0;
  private stopping = false;
  private session: BrokerSession | undefined;

  constructor(options: PublisherOptions) {
    this.options = options;
    this.running = this.run();
  }

  /** Publishes what is there already, for at most `drainMs`, and ends. */
  async stop(drainMs: number): Promise<void> {
    const { clock, source, reader } = this.options;
    this.stopping = true;
    source.wake();
    const cancel = clock.setTimer(drainMs, () => {
      this.ended.resolve();
      void this.session?.close();
    });
    await this.running;
    cancel();
    await reader.close();
  }

  private async run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      try {
        await this.publish(() => {
          pauseMs = FIRST_PAUSE_MS;
        });
        return;
      } catch (error) {
        this.options.onState({ state: 'waiting', error: this.coded(error) });
      }
      if (this.stopping) return;
      await Promise.race([this.pause(pauseMs), this.ended.promise]);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  /** One session with the broker. Resolves when the publisher stops and all is published; rejects at the first thing that fails. */
  private async publish(onProgress: () => void): Promise<void> {
    const session = await this.connect();
    this.session = session;
    try {
      const next = await this.whereToGoOn(session);
      this.confirm(next - 1);
      this.options.onState({ state: 'publishing' });
      await this.send(session, next, onProgress);
    } finally {
      this.session = undefined;
      await session.close();
    }
  }

  private async connect(): Promise<BrokerSession> {
    const controller = new AbortController();
    const cancel = this.options.clock.setTimer(BROKER_TIMEOUT_MS, () => controller.abort());
    try {
      return await this.options.broker.connect(controller.signal);
    } finally {
      cancel();
    }
  }

  /** Number of the next trade that the broker lacks. Throws when its stream does not fit to the book. */
  private async whereToGoOn({ lastNumber, lastTrade }: BrokerSession): Promise<number> {
    const { broker, reader, source, view, directory } = this.options;
    const { first, origin } = await reader.bounds();
    const written = source.written();
    if (lastNumber > written) {
      const sentence = `The ${broker.description} ends at trade ${lastNumber}, but the book has made ${written}: it belongs to another book, or the book was put back to an earlier time. Nothing is published; give the book a stream of its own, or its newer data.`;
      throw new CodedError(errors.publishAhead, sentence);
    }
    const next = lastNumber === 0 ? origin : lastNumber + 1;
    if (next < first) throw missing(directory, next);
    if (lastTrade !== undefined && lastNumber >= first) {
      const [noted] = await reader.read(lastNumber, 1, written);
      if (noted !== undefined && !isSameTrade(view(lastNumber, noted), lastTrade)) {
        const sentence = `Trade ${lastNumber} in the ${broker.description} is not that of the book: it belongs to another book, or the book was put back to an earlier time. Nothing is published; give the book a stream of its own, or its newer data.`;
        throw new CodedError(errors.publishDiffers, sentence);
      }
    }
    return next;
  }

  /** Keeps a few appends under way; while they are, the next trades gather. */
  private async send(session: BrokerSession, from: number, onProgress: () => void): Promise<void> {
    const { reader, source, view } = this.options;
    const lost = session.lost.then(() => {
      throw new Error('the connection is lost');
    });
    lost.catch(() => undefined);
    const underWay: { readonly last: number; readonly done: Promise<void> }[] = [];
    let next = from;
    for (;;) {
      while (underWay.length < WINDOW && next <= source.written()) {
        const noted = await reader.read(next, session.batch, source.written());
        const number = next;
        next += noted.length;
        const done = this.inTime(session.append(noted.map((trade, index) => view(number + index, trade))));
        done.catch(() => undefined);
        underWay.push({ last: next - 1, done });
      }
      const oldest = underWay.shift();
      if (oldest !== undefined) {
        await Promise.race([oldest.done, lost]);
        this.confirm(oldest.last);
        onProgress();
      } else if (this.stopping) return;
      else await Promise.race([source.above(next - 1), lost]);
    }
  }

  private confirm(number: number): void {
    if (number < this.acknowledged) this.options.onForgotten(this.acknowledged - number);
    this.acknowledged = number;
    this.options.onAcknowledged(number);
  }

  private inTime(promise: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.options.clock.setTimer(BROKER_TIMEOUT_MS, () => {
        reject(new Error(`no acknowledgement within ${BROKER_TIMEOUT_MS / 1_000} s`));
      });
      promise.then(resolve, reject).finally(cancel);
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.options.clock.setTimer(ms, resolve));
  }

  private coded(error: unknown): CodedError {
    if (error instanceof CodedError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `The ${this.options.broker.description} does not take trades (${reason}). They wait in the outbox, and it is tried again.`;
    return new CodedError(errors.brokerUnavailable, sentence, { cause: error });
  }
}
