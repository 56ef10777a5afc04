import { type Refusal, refusalsOf } from './refusals.ts';

const { create, update, named } = refusalsOf('SequenceCounter', {});

const url = 'https://issuer.example/jwks';
const jwt = (change: object) => ({
  auth: { jwt: { issuer: 'https://issuer.example', audience: 'invoices', ...change } },
});
const rsa = { kty: 'RSA', kid: 'a', n: 'AQAB', e: 'AQAB' };

export const sequenceCounterRefusals: readonly Refusal[] = [
  create('negative replicas', { replicas: -1 }, 'should be greater than or equal to 0'),
  create('ten replicas', { replicas: 10 }, 'should be less than or equal to 9'),
  create('an unknown ordering', { ordering: 'Random' }, 'supported values: "Unique", "Strict", "Confirmed", "Gapless"'),
  create('an unknown store', { store: { type: 'MySQL' } }, 'supported values: "Lease", "Postgres", "Redis", "Etcd"'),
  create(
    'store Postgres without its block',
    { store: { type: 'Postgres' } },
    'postgres must be given with type Postgres',
  ),
  create(
    'a Redis block with store Lease',
    { store: { redis: { secretName: 'a' } } },
    'redis must be given with type Redis',
  ),
  create(
    'an etcd block with store Lease',
    { store: { etcd: { secretName: 'a' } } },
    'etcd must be given with type Etcd',
  ),
  create(
    'a gapless counter on Redis',
    { ordering: 'Gapless', store: { type: 'Redis', redis: { secretName: 'a' } } },
    'ordering Gapless needs store type Lease, Postgres or Etcd',
  ),
  create(
    'a secret in another namespace',
    { store: { type: 'Redis', redis: { secretName: 'other/redis' } } },
    'must be the name of an object',
  ),
  create('a version that is none', { version: 'latest' }, 'must be a version such as "1.0.0"'),
  create('no counters', { counters: [] }, 'spec.counters in body should have at least 1 items'),
  create('two counters of one name', { counters: [{ name: 'a' }, { name: 'a' }] }, 'spec.counters[1]: Duplicate value'),
  create('a counter name in capitals', { counters: [{ name: 'NL' }] }, 'must be lower-case letters, digits and "-"'),
  create('a negative start', { counters: [{ name: 'a', start: -1 }] }, 'should be greater than or equal to 0'),
  create(
    'a start above 2^53',
    { counters: [{ name: 'a', start: 2 ** 53 }] },
    'should be less than or equal to 9007199254740991',
  ),
  create('a step of 0', { counters: [{ name: 'a', step: 0 }] }, 'should be greater than or equal to 1'),
  create('min above max', { counters: [{ name: 'a', start: 1, min: 9, max: 2 }] }, 'min must be less than max'),
  create('start above max', { counters: [{ name: 'a', start: 9, max: 2 }] }, 'start must be at most max'),
  create(
    'a padding of 21',
    { counters: [{ name: 'a', format: { padding: 21 } }] },
    'should be less than or equal to 20',
  ),
  create('a lease of 1 s', { leaseDurationSeconds: 1 }, 'should be greater than or equal to 2'),
  create('a lease of 10 min', { leaseDurationSeconds: 600 }, 'should be less than or equal to 60'),
  create('a negative outage budget', { outageBudgetSeconds: -1 }, 'should be greater than or equal to 0'),
  create('tokens without an issuer', jwt({ issuer: undefined, jwksURL: url }), 'spec.auth.jwt.issuer: Required value'),
  create('tokens without an audience', jwt({ audience: '', jwksURL: url }), 'should be at least 1 chars long'),
  create('tokens without keys', jwt({}), 'must have exactly one of jwksURL and jwks'),
  create(
    'two sources of keys',
    jwt({ jwksURL: url, jwks: { keys: [rsa] } }),
    'must have exactly one of jwksURL and jwks',
  ),
  create(
    'keys over plain http',
    jwt({ jwksURL: 'http://issuer.example/jwks' }),
    'must be an https:// URL, or an http:// URL',
  ),
  create('keys from a file', jwt({ jwksURL: 'file:///etc/jwks' }), 'must be an https:// URL, or an http:// URL'),
  create(
    'keys from a host that only looks like a Service',
    jwt({ jwksURL: 'http://issuer.auth.svc.evil.example/jwks' }),
    'must be an https:// URL, or an http:// URL',
  ),
  create(
    'an RSA key without a modulus',
    jwt({ jwks: { keys: [{ ...rsa, n: undefined }] } }),
    'a key with kty RSA must have n and e',
  ),
  create(
    'an EC key without a curve',
    jwt({ jwks: { keys: [{ kty: 'EC', kid: 'a' }] } }),
    'a key with kty EC must have crv',
  ),
  create(
    'an OKP key without a point',
    jwt({ jwks: { keys: [{ kty: 'OKP', kid: 'a' }] } }),
    'a key with kty OKP must have crv',
  ),
  create(
    'a symmetric key',
    jwt({ jwks: { keys: [{ kty: 'oct', kid: 'a' }] } }),
    'supported values: "RSA", "EC", "OKP"',
  ),
  update(
    'the start changes',
    { counters: [{ name: 'a', start: 1 }] },
    { counters: [{ name: 'a', start: 5 }] },
    'may not change: numbers from the old start may be in use',
  ),
  update(
    'the step changes',
    { counters: [{ name: 'a' }] },
    { counters: [{ name: 'a', step: 2 }] },
    'may not change: numbers of the old step may be in use',
  ),
  update(
    'a counter is removed',
    { counters: [{ name: 'a' }, { name: 'b' }] },
    { counters: [{ name: 'a' }] },
    'a counter may not be removed',
  ),
  named('a name that is too long', 'c'.repeat(41), 'metadata.name must be at most 40 characters'),
];
