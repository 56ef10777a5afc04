import type { Clock } from '@sluice/runtime/clock';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { CodedError, serviceErrors } from './errors.ts';

/** Where the public keys of the issuer come from. */
export interface KeySource {
  /** The set in use; undefined before the first one was read. Identity changes exactly when the keys change. */
  current(): JWTVerifyGetKey | undefined;
  /** The set in use, reading it first if there is none. Rejects with SLUICE_KEYS_UNAVAILABLE. */
  ready(): Promise<JWTVerifyGetKey>;
  /** A set read just now, at most once per cool-down; the one in use when that is not possible. */
  refresh(): Promise<JWTVerifyGetKey>;
  close(): void;
}

export function inlineKeys(jwks: JSONWebKeySet): KeySource {
  const set = createLocalJWKSet(jwks);
  return { current: () => set, ready: async () => set, refresh: async () => set, close: () => undefined };
}

const refreshMs = 10 * 60_000;
const coolDownMs = 30_000;
/** Before the first success, callers wait: ask again soon. */
const firstCoolDownMs = 1_000;
const timeoutMs = 5_000;
const longestSet = 256 * 1024;

/**
 * Reads a JWKS by HTTP every 10 minutes and when a token names an unknown key, at most every 30 s. When the issuer does
 * not answer, the last good set stays in use: an outage of the issuer must not become one of the service.
 */
export function remoteKeys(url: string, clock: Clock): KeySource {
  let set: JWTVerifyGetKey | undefined;
  let text: string | undefined;
  let triedAt = Number.NEGATIVE_INFINITY;
  let lastError: unknown;
  let reading: Promise<void> | undefined;
  let cancelTimer = (): void => undefined;

  async function read(): Promise<void> {
    try {
      const fresh = await fetchJwks(url);
      // A new identity only for new keys, so that cached tokens survive the periodic read.
      if (fresh !== text) {
        set = createLocalJWKSet(JSON.parse(fresh) as JSONWebKeySet);
        text = fresh;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    cancelTimer();
    cancelTimer = clock.setTimer(refreshMs, () => void once());
  }

  /** One read at a time; callers share it. */
  function once(): Promise<void> {
    const coolDown = set === undefined ? firstCoolDownMs : coolDownMs;
    if (reading === undefined && clock.monotonic() - triedAt < coolDown) return Promise.resolve();
    triedAt = reading === undefined ? clock.monotonic() : triedAt;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    return reading;
  }

  async function refresh(): Promise<JWTVerifyGetKey> {
    await once();
    if (set !== undefined) return set;
    const sentence = 'The keys of the token issuer could not be read yet. Try again shortly.';
    throw new CodedError(serviceErrors.keysUnavailable, sentence, { retryAfterSeconds: 2, cause: lastError });
  }

  return { current: () => set, ready: async () => set ?? refresh(), refresh, close: () => cancelTimer() };
}

async function fetchJwks(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const text = await response.text();
  if (text.length > longestSet) throw new Error(`${url} answered more than ${longestSet} bytes`);
  return text;
}
