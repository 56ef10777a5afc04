import type { Clock } from '@sluice/runtime/clock';

/** Accounts that are tracked at once, twice: those that are idle longest are dropped, which only forgives them. */
const MAX_ACCOUNTS = 50_000;

interface Bucket {
  tokens: number;
  /** Monotonic ms of the last refill. */
  at: number;
}

/** Commands per second of one account, over all doors together. */
export interface RateLimit {
  readonly perSecond: number;
  /** Takes one command. Returns milliseconds to wait, 0 when it may pass. */
  waitMs(account: string): number;
  /** Takes as many of `count` commands as may pass now, and returns how many those are. */
  take(account: string, count: number): number;
}

/** A token bucket per account: `perSecond` commands a second, as many at once after a pause. */
export function createRateLimit(clock: Clock, perSecond: number): RateLimit {
  // Two generations instead of an order of use: one look-up per command, and no list to keep.
  let recent = new Map<string, Bucket>();
  let older = new Map<string, Bucket>();

  function refilled(account: string): Bucket {
    const now = clock.monotonic();
    let bucket = recent.get(account);
    if (bucket === undefined) {
      bucket = older.get(account) ?? { tokens: perSecond, at: now };
      if (recent.size >= MAX_ACCOUNTS) {
        older = recent;
        recent = new Map();
      }
      recent.set(account, bucket);
    }
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) * perSecond) / 1_000);
    bucket.at = now;
    return bucket;
  }

  return {
    perSecond,
    waitMs: (account) => {
      const bucket = refilled(account);
      if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1_000) / perSecond;
      bucket.tokens -= 1;
      return 0;
    },
    take: (account, count) => {
      const bucket = refilled(account);
      const granted = Math.min(count, Math.floor(bucket.tokens));
      bucket.tokens -= granted;
      return granted;
    },
  };
}
