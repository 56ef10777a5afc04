import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHealth, createService, createTokenVerifier } from '@sluice/kit';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addIssuerRoutes } from './issuer.ts';
import { loadSigningKey } from './signing-key.ts';

const issuer = 'https://issuer.sluice.demo';

describe('the demo issuer', () => {
  let app: FastifyInstance;

  beforeAll(async () => {
    const log = createLogger('test', 'silent');
    app = createService({ name: 'i', version: '1', log, registry: createRegistry(), health: createHealth() });
    addIssuerRoutes(app, { issuer, key: await loadSigningKey(undefined) });
  });
  afterAll(() => app.close());

  it('signs tokens that the kit accepts for that audience only', async () => {
    const payload = { subject: 'alice', audience: 'numbers', scope: 'next' };
    const issued = (await app.inject({ method: 'POST', url: '/token', payload })).json();
    expect(issued).toMatchObject({ token_type: 'Bearer', expires_in: 600 });
    const jwks = (await app.inject('/jwks')).json();
    expect(JSON.stringify(jwks)).not.toContain('"d"');
    const check = (audience: string) =>
      createTokenVerifier({ config: { issuer, audience, jwks }, registry: createRegistry() }).verify(
        `Bearer ${issued.access_token}`,
      );
    expect((await check('numbers')).subject).toBe('alice');
    await expect(check('orders')).rejects.toMatchObject({ status: 401 });
  });

  it.each([
    { subject: 'a' },
    { subject: 'a', audience: 'b', ttlSeconds: 3601 },
    { subject: 'a', audience: 'b', sub: 'x' },
  ])('refuses %j', async (payload) => {
    expect((await app.inject({ method: 'POST', url: '/token', payload })).statusCode).toBe(400);
  });
});

describe('a signing key', () => {
  it('is the same one after a restart when it comes from a file, and a bad file is said', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'issuer-'));
    const file = join(folder, 'key.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect((await loadSigningKey(file)).kid).toBe((await loadSigningKey(file)).kid);
    await writeFile(file, 'nonsense');
    await expect(loadSigningKey(file)).rejects.toThrow('--key-file');
    await expect(loadSigningKey(join(folder, 'none'))).rejects.toThrow('ENOENT');
    await rm(folder, { recursive: true });
  });
});
