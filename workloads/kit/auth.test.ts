import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@sluice/runtime/clock';
import { createRegistry } from '@sluice/runtime/telemetry';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier, type TokenVerifier } from './auth.ts';
import { checkJwksUrl, parseAuthConfig } from './auth-config.ts';

const issuer = 'https://issuer.example';
const audience = 'numbers';
const start = Date.UTC(2026, 0, 1);

/** Time that stands still until the test moves it; timers do not fire. */
class StillClock implements Clock {
  ms = start;
  now = (): number => this.ms;
  monotonic = (): number => this.ms;
  setTimer = (): (() => void) => () => undefined;
}

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let first: Pair;
let second: Pair;

async function jwks(...pairs: [string, Pair][]): Promise<string> {
  const keys = pairs.map(async ([kid, pair]) => ({ ...(await exportJWK(pair.publicKey)), kid, alg: 'EdDSA' }));
  return JSON.stringify({ keys: await Promise.all(keys) });
}

interface Claims {
  kid?: string;
  pair?: Pair;
  iss?: string;
  aud?: string;
  sub?: string | undefined;
  exp?: number | undefined;
  nbf?: number;
}

async function bearer(claims: Claims = {}): Promise<string> {
  const { kid = '1', pair = first, iss = issuer, aud = audience } = claims;
  const payload = {
    iss,
    aud,
    scope: 'read write',
    ...('sub' in claims ? claims.sub !== undefined && { sub: claims.sub } : { sub: 'alice' }),
    ...('exp' in claims ? claims.exp !== undefined && { exp: claims.exp } : { exp: start / 1000 + 60 }),
    ...(claims.nbf !== undefined && { nbf: claims.nbf }),
  };
  return `Bearer ${await new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid }).sign(pair.privateKey)}`;
}

beforeAll(async () => {
  first = await generateKeyPair('EdDSA', { extractable: true });
  second = await generateKeyPair('EdDSA', { extractable: true });
});

describe('a verifier with inline keys', () => {
  const clock = new StillClock();
  async function verifier(): Promise<TokenVerifier> {
    const { keys } = JSON.parse(await jwks(['1', first])) as { keys: [] };
    return createTokenVerifier({ config: { issuer, audience, jwks: { keys } }, registry: createRegistry(), clock });
  }

  it('accepts a good token and gives subject and scopes, cached or not', async () => {
    const auth = await verifier();
    const token = await bearer();
    for (let use = 0; use < 2; use += 1) {
      const caller = await auth.verify(token);
      expect(caller).toEqual({ subject: 'alice', scopes: new Set(['read', 'write']) });
    }
  });

  it.each<[string, Claims, string]>([
    ['another issuer', { iss: 'https://other.example' }, '"iss"'],
    ['another audience', { aud: 'orders' }, '"aud"'],
    ['no subject', { sub: undefined }, '"sub"'],
    ['an empty subject', { sub: '' }, '"sub"'],
    ['no expiry', { exp: undefined }, '"exp"'],
    ['an expiry in the past', { exp: start / 1000 - 6 }, 'expired'],
    ['a start in the future', { nbf: start / 1000 + 60 }, '"nbf"'],
    ['an unknown key', { kid: '2' }, 'could not be verified'],
  ])('refuses %s', async (_name, claims, part) => {
    const auth = await verifier();
    await expect(bearer(claims).then(auth.verify)).rejects.toMatchObject({
      status: 401,
      message: expect.stringContaining(part),
    });
  });

  it('refuses a token signed by another key, unsigned, or by a shared secret', async () => {
    const auth = await verifier();
    const forged = await bearer({ pair: second });
    const [, payload] = (await bearer()).split('.');
    const none = Buffer.from('{"alg":"none","kid":"1"}').toString('base64url');
    const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(first.publicKey)));
    const claims = { iss: issuer, aud: audience, sub: 'alice', exp: start / 1000 + 60 };
    const hmac = await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: '1' }).sign(secret);
    for (const token of [forged, `Bearer ${none}.${payload}.`, `Bearer ${hmac}`]) {
      await expect(auth.verify(token)).rejects.toMatchObject({ status: 401 });
    }
  });

  it.each([undefined, '', 'Basic YTpi', 'Bearer', 'Bearer a b', `Bearer ${'x'.repeat(9000)}`])(
    'refuses the header %s',
    async (header) => {
      await expect((await verifier()).verify(header)).rejects.toMatchObject({ status: 401 });
    },
  );

  it('does not let a cached token outlive its expiry', async () => {
    const auth = await verifier();
    const token = await bearer();
    await auth.verify(token);
    clock.ms += 66_000;
    await expect(auth.verify(token)).rejects.toThrow('expired');
    clock.ms = start;
  });

  it('never answers for one token from the cache entry of another that differs only in the signature', async () => {
    const auth = await verifier();
    const token = await bearer();
    await auth.verify(token);
    const last = token.slice(-12, -11) === 'A' ? 'B' : 'A';
    await expect(auth.verify(token.slice(0, -12) + last + token.slice(-11))).rejects.toMatchObject({ status: 401 });
  });
});

