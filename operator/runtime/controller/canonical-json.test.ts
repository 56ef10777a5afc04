import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

const json = fc.jsonValue({ maxDepth: 4 });

test('it is JSON of the same value', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('the order of keys makes no difference', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), json), { maxLength: 6 }), (entries) => {
      const unique = [...new Map(entries)];
      const [there, back] = [Object.fromEntries(unique), Object.fromEntries(unique.reverse())];
      expect(canonicalJson({ deep: [back] })).toBe(canonicalJson({ deep: [there] }));
    }),
  );
});

test.each([
  ['undefined is absence', { a: undefined, b: 1 }, '{"b":1}'],
  ['what says how it is written is written so', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
  [
    'a key that is special to JavaScript',
    JSON.parse('{"z":1,"__proto__":{"b":1,"a":2}}'),
    '{"__proto__":{"a":2,"b":1},"z":1}',
  ],
])('%s', (_what, value, text) => {
  expect(canonicalJson(value)).toBe(text);
});
