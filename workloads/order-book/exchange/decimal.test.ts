import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecimalStep } from './decimal.ts';

describe('text to steps', () => {
  it.each([
    ['0.01', '100', 10_000],
    ['0.01', '100.00', 10_000],
    ['0.01', '100.010000', 10_001],
    ['0.01', '0.01', 1],
    ['0.05', '1.15', 23],
    ['0.25', '10.75', 43],
    ['1', '7', 7],
    ['1', '7.000', 7],
    ['2.5', '7.5', 3],
    ['0.000000001', '2.147483647', 2_147_483_647],
    ['0.3', '0.9', 3],
  ])('step %s reads %s as %i', (step, text, expected) => {
    expect(new DecimalStep(step).parse(text, 2_147_483_647)).toBe(expected);
  });

  it.each([
    ['', 'malformed'],
    ['-1', 'malformed'],
    ['+1', 'malformed'],
    ['1e2', 'malformed'],
    ['1E2', 'malformed'],
    ['NaN', 'malformed'],
    ['Infinity', 'malformed'],
    ['-Infinity', 'malformed'],
    ['0x10', 'malformed'],
    ['1,5', 'malformed'],
    ['1_000', 'malformed'],
    ['.5', 'malformed'],
    ['5.', 'malformed'],
    ['1.2.3', 'malformed'],
    [' 1', 'malformed'],
    ['1 ', 'malformed'],
    ['1\n', 'malformed'],
    ['01', 'malformed'],
    ['00', 'malformed'],
    ['١', 'malformed'],
    ['1n', 'malformed'],
    ['null', 'malformed'],
    ['0', 'zero'],
    ['0.00', 'zero'],
    ['0.005', 'offStep'],
    ['1.001', 'offStep'],
    ['21474836.48', 'outOfRange'],
    ['999999999999999999999999999999', 'outOfRange'],
    ['9'.repeat(500), 'outOfRange'],
    [`1${'.'.repeat(500)}`, 'malformed'],
  ])('%j is %s', (text, error) => {
    expect(new DecimalStep('0.01').parse(text, 2_147_483_647)).toBe(error);
  });

  it('a step that is none is refused', () => {
    for (const text of ['0', '0.0', '-1', '1e-2', 'abc', '', '.1']) expect(() => new DecimalStep(text)).toThrow();
  });
});

it('what is written is read back exactly, for any step', () => {
  const step = fc
    .tuple(fc.integer({ min: 1, max: 999_999_999 }), fc.integer({ min: 0, max: 9 }))
    .map(([units, scale]) => {
      const digits = String(units).padStart(scale + 1, '0');
      return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
    });
  fc.assert(
    fc.property(step, fc.integer({ min: 1, max: 2_147_483_647 }), (text, steps) => {
      const decimal = new DecimalStep(text);
      const written = decimal.format(steps);
      expect(decimal.parse(written, 2_147_483_647)).toBe(steps);
      expect(decimal.parse(written, steps - 1)).toBe('outOfRange');
    }),
  );
});
