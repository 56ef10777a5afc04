import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slopePerHour } from './slope.ts';

test('the slope of a line is found, whatever noise of mean zero lies on it', () => {
  const real = fc.double({ min: -1_000, max: 1_000, noNaN: true });
  fc.assert(
    fc.property(real, real, fc.integer({ min: 2, max: 100 }), (slope, level, count) => {
      const samples = Array.from({ length: count }, (_, i) => ({ hours: i / 60, value: level + (slope * i) / 60 }));
      expect(slopePerHour(samples)).toBeCloseTo(slope, 4);
      const noisy = samples.flatMap(({ hours, value }) => [
        { hours, value: value + 5 },
        { hours, value: value - 5 },
      ]);
      expect(slopePerHour(noisy)).toBeCloseTo(slope, 4);
    }),
  );
});

test('nothing and one moment have no slope', () => {
  expect(slopePerHour([])).toBe(0);
  expect(slopePerHour([{ hours: 1, value: 9 }])).toBe(0);
});
