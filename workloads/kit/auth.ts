import { type Clock, systemClock } from '@sluice/runtime/clock';
import { createMetrics } from '@sluice/runtime/telemetry';
import { type JWTPayload, type JWTVerifyGetKey, errors as jose, jwtVerify } from 'jose';
import type { Registry } from 'prom-client';
import type { AuthConfig } from './auth-config.ts';
import { CodedError, serviceErrors } from './errors.ts';
import { inlineKeys, type KeySource, remoteKeys } from './keys.ts';
import { authMetrics } from './metrics.ts';

/** Who a verified token names. */
export interface Caller {
  readonly subject: string;
  /** The `scope` claim, split at spaces (RFC 8693, section 4.2). */
  readonly scopes: ReadonlySet<string>;
}

export interface TokenVerifier {
  /** `authorization` is the header as received. Rejects with a 401 or, when no key could be read, a 503. */
  verify(authorization: string | undefined): Promise<Caller>;
  close(): void;
}

/** Asymmetric only: with one fixed list nobody can pass a public key off as an HMAC secret. */
const algorithms = ['EdDSA', 'ES256', 'ES384', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
/** Clocks of issuer and service may differ by this much. */
const skewSeconds = 5;
const longestToken = 8 * 1024;
/** Characters of a subject. */
export const LONGEST_SUBJECT = 256;
const cacheSize = 10_000;

interface CachedToken {
  readonly caller: Caller;
  readonly expires: number;
  readonly notBefore: number;
  /** The key set that it was checked with: when the set changes, the entry no longer counts. */
  readonly keySet: JWTVerifyGetKey;
}

export interface TokenVerifierOptions {
  readonly config: AuthConfig['jwt'];
  readonly registry: Registry;
  readonly clock?: Clock;
}

/**
 * Verifies bearer tokens offline with jose: fixed algorithms; `iss` and `aud` as configured, `sub` and `exp` required.
 * Results are kept in a bounded cache whose key is the whole token text, never a part of it: a shorter key let one
 * token answer for another in other libraries (GHSA-rp9m-7r4c-75qg). Times are checked again on every use.
 */
export function createTokenVerifier({ config, registry, clock = systemClock }: TokenVerifierOptions): TokenVerifier {
  const keys: KeySource = 'jwks' in config ? inlineKeys(config.jwks) : remoteKeys(config.jwksURL, clock);
  const { authentications } = createMetrics(authMetrics, registry);
  const cache = new Map<string, CachedToken>();

  function cached(token: string): Caller | undefined {
    const entry = cache.get(token);
    if (entry === undefined) return undefined;
    const seconds = clock.now() / 1000;
    const valid =
      entry.keySet === keys.current() &&
      seconds < entry.expires + skewSeconds &&
      seconds >= entry.notBefore - skewSeconds;
    if (valid) return entry.caller;
    cache.delete(token);
    return undefined;
  }

  function remember(token: string, entry: CachedToken): void {
    if (cache.size >= cacheSize) {
      // A Map iterates in insertion order: the first is the oldest.
      for (const oldest of cache.keys()) {
        cache.delete(oldest);
        break;
      }
    }
    cache.set(token, entry);
  }

  async function check(token: string): Promise<Caller> {
    const options = {
      algorithms,
      issuer: config.issuer,
      audience: config.audience,
      requiredClaims: ['sub', 'exp'],
      clockTolerance: skewSeconds,
      currentDate: new Date(clock.now()),
    };
    let keySet = await keys.ready();
    let verified: { payload: JWTPayload };
    try {
      verified = await jwtVerify(token, keySet, options);
    } catch (error) {
      if (!(error instanceof jose.JWKSNoMatchingKey)) throw error;
      // The issuer may have a new key: ask once, within the source's own rate limit.
      keySet = await keys.refresh();
      verified = await jwtVerify(token, keySet, options);
    }
    const { sub, exp, nbf, scope } = verified.payload;
    if (sub === undefined || sub === '' || sub.length > LONGEST_SUBJECT || exp === undefined) {
      throw new CodedError(
        serviceErrors.unauthenticated,
        `The claim "sub" of the token must have 1 to ${LONGEST_SUBJECT} characters.`,
      );
    }
    const caller = { subject: sub, scopes: new Set(typeof scope === 'string' ? scope.split(' ') : []) };
    remember(token, { caller, expires: exp, notBefore: nbf ?? 0, keySet });
    return caller;
  }

  return {
    verify: async (authorization) => {
      try {
        const token = bearerToken(authorization);
        const known = cached(token);
        const caller = known ?? (await check(token));
        authentications.inc({ result: known === undefined ? 'verified' : 'cached' });
        return caller;
      } catch (error) {
        const coded = refusal(error);
        authentications.inc({ result: coded.status === 401 ? 'refused' : 'keys_unavailable' });
        throw coded;
      }
    },
    close: () => keys.close(),
  };
}

function bearerToken(authorization: string | undefined): string {
  if (authorization === undefined) {
    throw new CodedError(serviceErrors.unauthenticated, 'Send a token in the header "authorization: Bearer <token>".');
  }
  if (authorization.length > longestToken) {
    throw new CodedError(serviceErrors.unauthenticated, `The token is longer than ${longestToken} characters.`);
  }
  const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
  if (token === undefined) {
    throw new CodedError(serviceErrors.unauthenticated, 'The header must read "authorization: Bearer <token>".');
  }
  return token;
}

/** What the caller may know: which check failed, not what was expected. */
function refusal(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const sentence =
    error instanceof jose.JWTExpired
      ? 'The token has expired.'
      : error instanceof jose.JWTClaimValidationFailed
        ? `The claim "${error.claim}" of the token is missing or not accepted here.`
        : 'The token could not be verified with the keys of the issuer.';
  return new CodedError(serviceErrors.unauthenticated, sentence, { cause: error });
}
