import type { Clock } from '@sluice/runtime/clock';
import type { Logger } from '@sluice/runtime/telemetry';
import type { Allocator, Ask, Taken } from '../core/allocator.ts';
import type { Instant } from '../core/lease-clock.ts';
import { type Ledger, LedgerConflict } from './ledger.ts';

export interface DriverOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly allocator: Allocator;
  readonly ledger: Ledger;
  /** A store call that takes longer than this, in ms, is given up: its outcome is then unknown. */
  readonly timeoutMs: number;
  /** Called after each answer of the store: requests that wait may be served now. */
  readonly onChange: () => void;
  /** Called with the duration in seconds and the outcome of each store call. */
  readonly onCall?: (operation: 'read' | 'write', outcome: CallOutcome, seconds: number) => void;
}

export type CallOutcome = 'done' | 'conflict' | 'unknown';

/** Carries out what the allocator asks for, one store call at a time. */
export class Driver {
  readonly #options: DriverOptions;
  #cancelTimer: () => void = () => undefined;
  #closed = false;
  #onReleased: (() => void) | undefined;

  constructor(options: DriverOptions) {
    this.#options = options;
  }

  /** Both clocks, read now. */
  now(): Instant {
    const { clock } = this.#options;
    return { monotonic: clock.monotonic(), wall: clock.now() };
  }

  take(counter: string, count: number): Taken {
    const taken = this.#options.allocator.take(counter, count, this.now());
    if (taken.kind === 'taken' && taken.low) this.advance();
    return taken;
  }

  /** How many numbers of a counter requests wait for in all. */
  want(counter: string, total: number): void {
    this.#options.allocator.want(counter, total);
    if (total > 0) this.advance();
  }

  /** Does what is to be done now. Cheap when there is nothing; call it after anything changed. */
  advance(): void {
    if (this.#closed) return;
    const ask = this.#options.allocator.next(this.now());
    if (ask.kind === 'wait') {
      this.#wait(ask.until);
      return;
    }
    this.#cancelTimer();
    void this.#carryOut(ask).then(() => {
      if (this.#options.allocator.released) this.#onReleased?.();
      this.#options.onChange();
      this.advance();
    });
  }

  /** Gives the ledger up; resolves to whether that was confirmed within `deadlineMs`. The ledger is still followed then. */
  release(deadlineMs: number): Promise<boolean> {
    const { allocator, clock } = this.#options;
    allocator.stop();
    return new Promise((resolve) => {
      const cancel = clock.setTimer(deadlineMs, () => resolve(allocator.released));
      this.#onReleased = () => {
        cancel();
        resolve(true);
      };
      this.advance();
      if (allocator.released) this.#onReleased();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    await this.#options.ledger.close();
  }

  #wait(until: number): void {
    this.#cancelTimer();
    if (until === Number.POSITIVE_INFINITY) return;
    const { clock } = this.#options;
    // A timer may fire a little early: never wait less than a millisecond, or the loop would spin.
    this.#cancelTimer = clock.setTimer(Math.max(until - clock.monotonic(), 1), () => this.advance());
  }

  async #carryOut(ask: Exclude<Ask, { kind: 'wait' }>): Promise<void> {
    const { ledger, timeoutMs, clock, onCall } = this.#options;
    const timeout = new AbortController();
    const startedAt = clock.monotonic();
    const cancel = clock.setTimer(timeoutMs, () => timeout.abort(new Error(`no answer in ${timeoutMs} ms`)));
    try {
      const outcome =
        ask.kind === 'read'
          ? await this.#read(ledger, ask, timeout.signal)
          : await this.#write(ledger, ask, timeout.signal);
      onCall?.(ask.kind, outcome, (clock.monotonic() - startedAt) / 1000);
    } finally {
      cancel();
    }
  }

  async #read(ledger: Ledger, { withFloor }: Ask & { kind: 'read' }, signal: AbortSignal): Promise<CallOutcome> {
    const { allocator, log } = this.#options;
    try {
      // The floor first: it lags behind the ledger, so a ledger read later may only be further on.
      const floor = withFloor ? await orAbort(ledger.readFloor(signal), signal) : undefined;
      const snapshot = await orAbort(ledger.read(signal), signal);
      const before = allocator.view(this.now()).trouble;
      allocator.readDone(snapshot, floor, this.now());
      const { trouble } = allocator.view(this.now());
      if (trouble !== before) {
        if (trouble === undefined) log.info('the ledger is believed again');
        else log.error({ trouble }, 'the ledger is not believed: no numbers are handed out');
      }
      return 'done';
    } catch (error) {
      log.warn({ err: error }, 'the ledger could not be read');
      allocator.readFailed(this.now());
      return 'unknown';
    }
  }

  async #write(ledger: Ledger, { record, over }: Ask & { kind: 'write' }, signal: AbortSignal): Promise<CallOutcome> {
    const { allocator, log } = this.#options;
    try {
      const version = await orAbort(ledger.write(record, over, signal), signal);
      allocator.writeDone(version, this.now());
      return 'done';
    } catch (error) {
      if (error instanceof LedgerConflict) {
        allocator.writeConflict();
        return 'conflict';
      }
      log.warn({ err: error }, 'a write to the ledger has an unknown outcome; its numbers are not used');
      allocator.writeUnknown(this.now());
      return 'unknown';
    }
  }
}

/** A store client may ignore the signal: the driver does not wait for it. */
async function orAbort<T>(call: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([call, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
    // The call may still fail after its time: nobody is left to hear it.
    call.catch(() => undefined);
  }
}
