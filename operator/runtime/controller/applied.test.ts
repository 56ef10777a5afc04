import fc from 'fast-check';
import { expect, test } from 'vitest';
import { covers, sameJson, withDigest } from './applied.ts';

const tree = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('anything covers itself, also with fields of others beside it', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), tree), fc.dictionary(fc.string(), tree), (desired, others) => {
      expect(covers(desired, desired)).toBe(true);
      expect(covers({ ...others, ...desired }, desired)).toBe(true);
      expect(covers({ spec: { ...others, ...desired } }, { spec: desired })).toBe(true);
    }),
  );
});

test.each([
  ['another value', { a: 'x' }, { a: 'y' }],
  ['a missing field', {}, { a: 'y' }],
  ['a shorter list', { a: ['x'] }, { a: ['x', 'y'] }],
  ['a longer list', { a: ['x', 'y'] }, { a: ['x'] }],
  ['another order', { a: ['x', 'y'] }, { a: ['y', 'x'] }],
  ['a scalar for an object', { a: 'x' }, { a: { b: 'x' } }],
  ['true that is gone', {}, { a: true }],
  ['another amount', { cpu: '0.5' }, { cpu: '501m' }],
] as const)('not covered: %s', (_what, live, desired) => {
  expect(covers(live, desired)).toBe(false);
});

test.each([
  ['an amount written in another way', { cpu: '500m', memory: '1Gi' }, { cpu: '0.5', memory: '1024Mi' }],
  ['a number that the server made a quantity', { cpu: '1' }, { cpu: 1 }],
  ['what is empty, false or zero and left out', {}, { a: '', b: false, c: 0, d: [], e: {}, f: null }],
  ['what we do not say', { a: 'x' }, { a: undefined }],
] as const)('covered: %s', (_what, live, desired) => {
  expect(covers(live, desired)).toBe(true);
});

test('the digest does not depend on the order of keys, and on everything else', () => {
  const metadata = { name: 'a' };
  const base = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  const digest = (data: object) => withDigest({ ...base, ...{ data } }, 'd').metadata.annotations?.d;
  expect(digest({ a: '1', b: '2' })).toBe(digest({ b: '2', a: '1' }));
  expect(digest({ a: '1' })).not.toBe(digest({ a: '1', b: '' }));
  expect(digest({ a: '1' })).not.toBe(digest(JSON.parse('{ "a": "1", "__proto__": "x" }')));
  expect(digest({ a: ['1', '2'] })).not.toBe(digest({ a: ['2', '1'] }));
  expect(
    withDigest({ ...base, metadata: { name: 'a', annotations: { own: 'x' } } }, 'd').metadata.annotations?.own,
  ).toBe('x');
});

test('equal JSON is equal whatever the order of keys; undefined is absence', () => {
  expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(sameJson({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } })).toBe(true);
  expect(sameJson({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  expect(sameJson(undefined, {})).toBe(false);
});
