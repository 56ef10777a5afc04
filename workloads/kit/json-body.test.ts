import { createLogger, createRegistry } from '@sluice/runtime/telemetry';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHealth } from './health.ts';
import { repeatedName } from './json-body.ts';
import { createService } from './service.ts';

it.each([
  ['{"a":1,"a":2}', '"a"'],
  ['{"a" : 1, "b": 2, "a"\n:3}', '"a"'],
  ['{"a":1,"\\u0061":2}', '"\\u0061"'],
  ['[{"a":1},{"b":1,"b":2}]', '"b"'],
  ['{"o":{"x":{"y":1},"x":2}}', '"x"'],
  ['{"":1,"":2}', '""'],
  ['{"a\\"":1,"a\\"":2}', '"a\\""'],
  [`{"${'k'.repeat(99)}":1,"${'k'.repeat(99)}":2}`, `"${'k'.repeat(47)}…"`],
  ['{"a":1,"b":":::"}', undefined],
  ['{"a":"a\\":","b":["a",{"a":1}],"A":{}}', undefined],
  ['"a:b"', undefined],
  ['{}', undefined],
])('%s has %s twice', (text, name) => expect(repeatedName(text, JSON.parse(text))).toBe(name));

it('what JSON.stringify writes names nothing twice; with a member written again it does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const text = JSON.stringify(value);
      expect(repeatedName(text, value)).toBeUndefined();
      const again = `${text.slice(0, -1)},${text.slice(1)}`;
      expect(repeatedName(again, value)).toBeDefined();
    }),
  );
});

it.each([
  ['{"a":1,"a":2}', 'The body names "a" twice.'],
  [Buffer.from([0x22, 0xff, 0x22]), 'The body must be UTF-8.'],
  ['{"__proto__":{}}', 'must not have the names "__proto__"'],
  ['{"constructor":{"prototype":{}}}', 'must not have the names'],
  ['{"a":', 'The body is not JSON: Unexpected end of JSON input.'],
  ['', 'The body must be JSON, and is empty.'],
])('the body %s is refused', async (payload, detail) => {
  const [log, registry] = [createLogger('test', 'silent'), createRegistry()];
  const app = createService({ name: 'test', version: '1', log, registry, health: createHealth() });
  app.post('/', async ({ body }) => ({ body }));
  const headers = { 'content-type': 'application/json' };
  const refused = await app.inject({ method: 'POST', url: '/', headers, payload });
  expect([refused.statusCode, refused.json().code, refused.json().detail]).toEqual([
    400,
    'SLUICE_INVALID_REQUEST',
    expect.stringContaining(detail),
  ]);
  const taken = await app.inject({ method: 'POST', url: '/', headers, payload: '{"ä":"😀"}' });
  expect(taken.json()).toEqual({ body: { ä: '😀' } });
});

it('a DELETE may name the type of a body and have none', async () => {
  const [log, registry] = [createLogger('test', 'silent'), createRegistry()];
  const app = createService({ name: 'test', version: '1', log, registry, health: createHealth() });
  app.delete('/', async ({ body }) => ({ hasBody: body !== undefined }));
  const headers = { 'content-type': 'application/json' };
  const answers = [
    await app.inject({ method: 'DELETE', url: '/', headers: { ...headers, 'content-length': '0' }, payload: '' }),
    await app.inject({ method: 'DELETE', url: '/', headers, payload: '{}' }),
  ];
  expect(answers.map((answer) => answer.json())).toEqual([{ hasBody: false }, { hasBody: true }]);
});
