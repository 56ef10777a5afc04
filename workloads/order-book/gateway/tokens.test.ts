import { afterAll, beforeAll, expect, it } from 'vitest';
import { Gateway, good } from './testing/gateway.ts';
import { auth, bearer } from './testing/tokens.ts';

const gateway = new Gateway();
const { call } = gateway;

beforeAll(() => gateway.start({ auth }));
afterAll(async () => {
  await gateway.stop();
  gateway.remove();
});

it('the account is the subject, whatever the header says', async () => {
  const placed = await call('POST', '/v1/orders', good, { ...bearer({ sub: 'alice' }), 'sluice-account': 'bob' });
  expect(placed.status).toBe(201);
  const path = `/v1/orders/${placed.body.id}`;
  expect((await call('GET', path, undefined, bearer({ sub: 'alice' }))).status).toBe(200);
  expect((await call('GET', path, undefined, bearer({ sub: 'bob' }))).body.code).toBe('SLUICE_ORDER_NOT_FOUND');
  const half = await call('POST', '/v1/orders', good, bearer({ sub: 'a\ud800' }));
  expect([half.status, half.body.code]).toEqual([400, 'SLUICE_INVALID_ACCOUNT']);
});

interface Door {
  readonly method: string;
  readonly path: string;
  /** Scopes that the description asks for; undefined when it asks for no token. */
  readonly scopes: readonly string[] | undefined;
}

/** Every door of the API description, with something in the place of its parameters. */
async function doors(): Promise<Door[]> {
  const { paths } = (await call('GET', '/openapi.json')).body;
  return Object.entries<Record<string, { security?: { bearer: string[] }[] }>>(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { security }]) => {
      return { method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, '1'), scopes: security?.[0]?.bearer };
    }),
  );
}

it('every door refuses whoever has no good token, and tells nothing', async () => {
  const all = await doors();
  expect(all.length).toBeGreaterThan(10);
  const bad = [
    {},
    bearer({ sub: 'a', exp: 1 }),
    bearer({ sub: 'a', aud: 'other' }),
    bearer({ iss: 'x', sub: 'a' }),
    bearer({}),
  ];
  for (const { method, path, scopes } of all) {
    expect(scopes, path).toBeDefined();
    const isOwn = path.startsWith('/v1/');
    for (const headers of bad) {
      const reply = await call(method, path, undefined, headers);
      // Doors in the shape of other exchanges have codes of their own.
      expect([path, reply.status, isOwn && reply.body.code]).toEqual([path, 401, isOwn && 'SLUICE_UNAUTHENTICATED']);
    }
  }
});

it('the administrative doors ask for their scope, and only they', async () => {
  const ruled = (await doors()).filter(({ scopes = [] }) => scopes.length > 0);
  expect(ruled.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'PUT /v1/symbols/1/phase',
    'PUT /v1/symbols/1/band',
    'PUT /v1/accounts/1/kill-switch',
  ]);
  for (const { method, path } of ruled) {
    for (const scope of [undefined, '', 'order-book', 'order-book.admin.not', 'x-order-book.admin']) {
      const reply = await call(method, path, {}, bearer({ sub: 'alice', scope }));
      expect([path, reply.status, reply.body.code]).toEqual([path, 403, 'SLUICE_FORBIDDEN']);
    }
  }
  const admin = bearer({ sub: 'boss', scope: 'openid order-book.admin' });
  expect((await call('PUT', '/v1/symbols/BIG/phase', { phase: 'halted' }, admin)).status).toBe(200);
  expect((await call('PUT', '/v1/accounts/any one/kill-switch', { on: true }, admin)).body.account).toBe('any one');
  expect((await call('POST', '/v1/orders', good, bearer({ sub: 'any one' }))).body.code).toBe('SLUICE_ACCOUNT_BLOCKED');
});

it.each(['ß'.repeat(256), '🦊'.repeat(128), '../../x?y#z%', `system:serviceaccount:${'n'.repeat(200)}`])(
  'whatever the name of an account is, it trades and can be switched off: %s',
  async (sub) => {
    const { id } = (await call('POST', '/v1/orders', good, bearer({ sub }))).body;
    const admin = bearer({ sub: 'boss', scope: 'order-book.admin' });
    const path = `/v1/accounts/${encodeURIComponent(sub)}/kill-switch`;
    expect((await call('PUT', path, { on: true }, admin)).body).toEqual({ account: sub, on: true });
    expect((await call('GET', `/v1/orders/${id}`, undefined, bearer({ sub }))).body.status).toBe('cancelled');
  },
);
