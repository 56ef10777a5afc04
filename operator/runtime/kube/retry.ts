import type { Random } from '../clock.ts';
import { KubeApiError } from './client.ts';
import { UnsentError } from './connection.ts';
import type { Method } from './transport.ts';

export interface RetryPolicy {
  readonly maxTries: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

const defaultPolicy: RetryPolicy = { maxTries: 6, baseMs: 50, maxMs: 5_000 };

/** 429: not executed, by contract. After a 500 or 504 a write may have been executed, so only reads are repeated. */
const REPEATABLE_FOR_ALL = new Set([429]);
const REPEATABLE_FOR_READS = new Set([429, 500, 502, 503, 504]);

/**
 * How long to wait before the next try, or undefined to give up. Writes are repeated only when it is certain that the
 * server did not execute them: whoever reconciles can look what happened, a transport cannot. Retry-After wins over back-off.
 */
export function retryDelayMs(
  method: Method,
  failure: unknown,
  tries: number,
  random: Random,
  policy: RetryPolicy = defaultPolicy,
): number | undefined {
  if (tries >= policy.maxTries) return undefined;
  const isRead = method === 'GET';
  if (failure instanceof KubeApiError) {
    if (!(isRead ? REPEATABLE_FOR_READS : REPEATABLE_FOR_ALL).has(failure.status)) return undefined;
    if (failure.retryAfterSeconds !== undefined) return failure.retryAfterSeconds * 1000 * (1 + random() * 0.1);
  } else if (!isRead && !(failure instanceof UnsentError)) {
    return undefined;
  }
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** (tries - 1));
  return ceiling * (0.5 + random() * 0.5);
}
