import { expect, test } from 'vitest';
import { exactly, figureTable, told } from './figures.ts';

test('a figure is right only when it is exactly what was promised', () => {
  expect(exactly('duplicates', 0, 0)).toEqual({ what: 'duplicates', value: '0', right: true });
  expect(exactly('duplicates', 1, 0)).toEqual({ what: 'duplicates', value: '1, not 0', right: false });
  expect(exactly('numbers', Number.NaN, 10).right).toBe(false);
});

test('the table marks each figure', () => {
  const lines = figureTable([told('per second', 900), exactly('broken', 2, 0)]);
  expect(lines.map((line) => line.trim().replaceAll(/ +/g, ' '))).toEqual(['✓ per second 900', '✗ broken 2, not 0']);
});
