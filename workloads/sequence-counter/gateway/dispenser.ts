import { CodedError } from '@sluice/kit';
import type { Clock } from '@sluice/runtime/clock';
import type { Taken } from '../core/allocator.ts';
import type { Range } from '../core/value.ts';
import { counterErrors } from '../errors.ts';

/** Numbers for one request. */
export interface Grant {
  readonly ranges: readonly Range[];
  readonly epoch: bigint;
}

/** The local source of numbers: the driver of the allocator. */
export interface LocalSource {
  take(counter: string, count: number): Taken;
  /** How many numbers requests wait for in all. */
  want(counter: string, total: number): void;
}

/** The way to the replica that holds the numbers. */
export interface RemoteSource {
  readonly connected: boolean;
  /** Resolves to undefined when no answer came or the other side does not hold the numbers: try again after a change. */
  ask(counter: string, count: number): Promise<Grant | undefined>;
}

interface Waiter {
  readonly counter: string;
  readonly count: number;
  /** Monotonic ms. */
  readonly deadline: number;
  /** For another replica: it looks for the holder itself when this process is not the one. */
  readonly localOnly: boolean;
  /** Undefined: this process has no numbers to give (only with `localOnly`). */
  readonly resolve: (grant: Grant | undefined) => void;
  readonly reject: (error: CodedError) => void;
}

export interface DispenserOptions {
  readonly clock: Clock;
  readonly local: LocalSource;
  readonly remote?: RemoteSource;
  /** How long a request waits for numbers, in ms. */
  readonly patienceMs: number;
  /** More requests than this are refused rather than kept waiting. */
  readonly maxWaiting: number;
  /** Called for each request that was passed on. */
  readonly onForwarded?: (result: 'granted' | 'retried') => void;
}

const sweepMs = 50;

/**
 * Serves requests from this process or from the holder, and keeps those that neither can serve at the moment: during a
 * refill, a hand-over or a fail-over a request waits rather than fails.
 */
export class Dispenser {
  readonly #options: DispenserOptions;
  #waiting: Waiter[] = [];
  /** Numbers that the requests in `#waiting` want, by counter. */
  readonly #wanted = new Map<string, number>();
  #asked = 0;
  #sweeping = false;

  constructor(options: DispenserOptions) {
    this.#options = options;
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting.length + this.#asked;
  }

  /** Rejects with SLUICE_COUNTER_EXHAUSTED, _LEDGER_REGRESSED, _NO_NUMBERS (after the patience) or _OVERLOADED. */
  async next(counter: string, count: number): Promise<Grant> {
    const grant = await this.#enqueue(counter, count, false);
    if (grant === undefined) throw new Error('only requests of other replicas may go without an answer');
    return grant;
  }

  /** For another replica: resolves to undefined when this process does not hold the numbers. Rejects like `next`. */
  nextLocal(counter: string, count: number): Promise<Grant | undefined> {
    return this.#enqueue(counter, count, true);
  }

  #enqueue(counter: string, count: number, localOnly: boolean): Promise<Grant | undefined> {
    const { clock, maxWaiting, patienceMs } = this.#options;
    return new Promise((resolve, reject) => {
      if (this.waiting >= maxWaiting) {
        const sentence = `${maxWaiting} requests wait for numbers already. Try again shortly.`;
        reject(new CodedError(counterErrors.overloaded, sentence, { retryAfterSeconds: 1 }));
        return;
      }
      const waiter = { counter, count, deadline: clock.monotonic() + patienceMs, localOnly, resolve, reject };
      // Requests that wait for a refill come first: a stream of small requests must not starve a large one.
      if (this.#wanted.has(counter)) this.#keep(waiter);
      else this.#serve(waiter);
    });
  }

  /** Tries the requests that wait again: after a refill, a change of the holder, or a new connection to it. */
  changed(): void {
    const retry = this.#waiting;
    this.#waiting = [];
    for (const counter of this.#wanted.keys()) this.#options.local.want(counter, 0);
    this.#wanted.clear();
    for (const waiter of retry) this.#serve(waiter);
  }

  #serve(waiter: Waiter): void {
    const taken = this.#options.local.take(waiter.counter, waiter.count);
    if (taken.kind === 'taken') waiter.resolve(taken);
    else if (taken.kind === 'refill') this.#keep(waiter);
    else if (taken.kind === 'elsewhere') this.#forward(waiter);
    else waiter.reject(refusal(taken, waiter.counter));
  }

  #forward(waiter: Waiter): void {
    const { remote, onForwarded } = this.#options;
    if (waiter.localOnly) {
      waiter.resolve(undefined);
      return;
    }
    if (remote?.connected !== true) {
      this.#keep(waiter);
      return;
    }
    this.#asked += 1;
    remote.ask(waiter.counter, waiter.count).then(
      (grant) => {
        this.#asked -= 1;
        onForwarded?.(grant === undefined ? 'retried' : 'granted');
        if (grant !== undefined) waiter.resolve(grant);
        else this.#keep(waiter);
      },
      (error: CodedError) => {
        this.#asked -= 1;
        waiter.reject(error);
      },
    );
  }

  #keep(waiter: Waiter): void {
    const { local } = this.#options;
    this.#waiting.push(waiter);
    const total = (this.#wanted.get(waiter.counter) ?? 0) + waiter.count;
    this.#wanted.set(waiter.counter, total);
    local.want(waiter.counter, total);
    this.#startSweep();
  }

  /** One timer for all: requests that waited too long are told so. */
  #startSweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#options.clock.setTimer(sweepMs, () => {
      this.#sweeping = false;
      this.#sweep();
    });
  }

  #sweep(): void {
    const now = this.#options.clock.monotonic();
    const expired = this.#waiting.filter(({ deadline }) => deadline <= now);
    if (expired.length > 0) {
      this.#waiting = this.#waiting.filter(({ deadline }) => deadline > now);
      for (const { reject, counter } of expired) reject(tooLate(counter));
    }
    // Also tries the others again, so that nobody waits for a change that came before the request did.
    this.changed();
    if (this.#waiting.length > 0) this.#startSweep();
  }
}

function refusal(taken: Extract<Taken, { kind: 'exhausted' | 'regressed' }>, counter: string): CodedError {
  if (taken.kind === 'exhausted') {
    return new CodedError(counterErrors.exhausted, `Counter ${counter} has not enough numbers left up to 2^63 − 1.`);
  }
  const sentence = `No numbers until the ledger is advanced: ${taken.reason}.`;
  return new CodedError(counterErrors.ledgerRegressed, sentence, { retryAfterSeconds: 10 });
}

function tooLate(counter: string): CodedError {
  const sentence = `Counter ${counter} has no numbers in hand and the ledger gave none in time. Try again.`;
  return new CodedError(counterErrors.noNumbers, sentence, { retryAfterSeconds: 1 });
}
