import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultPlans } from '../testing/fault-plans.ts';
import { simulate } from '../testing/simulation.ts';
import { verdictOn } from '../testing/verdict.ts';
import * as core from './allocator.ts';

const schedules = Number(process.env.SLUICE_SCHEDULES ?? 1_500);

describe('the allocator under faults, in virtual time', () => {
  it.each(['Strict', 'Unique'] as const)(
    '%s: no schedule gives a number twice or breaks the promised order',
    (ordering) => {
      let answered = 0;
      fc.assert(
        fc.property(fc.integer(), faultPlans, (seed, faults) => {
          const answers = simulate({ core, ordering, seed, faults });
          answered += answers.length;
          expect(verdictOn(answers, ordering)).toBeUndefined();
        }),
        { numRuns: schedules },
      );
      // Safety alone would be easy: nobody gets a number.
      expect(answered / schedules).toBeGreaterThan(300);
    },
    600_000,
  );

  it('is exact where doubles are not, and stops at 2^63 − 1', () => {
    for (const start of [2n ** 53n - 60n, 2n ** 63n - 300n]) {
      for (const ordering of ['Strict', 'Unique'] as const) {
        const answers = simulate({ core, ordering, seed: 7, faults: [], start, step: 7n });
        expect(verdictOn(answers, ordering)).toBeUndefined();
        expect(answers.every(({ value }) => value >= start && value < 2n ** 63n && (value - start) % 7n === 0n)).toBe(
          true,
        );
        expect(answers.length).toBeGreaterThan(20);
      }
    }
  });

  it('gives every number exactly once, without a gap, when all stops are clean', () => {
    const faults = [2_000, 5_000, 9_000, 12_000].map((at, process) => ({ at, kind: 'stop' as const, process, ms: 10 }));
    for (let seed = 1; seed <= 20; seed += 1) {
      const answers = simulate({ core, ordering: 'Strict', seed, faults, flawless: true });
      const values = answers.map(({ value }) => Number(value)).sort((a, b) => a - b);
      expect(values).toEqual(values.map((_, index) => index + 1));
      expect(new Set(answers.map(({ epoch }) => epoch)).size).toBeGreaterThan(1);
    }
  });
});
