import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import { createMetrics, type createRegistry, type Logger, type Metrics } from '@sluice/runtime/telemetry';
import { errors } from '../errors.ts';
import type { SymbolConfig } from '../exchange/command.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Sequencer } from '../exchange/sequencer.ts';
import type { StoreOptions } from '../exchange/store.ts';
import { type Disk, disk as realDisk } from '../journal/disk.ts';
import { publisherMetrics } from './metrics.ts';
import { Outbox } from './outbox.ts';
import type { FileTarget } from './secret-files.ts';
import { SharedProgress } from './shared-progress.ts';
import { TRADE_BYTES } from './trade-record.ts';

export interface PublicationOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: ReturnType<typeof createRegistry>;
  /** The data directory of the book. */
  readonly directory: string;
  readonly target: FileTarget;
  /** Bytes of trades, 48 each, that may wait for the broker; then new orders are refused. */
  readonly maxOutboxBytes: number;
  /** Bytes of acknowledged trades that are kept. */
  readonly keepBytes: number;
  readonly disk?: Disk;
}

/** What the thread of the publisher is made from. */
export interface ThreadData {
  readonly directory: string;
  readonly symbols: readonly SymbolConfig[];
  readonly memory: SharedArrayBuffer;
  readonly target: FileTarget;
}

export type FromThread =
  | { readonly kind: 'publishing' }
  | { readonly kind: 'waiting'; readonly code: string; readonly sentence: string }
  | { readonly kind: 'forgotten'; readonly trades: number };

export interface PublicationStatus {
  /** `ok`, or the code of what keeps the trades from the broker. */
  readonly state: string;
  /** Numbers of the last trade of the book and of the last one that the broker has acknowledged. */
  readonly last: string;
  readonly acknowledged: string;
}

/** The same for whoever runs the book. */
export interface PublicationReport {
  readonly state: string;
  /** Trades that the broker has not acknowledged. */
  readonly waiting: number;
  /** Why, when `state` is not `ok`. It names the broker, so it is not for everybody who trades. */
  readonly sentence: string | undefined;
}

/** In an image, each thread is a bundle of its own. */
const source = import.meta.url.endsWith('.ts') ? './publisher-thread.ts' : './publisher-thread.js';
const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Trades that may wait for the disk of the outbox. */
const MAX_PENDING_BYTES = 16 * 1024 * 1024;
const DISK_PAUSE_MS = 500;
const RESTART_PAUSE_MS = 1_000;
const DRAIN_MS = 5_000;

/** The trades of a book on their way to a broker: outbox here, publisher in a thread of its own. */
export class Publication {
  private readonly options: PublicationOptions;
  private readonly outbox: Outbox;
  private readonly progress = new SharedProgress();
  private symbols: readonly SymbolConfig[] = [];
  private worker: Worker | undefined;
  private state = errors.brokerUnavailable.code as string;
  private sentence: string | undefined;
  private trimming = false;
  private stopped = false;
  private readonly metrics: Metrics<typeof publisherMetrics>;

  constructor(options: PublicationOptions) {
    this.options = options;
    const { clock, registry, directory, keepBytes, disk = realDisk } = options;
    this.metrics = createMetrics(publisherMetrics, registry);
    this.metrics.forgotten.inc(0);
    // The first of the group is asked before the others.
    Object.assign(this.metrics.up, { collect: () => this.observe() });
    this.outbox = new Outbox({
      disk,
      directory,
      keepBytes,
      segmentBytes: SEGMENT_BYTES,
      pause: () => new Promise((resolve) => clock.setTimer(DISK_PAUSE_MS, resolve)),
      onWritten: (number) => this.progress.setWritten(number),
    });
  }

  /** What the store of the book is to be opened with. */
  get hooks(): Required<Pick<StoreOptions, 'listeners' | 'beforeSnapshot'>> {
    return {
      listeners: (exchange) => [this.outbox.listen(exchange)],
      beforeSnapshot: () => this.outbox.sync(),
    };
  }

  /** Starts to publish, when the store is open and the symbols are configured. Rejects with the coded errors of the outbox. */
  async start(exchange: Exchange, sequencer: Sequencer): Promise<void> {
    await this.outbox.open();
    this.symbols = [...exchange.markets.values()].map(({ config }) => config);
    sequencer.onApplied.add(() => {
      this.outbox.flush();
      this.trim();
    });
    this.startThread();
  }

