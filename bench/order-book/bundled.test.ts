import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundled } from './bundled.ts';

test('a program of a benchmark is a bundle, with what the Dockerfile of the order book sets itself', async () => {
  const { command, env } = await bundled(join(import.meta.dirname, 'journal-disk.ts'), ['an argument'], ['--a-flag']);
  expect(command).toEqual([
    process.execPath,
    '--a-flag',
    expect.stringMatching(/\/bundles\/journal-disk\/journal-disk\.js$/),
    'an argument',
  ]);
  expect(env).toMatchObject({ GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' });
  expect(env).not.toHaveProperty('APP_VERSION');
});
