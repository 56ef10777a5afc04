import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('--check is silent and succeeds when nothing differs', () => {
  expect(run('--check')).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('a bad flag is one line on stderr and exit 2', () => {
  const { status, stdout, stderr } = run('--chekc');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^generate: .*--chekc.*\n$/);
});
