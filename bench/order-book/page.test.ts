import { expect, it } from 'vitest';
import { withSection } from './page.ts';

it('puts sections in their order, whoever writes first, and keeps the others', () => {
  const binary = withSection('', 'binary', 'b1\n');
  const both = withSection(binary, 'engine', '\ne1\n\n| a |\n');
  expect(both.match(/^(## \w+|[be]1|\| a \|)/gm)).toEqual(['## Matching', 'e1', '| a |', '## Binary', 'b1']);
  const replaced = withSection(both, 'binary', 'b2');
  expect(replaced).toBe(both.replace('b1', 'b2'));
  expect(withSection(replaced, 'binary', 'b2')).toBe(replaced);
});

it('has no heading for what was never measured', () => {
  expect(withSection('', 'journal', 'j')).not.toMatch(/engine|binary|rest|readers|publish/i);
});
