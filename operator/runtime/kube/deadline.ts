import type { Clock } from '../clock.ts';

/** The caller's signal and a deadline as one signal. `dispose` when the call is over, or the timer stays. */
export function deadlineSignal(
  clock: Clock,
  { signal, timeoutMs, what }: { readonly signal: AbortSignal | undefined; timeoutMs: number; what: string },
): { readonly signal: AbortSignal; readonly dispose: () => void } {
  const controller = new AbortController();
  const cancel = clock.setTimer(timeoutMs, () =>
    controller.abort(new Error(`no answer to ${what} within ${timeoutMs} ms`)),
  );
  const forward = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) forward();
  signal?.addEventListener('abort', forward, { once: true });
  const dispose = (): void => {
    cancel();
    signal?.removeEventListener('abort', forward);
  };
  return { signal: controller.signal, dispose };
}

/** What `promise` comes to, or a rejection with the reason of `signal`, whichever is first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(asError(signal.reason));
    if (signal.aborted) aborted();
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

export function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
