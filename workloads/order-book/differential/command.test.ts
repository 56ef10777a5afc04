import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('a million messages of ten seeds: engine and reference matcher agree', async () => {
  const args = [join(import.meta.dirname, 'main.ts'), '--messages', '1e6', '--seeds', '10'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ messages: 1_000_000, seeds: 10, differences: 0 });
}, 600_000);
