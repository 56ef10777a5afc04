import { expect, test } from 'vitest';
import { percentile, spread } from './figures.ts';

test('a percentile is one of the values, by nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 0.5)).toBe(100);
  expect(percentile(values, 0.99)).toBe(198);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test('spread', () => {
  expect(spread([9, 1, 4])).toEqual({ median: 4, min: 1, max: 9 });
  expect(spread([1, 2, 3, 10])).toEqual({ median: 2.5, min: 1, max: 10 });
});
