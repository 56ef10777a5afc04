import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineSplitter } from './lines.ts';

test('lines come out whole wherever the chunks are cut, also inside a character', () => {
  const text = fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ''));
  fc.assert(
    fc.property(fc.array(text), fc.array(fc.nat(), { maxLength: 40 }), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const split = createLineSplitter();
      const out = borders.slice(1).flatMap((end, i) => split(bytes.subarray(borders[i], end)));
      expect(out).toEqual(lines.filter((line) => line !== ''));
    }),
    { numRuns: 2000 },
  );
});

test('what follows the last newline stays back', () => {
  const split = createLineSplitter();
  expect(split(Buffer.from('one\ntw'))).toEqual(['one']);
  expect(split(Buffer.from('o\n'))).toEqual(['two']);
});

test('a line without end is refused instead of filling the memory', () => {
  const split = createLineSplitter(10);
  split(Buffer.from('12345678'));
  expect(() => split(Buffer.from('9ab'))).toThrow('longer than 10 bytes');
});
