import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareVersions, isVersion } from './resource-version.ts';

test('versions compare as the whole numbers they are, beyond 2^53 too', () => {
  const version = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(Math.sign(compareVersions(String(a), String(b)))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
  expect(compareVersions('9007199254740993', '9007199254740992')).toBeGreaterThan(0);
});

test('only decimal numbers are versions', () => {
  expect(['0', '7', '18446744073709551615'].every(isVersion)).toBe(true);
  expect(['', '07', '-1', '1.5', 'abc', undefined, 7].some(isVersion)).toBe(false);
});
