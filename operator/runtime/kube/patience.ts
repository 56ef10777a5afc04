import type { Clock } from '../clock.ts';
import { asError } from './deadline.ts';

/**
 * How long one call may go on: until its deadline, or until its caller aborts. A call waits for one thing after the
 * other, so it needs one timer and one listener however many tries it makes; an AbortSignal per step would cost a fifth of it.
 */
export interface Patience {
  /** Why it is over; undefined while it is not. */
  readonly over: Error | undefined;
  /** Calls `fn` when it is over, at once if it is; replaces the one before. */
  whenOver(fn: ((reason: Error) => void) | undefined): void;
  /** What `promise` comes to, or a rejection as soon as it is over. */
  wait<T>(promise: Promise<T>): Promise<T>;
  /** To be called when the call has ended, or its timer stays. */
  dispose(): void;
}

export function createPatience(
  clock: Clock,
  { signal, timeoutMs, what }: { readonly signal?: AbortSignal | undefined; timeoutMs: number; what: string },
): Patience {
  let over: Error | undefined;
  let tell: ((reason: Error) => void) | undefined;
  const end = (reason: Error): void => {
    if (over !== undefined) return;
    over = reason;
    dispose();
    tell?.(reason);
  };
  const aborted = (): void => end(asError(signal?.reason));
  const cancel = clock.setTimer(timeoutMs, () => end(new Error(`no answer to ${what} within ${timeoutMs} ms`)));
  const dispose = (): void => {
    cancel();
    signal?.removeEventListener('abort', aborted);
  };
  if (signal?.aborted === true) aborted();
  else signal?.addEventListener('abort', aborted, { once: true });

  const whenOver = (fn: ((reason: Error) => void) | undefined): void => {
    tell = fn;
    if (over !== undefined) fn?.(over);
  };
  return {
    get over() {
      return over;
    },
    whenOver,
    wait: (promise) =>
      new Promise((resolve, reject) => {
        whenOver(reject);
        promise.then(resolve, reject);
      }),
    dispose,
  };
}
