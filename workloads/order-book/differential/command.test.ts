import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

it('a million messages of ten seeds: engine and reference matcher agree', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, '--messages', '1e6', '--seeds', '10']);
  expect(stderr.trimEnd().split('\n')).toHaveLength(10);
  expect(JSON.parse(stdout)).toMatchObject({ messages: 1_000_000, seeds: 10, differences: 0 });
}, 600_000);

it.each([
  ['--seeds', '0'],
  ['--messages', 'many'],
  ['--first', '1.5'],
])('%s %s is refused', async (...args) => {
  const failed = promisify(execFile)(process.execPath, [main, ...args]);
  await expect(failed).rejects.toMatchObject({ code: 2, stdout: '' });
});
