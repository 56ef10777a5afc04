import { Validator } from '@seriousme/openapi-schema-validator';
import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TokenVerifier } from './auth.ts';
import { CodedError, serviceErrors } from './errors.ts';
import { createHealth, type Health } from './health.ts';
import { createService } from './service.ts';

const body = {
  type: 'object',
  properties: { count: { type: 'integer', minimum: 1, maximum: 10 } },
  required: ['count'],
  additionalProperties: false,
};

const onlyAlice: TokenVerifier = {
  verify: async (authorization) => {
    if (authorization === 'Bearer root') return { subject: 'root', scopes: new Set(['all']) };
    if (authorization !== 'Bearer alice') throw new CodedError(serviceErrors.unauthenticated, 'No.');
    return { subject: 'alice', scopes: new Set() };
  },
  close: () => undefined,
};

describe('a service', () => {
  let app: FastifyInstance;
  let health: Health;
  const registry = createRegistry();

  function build(auth?: TokenVerifier): FastifyInstance {
    registry.clear();
    health = createHealth();
    const log = createLogger('test', 'silent');
    app = createService({ name: 'Test', version: '1.0.0', log, registry, health, limits: { bodyBytes: 100 }, auth });
    app.post('/take', { schema: { summary: 'Take some', body } }, async (request) => request.body);
    app.get('/who', async (request) => ({ subject: request.caller?.subject }));
    app.get('/open', { config: { open: true } }, async () => 'hello');
    app.get('/rule', { config: { scope: 'all' } }, async () => 'ruled');
    app.get('/bug', async () => {
      throw new Error('the password is swordfish');
    });
    app.get('/busy', async () => {
      const definition = { code: 'SLUICE_BUSY', status: 503, title: 'Busy' };
      throw new CodedError(definition, 'Later.', { retryAfterSeconds: 3, members: { holder: 'a' } });
    });
    return app;
  }

  beforeEach(() => void build());
  afterEach(() => app.close());

  it('does not coerce a body and refuses unknown fields, each with a sentence', async () => {
    for (const [payload, part] of [
      [{ count: '3' }, 'must be integer'],
      [{ count: 3, more: 1 }, 'must NOT have additional properties'],
      [{ count: 11 }, 'must be <= 10'],
      [{}, "must have required property 'count'"],
    ] as const) {
      const answer = await app.inject({ method: 'POST', url: '/take', payload });
      expect(answer.statusCode).toBe(400);
      expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
      expect(answer.json()).toMatchObject({ code: 'SLUICE_INVALID_REQUEST', status: 400 });
      expect(answer.json().detail).toContain(part);
    }
    expect((await app.inject({ method: 'POST', url: '/take', payload: { count: 3 } })).json()).toEqual({ count: 3 });
  });

  it('answers malformed JSON, wrong types, large bodies and unknown paths as problems', async () => {
    const json = { 'content-type': 'application/json' };
    const cases = [
      { payload: '{', headers: json, status: 400, code: 'SLUICE_INVALID_REQUEST' },
      { payload: 'x=1', headers: { 'content-type': 'text/csv' }, status: 415, code: 'SLUICE_UNSUPPORTED_MEDIA_TYPE' },
      { payload: `"${'x'.repeat(200)}"`, headers: json, status: 413, code: 'SLUICE_BODY_TOO_LARGE' },
    ];
    for (const { payload, headers, status, code } of cases) {
      const answer = await app.inject({ method: 'POST', url: '/take', payload, headers });
      expect(answer.json()).toMatchObject({ status, code, type: `urn:sluice:error:${code}` });
      expect(answer.statusCode).toBe(status);
    }
    expect((await app.inject('/nothing')).json()).toMatchObject({ status: 404, code: 'SLUICE_NOT_FOUND' });
  });

  it('keeps the message of a bug out of the answer', async () => {
    const answer = await app.inject('/bug');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('swordfish');
  });

  it('carries code, Retry-After and extra members of a coded error', async () => {
    const answer = await app.inject('/busy');
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.json()).toMatchObject({ code: 'SLUICE_BUSY', status: 503, detail: 'Later.', holder: 'a' });
  });

  it('asks for a token on every route but the open ones', async () => {
    await app.close();
    build(onlyAlice);
    const refused = await app.inject('/who');
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    const headers = { authorization: 'Bearer alice' };
    expect((await app.inject({ url: '/who', headers })).json()).toEqual({ subject: 'alice' });
    expect((await app.inject('/open')).statusCode).toBe(200);
  });

  it('asks for the scope of a route, and without tokens for a caller on the same machine', async () => {
    expect((await app.inject('/rule')).statusCode).toBe(200);
    for (const remoteAddress of ['10.0.0.1', '::ffff:10.0.0.1', '128.0.0.1']) {
      const refused = await app.inject({ url: '/rule', remoteAddress });
      expect([refused.statusCode, refused.json().code]).toEqual([403, 'SLUICE_FORBIDDEN']);
    }
    for (const remoteAddress of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      expect((await app.inject({ url: '/rule', remoteAddress })).statusCode).toBe(200);
    }
    await app.close();
    build(onlyAlice);
    const as = (name: string) => ({ url: '/rule', headers: { authorization: `Bearer ${name}` } });
    expect((await app.inject(as('alice'))).json().code).toBe('SLUICE_FORBIDDEN');
    expect((await app.inject(as('root'))).statusCode).toBe(200);
    expect((await app.inject('/rule')).statusCode).toBe(401);
  });

  it('counts requests by pattern, never by path', async () => {
    await app.inject('/nothing/1');
    await app.inject('/nothing/2');
    await app.inject({ method: 'POST', url: '/take', payload: { count: 1 } });
    const text = await registry.metrics();
    expect(text).toContain('http_requests_total{method="GET",route="unmatched",code="404"} 2');
    expect(text).toContain('http_requests_total{method="POST",route="/take",code="200"} 1');
  });

  it('sends clients away while it drains', async () => {
    expect((await app.inject('/open')).headers.connection).not.toBe('close');
    health.drain();
    expect((await app.inject('/open')).headers.connection).toBe('close');
  });

  it('describes its routes', async () => {
    const description = (await app.inject('/openapi.json')).json();
    expect(description.openapi).toBe('3.1.0');
    expect(description.paths['/take'].post).toMatchObject({ summary: 'Take some' });
    expect(description.paths['/take'].post.requestBody.content['application/json'].schema).toEqual(body);
    expect(await new Validator().validate(description)).toMatchObject({ valid: true });
    expect(Object.keys(description.paths['/rule'].get.responses)).toEqual(['200', '403', '500', 'default']);
    expect(Object.keys(description.paths['/take'].post.responses)).toEqual([
      '200',
      '400',
      '413',
      '415',
      '500',
      'default',
    ]);
  });
});
