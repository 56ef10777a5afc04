import { expect, it } from 'vitest';
import { SpareSegment } from './spare-segment.ts';
import { MemoryDisk } from './testing/memory-disk.ts';

const KIB = 1_024;

it('a target that grows with every frame is reached in whole pieces, up to the most', async () => {
  const disk = new MemoryDisk();
  const written: number[] = [];
  disk.fault = (operation) => {
    if (operation.kind === 'write') written.push(operation.bytes);
    return undefined;
  };
  const spare = new SpareSegment(disk, '/data');
  const most = 600 * KIB;
  for (let bytes = KIB; bytes <= most; bytes += KIB) {
    spare.growTo(bytes, most);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(written).toEqual([256 * KIB, 256 * KIB, 88 * KIB]);
  expect(await spare.take()).toBe(most);
});
