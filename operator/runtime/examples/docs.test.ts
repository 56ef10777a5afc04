import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { seededBugs } from '../../../hack/seeded-bugs/bugs.ts';

const runtime = resolve(import.meta.dirname, '..');
const root = resolve(runtime, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const example = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');

const howTo = read('docs/write-an-operator.md');
const guarantees = read('docs/runtime.md');

test('docs/write-an-operator.md begins with the example that the integration test runs, in 40 lines', () => {
  const [first] = blocks(howTo);
  expect(`${first}\n`).toBe(example('greetings.ts'));
  expect(first?.split('\n').length).toBeLessThanOrEqual(40);
});

test('every other piece of code on the page is part of a file here that is tested', () => {
  const files = ['guests.ts', 'guests.test.ts', 'greetings.test.ts'].map((name) => flat(example(name)));
  const pieces = blocks(howTo).slice(1);
  expect(pieces.length).toBeGreaterThan(5);
  expect(pieces.filter((piece) => !files.some((file) => file.includes(flat(piece))))).toEqual([]);
});

test.for([
  ['docs/runtime.md', guarantees],
  ['docs/write-an-operator.md', howTo],
  ['docs/dot-i.md', read('docs/dot-i.md')],
] as const)('every file that %s names exists', ([, page]) => {
  const named = [...page.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|yaml|md|svg))`/g)].map(([, file = '']) => file);
  const linked = [...page.matchAll(/\]\(([\w./-]+)\)/g)].map(([, file = '']) => join('docs', file));
  expect(named.length + linked.length).toBeGreaterThan(2);
  const missing = [...named, ...linked].filter((file) => ![runtime, root].some((from) => existsSync(join(from, file))));
  expect(missing).toEqual([]);
});

test('docs/runtime.md has a section for each guarantee, with a test that exists and a seeded bug', () => {
  const sections = [...guarantees.matchAll(/^## (\d)\. [^\n]+\n([\s\S]*?)(?=^## )/gm)];
  expect(sections.map(([, number]) => Number(number))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  for (const [, number, text] of sections) {
    expect(text).toMatch(/`[\w/-]+\.test\.ts`/);
    expect(text).toContain('**Limits.**');
    expect(text).toContain(`(seeded-bugs.md#guarantee-${number})`);
    expect(seededBugs.some(({ guarantee }) => guarantee === Number(number))).toBe(true);
  }
});

function blocks(page: string): string[] {
  return [...page.matchAll(/^```ts\n([\s\S]*?)\n```$/gm)].map(([, code = '']) => code);
}

/** Without the depth at which a piece stands in its file. */
function flat(code: string): string {
  return code.replaceAll(/^\s+/gm, '');
}