  /** Why nothing is noted for the broker any more, until a restart. */
  get failure(): CodedError | undefined {
    return this.outbox.failure;
  }

  /** Why the book may take no order that could trade; undefined when it may. */
  refusal(): CodedError | undefined {
    const { outbox, options } = this;
    if (outbox.failure !== undefined) return outbox.failure;
    const waiting = outbox.noted - this.acknowledged();
    if (waiting * TRADE_BYTES < options.maxOutboxBytes && outbox.pendingBytes < MAX_PENDING_BYTES) return undefined;
    const sentence = `${waiting} trades wait for the broker, as many as the outbox may hold (${this.state}): new orders are taken again when it has caught up. Cancels are taken.`;
    return new CodedError(errors.publishBacklog, sentence, { retryAfterSeconds: 1 });
  }

  status(): PublicationStatus {
    return {
      state: this.outbox.failure?.code ?? this.state,
      last: String(this.outbox.noted),
      acknowledged: String(this.acknowledged()),
    };
  }

  /** Undefined until the broker was asked for the first time: nothing is known by then. */
  report(): PublicationReport | undefined {
    const { state } = this.status();
    const sentence = this.outbox.failure?.message ?? this.sentence;
    if (state !== 'ok' && sentence === undefined) return undefined;
    return { state, waiting: this.outbox.noted - this.acknowledged(), sentence };
  }

  /** Publishes what there is, for a few seconds at most, and ends the thread. */
  async stop(): Promise<void> {
    this.stopped = true;
    const { worker } = this;
    if (worker === undefined) return;
    const exited = once(worker, 'exit');
    this.outbox.flush();
    worker.postMessage(DRAIN_MS);
    await exited;
  }

  /** To be called when the store is closed: its last snapshot waits for the outbox. */
  close(): Promise<void> {
    return this.outbox.close();
  }

  /** Until the thread has asked the broker, what was trimmed is known to be acknowledged. */
  private acknowledged(): number {
    return Math.max(this.progress.acknowledged(), this.outbox.first - 1);
  }

  private startThread(): void {
    const { directory, target, clock, log } = this.options;
    const workerData: ThreadData = { directory, target, symbols: this.symbols, memory: this.progress.memory };
    const worker = new Worker(new URL(source, import.meta.url), { workerData });
    this.worker = worker;
    worker.on('message', (message: FromThread) => this.hear(message));
    worker.on('error', (error) => {
      this.state = errors.brokerUnavailable.code;
      log.error({ err: error }, 'the thread of the publisher failed');
    });
    worker.on('exit', () => {
      this.worker = undefined;
      if (!this.stopped) clock.setTimer(RESTART_PAUSE_MS, () => this.stopped || this.startThread());
    });
  }

  private hear(message: FromThread): void {
    const { log } = this.options;
    switch (message.kind) {
      case 'publishing':
        this.state = 'ok';
        this.sentence = undefined;
        log.info(this.status(), 'publishing trades');
        break;
      case 'waiting':
        this.metrics.failures.inc({ code: message.code });
        // Once per state: it is tried again and again.
        if (this.state !== message.code) log.warn({ code: message.code }, message.sentence);
        this.state = message.code;
        this.sentence = message.sentence;
        break;
      case 'forgotten':
        this.metrics.forgotten.inc(message.trades);
        log.warn(
          { trades: message.trades },
          'the broker has forgotten trades that it had acknowledged: they are published again',
        );
    }
  }

  private trim(): void {
    if (this.trimming) return;
    this.trimming = true;
    this.outbox
      .trim(this.progress.acknowledged())
      .catch((error: unknown) => this.options.log.warn({ err: error }, 'a file of the outbox could not be removed'))
      .finally(() => {
        this.trimming = false;
      });
  }

  private observe(): void {
    this.metrics.up.set(this.status().state === 'ok' ? 1 : 0);
    this.metrics.lag.set(this.outbox.noted - this.acknowledged());
    this.metrics.outboxBytes.set(this.outbox.bytes);
  }
}
