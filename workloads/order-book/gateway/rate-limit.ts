import type { Clock } from '@sluice/runtime/clock';

/** Accounts that are tracked at once; beyond it the one that was idle longest is dropped, which only forgives it. */
const MAX_ACCOUNTS = 100_000;

interface Bucket {
  tokens: number;
  /** Monotonic ms of the last refill. */
  at: number;
}

/**
 * A token bucket per account: `perSecond` commands a second, as many at once after a pause. Returns milliseconds to wait,
 * 0 when the command may pass.
 */
export function createRateLimit(clock: Clock, perSecond: number): (account: string) => number {
  const buckets = new Map<string, Bucket>();
  return (account) => {
    const now = clock.monotonic();
    const known = buckets.get(account);
    const bucket = known ?? { tokens: perSecond, at: now };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) * perSecond) / 1_000);
    bucket.at = now;
    // Insertion order is order of use: what was used last goes to the end.
    if (known !== undefined) buckets.delete(account);
    else if (buckets.size >= MAX_ACCOUNTS) buckets.delete(buckets.keys().next().value ?? '');
    buckets.set(account, bucket);
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return 0;
    }
    return ((1 - bucket.tokens) * 1_000) / perSecond;
  };
}
