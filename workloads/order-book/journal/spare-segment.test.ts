import { expect, it, vi } from 'vitest';
import { SpareSegment, sparePath } from './spare-segment.ts';
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

it('what is asked for once is added piece by piece, until the file is taken', async () => {
  const disk = new MemoryDisk();
  const spare = new SpareSegment(disk, '/data');
  spare.growTo(600 * KIB, 2_048 * KIB);
  await vi.waitFor(async () => expect((await disk.read(sparePath('/data'))).length).toBe(768 * KIB));
  expect(await spare.take()).toBe(768 * KIB);

  const release = disk.hold();
  spare.growTo(2_048 * KIB, 2_048 * KIB);
  await vi.waitFor(async () => expect((await disk.read(sparePath('/data'))).length).toBe(256 * KIB));
  const taken = spare.take();
  release();
  expect(await taken).toBe(256 * KIB);
});
