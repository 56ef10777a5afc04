import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('three million messages leave less than a byte each on the heap', async () => {
  // The smallest object has 12 bytes, so one per tenth message would be seen. What there is comes from pools that grow.
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'testing/heap-growth.ts')]);
  const { limits, surface } = JSON.parse(stdout) as { limits: number; surface: number };
  expect(limits).toBeLessThan(2_000_000);
  expect(surface).toBeLessThan(1_000_000);
}, 120_000);
