import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const runtime = resolve(import.meta.dirname, '..');
const page = readFileSync(resolve(runtime, '../../docs/runtime.md'), 'utf8');

test('docs/runtime.md quotes the example as it is', () => {
  const example = readFileSync(join(import.meta.dirname, 'greetings.ts'), 'utf8');
  expect(page).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
  expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
});

test('every file that docs/runtime.md names exists', () => {
  const named = [...page.matchAll(/`([a-z-]+\/[a-z/.-]+\.(?:ts|yaml))`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(
    (file) => ![runtime, resolve(runtime, '../..')].some((root) => existsSync(join(root, file))),
  );
  expect(missing).toEqual([]);
});
