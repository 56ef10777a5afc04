import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countDuplicates, countMissing, findInversion, type Observation } from './checkers.ts';

const history = fc.array(
  fc.record({
    value: fc.bigInt(0n, 12n),
    start: fc.integer({ min: 0, max: 30 }),
    took: fc.integer({ min: 0, max: 9 }),
  }),
  { maxLength: 12 },
);

describe('the checkers', () => {
  it('find an inversion exactly when comparing all pairs does', () => {
    fc.assert(
      fc.property(history, (drawn) => {
        const observations = drawn.map(({ value, start, took }): Observation => ({ value, start, end: start + took }));
        const pairs = observations.some((a) => observations.some((b) => a.end < b.start && a.value > b.value));
        expect(findInversion(observations) !== undefined).toBe(pairs);
      }),
      { numRuns: 2_000 },
    );
  });

  it('count what is there twice and what is not there', () => {
    const at = (value: bigint): Observation => ({ value, start: 0, end: 1 });
    expect(countDuplicates([])).toBe(0);
    expect(countDuplicates([at(1n), at(2n)])).toBe(0);
    expect(countDuplicates([at(1n), at(2n), at(1n), at(1n)])).toBe(2);
    expect(countMissing([at(7n), at(10n), at(8n), at(8n)])).toBe(1);
    expect(countMissing([at(10n), at(30n)], 10n)).toBe(1);
    expect(countMissing([])).toBe(0);
    expect(countDuplicates([at(2n ** 53n), at(2n ** 53n + 1n)])).toBe(0);
  });
});
