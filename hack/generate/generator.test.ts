import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { differences, type Generator, generate } from './generator.ts';
import { generators } from './generators.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-generate-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const letters: Generator = {
  name: 'letters',
  directories: ['letters'],
  files: () => [
    { path: 'letters/a.txt', content: 'a\n' },
    { path: 'letters/b.txt', content: 'b\n' },
  ],
};

test('names what is missing, changed and left over, and puts it right', () => {
  mkdirSync(join(root, 'letters'));
  writeFileSync(join(root, 'letters/b.txt'), 'B\n');
  writeFileSync(join(root, 'letters/c.txt'), 'c\n');
  const expected = [
    { path: 'letters/a.txt', kind: 'missing' },
    { path: 'letters/b.txt', kind: 'changed' },
    { path: 'letters/c.txt', kind: 'left over' },
  ];
  expect(differences(root, [letters])).toEqual(expected);
  expect(generate(root, [letters])).toEqual(expected);
  expect(differences(root, [letters])).toEqual([]);
  expect(readFileSync(join(root, 'letters/b.txt'), 'utf8')).toBe('b\n');
});

test('a file that nobody generated is left alone outside the generated directories', () => {
  writeFileSync(join(root, 'mine.txt'), 'mine\n');
  generate(root, [{ ...letters, directories: [] }]);
  expect(readFileSync(join(root, 'mine.txt'), 'utf8')).toBe('mine\n');
});

test('no two generators write one file', () => {
  const paths = generators.flatMap((generator) => generator.files().map((file) => file.path));
  expect(paths.filter((path, index) => paths.indexOf(path) !== index)).toEqual([]);
});

test('the committed files are what their sources say', () => {
  expect(differences(resolve(import.meta.dirname, '../..'), generators)).toEqual([]);
});