describe('a verifier with keys by URL', () => {
  const clock = new StillClock();
  let keys = '';
  let up = true;
  let reads = 0;
  const server = createServer((_request, response) => {
    reads += 1;
    if (up) response.end(keys);
    else response.writeHead(500).end();
  });
  let auth: TokenVerifier | undefined;

  async function verifier(): Promise<TokenVerifier> {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const jwksURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    auth = createTokenVerifier({ config: { issuer, audience, jwksURL }, registry: createRegistry(), clock });
    reads = 0;
    return auth;
  }

  afterEach(() => {
    auth?.close();
    server.close();
    server.closeAllConnections();
    clock.ms = start;
    up = true;
  });

  it('reads the keys once for many tokens and answers 503 when they cannot be read', async () => {
    up = false;
    const { verify } = await verifier();
    const token = await bearer();
    await expect(verify(token)).rejects.toMatchObject({ status: 503, code: 'SLUICE_KEYS_UNAVAILABLE' });
    keys = await jwks(['1', first]);
    up = true;
    clock.ms += 1_001;
    await verify(token);
    await Promise.all(Array.from({ length: 5 }, async (_, i) => verify(await bearer({ sub: `caller-${i}` }))));
    expect(reads).toBe(2);
  });

  it('follows a rotation, keeps the last good set in an outage, and asks at most once per cool-down', async () => {
    keys = await jwks(['1', first]);
    const { verify } = await verifier();
    const old = await bearer();
    await verify(old);
    clock.ms += 31_000;
    keys = await jwks(['2', second]);
    await verify(await bearer({ kid: '2', pair: second }));
    // The old key is gone: its tokens end with it, although they are in the cache and have not expired.
    await expect(verify(old)).rejects.toMatchObject({ status: 401 });
    const readsBefore = reads;
    for (let i = 0; i < 20; i += 1) {
      await expect(verify(await bearer({ kid: `guess-${i}`, pair: second }))).rejects.toMatchObject({ status: 401 });
    }
    expect(reads).toBe(readsBefore);
    up = false;
    clock.ms += 31_000;
    await expect(verify(await bearer({ kid: 'guess', pair: second, exp: start / 1000 + 600 }))).rejects.toMatchObject({
      status: 401,
    });
    await verify(await bearer({ kid: '2', pair: second, exp: start / 1000 + 600 }));
  });
});

describe('the configuration of tokens', () => {
  it('takes keys over https, or over http inside the cluster only', () => {
    for (const url of ['https://issuer.example/jwks', 'http://issuer.demo.svc/jwks', 'http://127.0.0.1:1/jwks']) {
      expect(checkJwksUrl(url)).toBe(url);
    }
    for (const url of ['http://issuer.example/jwks', 'ftp://a.svc/jwks', 'jwks', 'http://a.svc.example/jwks']) {
      expect(() => checkJwksUrl(url)).toThrow('auth.jwt.jwksURL');
    }
  });

  it('names the field that is wrong', () => {
    expect(() => parseAuthConfig({})).toThrow('auth.jwt must be an object');
    expect(() => parseAuthConfig({ jwt: { issuer } })).toThrow('auth.jwt.audience');
    expect(() => parseAuthConfig({ jwt: { issuer, audience, jwks: { keys: [] } } })).toThrow('auth.jwt.jwks');
    const config = { issuer, audience, jwksURL: 'https://issuer.example/jwks' };
    expect(parseAuthConfig({ jwt: config })).toEqual({ jwt: config });
  });
});
