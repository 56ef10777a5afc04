import { expect, test } from 'vitest';
import { quantityValue, sameQuantity } from './quantity.ts';

test.each([
  ['1', 1],
  ['500m', 0.5],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['1e3', 1000],
  ['1E3', 1000],
  ['1E', 1e18],
  ['-2k', -2000],
  ['.5', 0.5],
  [3, 3],
  ['', undefined],
  ['1.0.0', undefined],
  ['ten', undefined],
  ['5Mb', undefined],
  [true, undefined],
] as const)('%s is %s', (text, value) => {
  expect(quantityValue(text)).toBe(value);
});

test('equal amounts in other words', () => {
  expect(sameQuantity('1024Mi', '1Gi')).toBe(true);
  expect(sameQuantity('0.1', '100m')).toBe(true);
  expect(sameQuantity('1G', '1Gi')).toBe(false);
  expect(sameQuantity('a', 'a')).toBe(false);
});
