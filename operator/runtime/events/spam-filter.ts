import type { Clock } from '../clock.ts';

/** Events that one object may cause at once, and how fast the allowance comes back: the figures of client-go's filter. */
const BURST = 25;
const REFILL_MS = 300_000;

interface Allowance {
  left: number;
  sinceMs: number;
}

/**
 * Limits events per object, so that a controller that fails in a new way every second cannot fill etcd. Remembers at most
 * `capacity` objects and forgets the one that it has not heard of for longest.
 */
export function createSpamFilter(clock: Clock, capacity: number): (uid: string) => boolean {
  const allowances = new Map<string, Allowance>();
  return (uid) => {
    const now = clock.monotonic();
    const allowance = allowances.get(uid) ?? { left: BURST, sinceMs: now };
    const refilled = Math.floor((now - allowance.sinceMs) / REFILL_MS);
    const left = Math.min(BURST, allowance.left + refilled);
    allowances.delete(uid);
    allowances.set(uid, { left: Math.max(0, left - 1), sinceMs: allowance.sinceMs + refilled * REFILL_MS });
    const [oldest] = allowances.keys();
    if (allowances.size > capacity && oldest !== undefined) allowances.delete(oldest);
    return left > 0;
  };
}
