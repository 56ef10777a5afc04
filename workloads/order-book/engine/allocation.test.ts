import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

async function run(program: string): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'testing', program)]);
  return JSON.parse(stdout) as Record<string, number>;
}

// The smallest object has 12 bytes, so one per tenth message would be seen. What there is comes from pools that grow.

it('three million messages leave less than a byte each on the heap', async () => {
  const { limits, surface } = await run('heap-growth.ts');
  expect(limits).toBeLessThan(2_000_000);
  expect(surface).toBeLessThan(1_000_000);
}, 120_000);

it('so does a million commands through the rings of a shard, on each of the three threads', async () => {
  const { writer, shard, reader } = await run('shard-heap-growth.ts');
  expect(writer).toBeLessThan(1_000_000);
  expect(shard).toBeLessThan(1_000_000);
  expect(reader).toBeLessThan(1_000_000);
}, 120_000);
