/**
 * Time as an input. Everything that waits or measures takes a `Clock` as its first parameter, so tests run on virtual
 * time and a decision can be replayed.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. For what people read; never for measuring or for safety. */
  now(): number;
  /** Monotonic time in milliseconds with a fraction; never goes back, keeps counting whatever the wall clock does. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds, soon when that is negative; the returned function cancels it. */
  setTimer(ms: number, fn: () => void): () => void;
}

/** The real time of this process. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (ms, fn) => {
    const timer = setTimeout(fn, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds; rejects with the reason of `signal` when that comes first. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.setTimer(ms, () => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    });
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}

/** A source of randomness in [0, 1), injected for the same reason as the clock. */
export type Random = () => number;
