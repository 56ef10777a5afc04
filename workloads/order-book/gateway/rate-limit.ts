import type { Clock } from '@sluice/runtime/clock';

/** Accounts that are tracked at once, twice: those that are idle longest are dropped, which only forgives them. */
const MAX_ACCOUNTS = 50_000;

interface Bucket {
  readonly perSecond: number;
  tokens: number;
  /** Monotonic ms of the last refill. */
  at: number;
}

/** Commands per second of one account, over all doors together. */
export interface RateLimit {
  /** What all may send, or what the account has of its own. */
  perSecondOf(account: string): number;
  /** Takes one command. Returns milliseconds to wait, 0 when it may pass. */
  waitMs(account: string): number;
  /** Takes as many of `count` commands as may pass now, and returns how many those are. */
  take(account: string, count: number): number;
}

/** A token bucket per account: `perSecond` commands a second, or its own rate, and as many at once after a pause. */
export function createRateLimit(
  clock: Clock,
  perSecond: number,
  own: ReadonlyMap<string, number | undefined> = new Map(),
): RateLimit {
  // Two generations instead of an order of use: one look-up per command, and no list to keep.
  let recent = new Map<string, Bucket>();
  let older = new Map<string, Bucket>();

  const perSecondOf = (account: string): number => own.get(account) ?? perSecond;

  function fresh(account: string, at: number): Bucket {
    const rate = perSecondOf(account);
    return { perSecond: rate, tokens: rate, at };
  }

  function refilled(account: string): Bucket {
    const now = clock.monotonic();
    let bucket = recent.get(account);
    if (bucket === undefined) {
      bucket = older.get(account) ?? fresh(account, now);
      if (recent.size >= MAX_ACCOUNTS) {
        older = recent;
        recent = new Map();
      }
      recent.set(account, bucket);
    }
    bucket.tokens = Math.min(bucket.perSecond, bucket.tokens + ((now - bucket.at) * bucket.perSecond) / 1_000);
    bucket.at = now;
    return bucket;
  }

  return {
    perSecondOf,
    waitMs: (account) => {
      const bucket = refilled(account);
      if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1_000) / bucket.perSecond;
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
