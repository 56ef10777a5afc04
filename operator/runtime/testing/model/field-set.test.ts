import fc from 'fast-check';
import { expect, test } from 'vitest';
import { difference, equalSets, type FieldSet, growSet, intersection, isEmpty, pathTexts, union } from './field-set.ts';

const paths = fc.array(fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"n":"x"}'), { minLength: 1, maxLength: 4 }), {
  maxLength: 12,
});

function setOf(members: readonly (readonly string[])[]): FieldSet {
  const { set, insert } = growSet();
  for (const path of members) insert(path);
  return set;
}

const texts = (set: FieldSet): string[] => pathTexts(set).sort();
const distinct = (members: readonly (readonly string[])[]): string[] => texts(setOf(members));

test('union, difference and intersection are those of sets of paths', () => {
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const [a, b] = [setOf(left), setOf(right)];
      const [inA, inB] = [distinct(left), distinct(right)];
      expect(texts(union(a, b))).toEqual([...new Set([...inA, ...inB])].sort());
      expect(texts(difference(a, b))).toEqual(inA.filter((path) => !inB.includes(path)));
      expect(texts(intersection(a, b))).toEqual(inA.filter((path) => inB.includes(path)));
    }),
  );
});

test('sets of the same paths are equal, and empty is what has none', () => {
  fc.assert(
    fc.property(paths, (members) => {
      expect(equalSets(setOf(members), setOf([...members].reverse()))).toBe(true);
      expect(isEmpty(difference(setOf(members), setOf(members)))).toBe(true);
      expect(isEmpty(setOf(members))).toBe(members.length === 0);
    }),
  );
});
