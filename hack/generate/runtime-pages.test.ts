import { expect, test } from 'vitest';
import { entryPoints, runtimePages } from './runtime-pages.ts';

const entries = entryPoints();

test('every name that an entry point of the runtime exports has a doc comment', () => {
  const names = entries.flatMap((entry) => entry.names);
  expect(names.length).toBeGreaterThan(100);
  expect([
    ...new Set(names.filter(({ comment }) => comment === '').map(({ file, name }) => `${file}: ${name}`)),
  ]).toEqual([]);
});

test('every name of every entry point is told on exactly one page', () => {
  const headings = runtimePages().flatMap(({ content }) =>
    [...content.matchAll(/^### (.+)$/gm)].map(([, name]) => name),
  );
  const names = new Map(entries.flatMap((entry) => entry.names).map(({ file, name }) => [`${file} ${name}`, name]));
  expect(headings.toSorted()).toEqual([...names.values()].toSorted());
});

test('a declaration says how to use a thing and not how it works', () => {
  const [{ names } = { names: [] }] = entries;
  const declaration = (name: string) => names.find((one) => one.name === name)?.declaration;
  expect(declaration('done')).toBe('function done(): Result;');
  expect(declaration('systemClock')).toBe('const systemClock: Clock;');
  expect(declaration('TerminalError')).toBe('class TerminalError extends Error {\n  override readonly name;\n}');
  expect(declaration('Result')).toMatch(/^type Result = /);
});
