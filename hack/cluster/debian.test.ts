import { expect, test } from 'vitest';
import { mirrorIn } from './debian.ts';

test.each([
  [
    'deb822',
    'Types: deb\n# http://old.example/archive/debian/2025\nURIs: http://mirror.example/debian\nSuites: bookworm\n',
  ],
  ['one line', 'deb http://mirror.example/debian bookworm main\n'],
  ['one line with options', 'deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm main\n'],
])('the mirror is read from a source in the %s format', (_, text) => {
  expect(mirrorIn(['deb https://other.example/apt stable main\n', text])).toBe('http://mirror.example/debian');
});

test('a system without a Debian source has no mirror', () => {
  expect(
    mirrorIn(['# deb http://mirror.example/debian bookworm main\n', 'deb http://x.example/ubuntu noble main\n']),
  ).toBeUndefined();
});
