import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Disk } from './disk.ts';
import { type FileJournal, openFileJournal } from './file-journal.ts';
import type { Frame } from './frame.ts';
import { segmentName } from './segment.ts';
import { diskError, MemoryDisk } from './testing/memory-disk.ts';

const directory = '/data';
const first = `${directory}/${segmentName(1)}`;

interface Opened {
  readonly journal: FileJournal;
  readonly frames: Frame[];
  readonly tornBytes: number;
}

async function open(disk: Disk, { afterSequence = 0, segmentBytes = 1 << 20 } = {}): Promise<Opened> {
  const frames: Frame[] = [];
  const replay = (frame: Frame): void => {
    frames.push({ ...frame, payload: frame.payload.slice() });
  };
  const { journal, report } = await openFileJournal({ disk, directory, segmentBytes, afterSequence, replay });
  return { journal, frames, tornBytes: report.tornBytes };
}

function frame(firstSequence: number, count: number, fill: number, epoch = 1): Frame {
  return { firstSequence, epoch, count, payload: new Uint8Array(count * 3).fill(fill) };
}

/** Three frames of 2, 1 and 3 commands in one segment. */
const three = [frame(1, 2, 7), frame(3, 1, 8), frame(4, 3, 9)];

async function written(frames: readonly Frame[], segmentBytes?: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await open(disk, segmentBytes === undefined ? {} : { segmentBytes });
  for (const item of frames) await journal.append(item);
  await journal.close();
  return disk;
}

describe('what was appended is read back', () => {
  it('in order, over segments, from any sequence', async () => {
    const disk = await written(three, 30);
    expect(disk.paths()).toEqual([first, `${directory}/${segmentName(3)}`, `${directory}/${segmentName(4)}`]);
    expect((await open(disk)).frames).toEqual(three);
    expect((await open(disk, { afterSequence: 2 })).frames).toEqual(three.slice(1));
    const { journal, frames } = await open(disk, { afterSequence: 6 });
    expect(frames).toEqual([]);
    expect(journal.lastSequence).toBe(6);
  });

  it('and after segments were discarded, from the snapshot that allowed it', async () => {
    const disk = await written(three, 30);
    await (await open(disk, { afterSequence: 3 })).journal.discardThrough(3);
    expect(disk.paths()).toEqual([`${directory}/${segmentName(4)}`]);
    expect((await open(disk, { afterSequence: 3 })).frames).toEqual(three.slice(2));
    await expect(open(disk, { afterSequence: 2 })).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_GAP' });
  });

  it('and appending goes on where it ended', async () => {
    const disk = await written(three);
    const { journal } = await open(disk);
    await expect(journal.append(frame(6, 1, 1))).rejects.toThrow('append of 6 after 6');
    await journal.append(frame(7, 1, 1, 2));
    expect((await open(disk)).frames).toEqual([...three, frame(7, 1, 1, 2)]);
  });
});

describe('a torn tail is the last incomplete frame and nothing else', () => {
  it('cut at every byte of the last frames: whole frames stay, the journal goes on', async () => {
    const disk = await written(three);
    const bytes = await disk.read(first);
    for (let length = 0; length < bytes.length; length++) {
      const cut = disk.with(first, bytes.slice(0, length));
      const { journal, frames, tornBytes } = await open(cut);
      // Every frame that is whole within the cut, and no other.
      const ends = [20 + 36 + 6, 20 + 36 + 6 + 36 + 3, bytes.length];
      const whole = ends.filter((end) => end <= length).length;
      expect(frames, `cut at ${length}`).toEqual(three.slice(0, whole));
      expect(tornBytes).toBe(length - (length < 20 ? 0 : (ends[whole - 1] ?? 20)));
      const next = frame(journal.lastSequence + 1, 1, 5, 2);
      await journal.append(next);
      expect((await open(cut)).frames).toEqual([...three.slice(0, whole), next]);
    }
  });

  it('any flipped bit of a whole frame is refused and the file left as it is', async () => {
    const disk = await written(three);
    const bytes = await disk.read(first);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const damaged = disk.with(first, flipped);
      await expect(open(damaged), `bit ${bit}`).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
      expect(await damaged.read(first)).toEqual(flipped);
    }
  });

  it('an incomplete frame in the middle of the journal is damage', async () => {
    const disk = await written(three, 30);
    const bytes = await disk.read(first);
    const cut = disk.with(first, bytes.slice(0, -1));
    await expect(open(cut)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
  });

  it('frames exchanged or repeated are damage although each is intact', async () => {
    const disk = await written(three);
    const bytes = await disk.read(first);
    const second = bytes.slice(20 + 42, 20 + 42 + 39);
    const repeated = new Uint8Array([...bytes, ...second]);
    await expect(open(disk.with(first, repeated))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
  });

  it('a missing segment is a gap, and a journal that ends before its snapshot is refused', async () => {
    const disk = await written(three, 30);
    const withoutSecond = disk.without(`${directory}/${segmentName(3)}`);
    await expect(open(withoutSecond)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_GAP' });
    const withoutLast = disk.without(`${directory}/${segmentName(4)}`);
    await expect(open(withoutLast, { afterSequence: 4 })).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_REGRESSED' });
    await expect(open(new MemoryDisk(), { afterSequence: 4 })).rejects.toMatchObject({
      code: 'SLUICE_JOURNAL_REGRESSED',
    });
  });

  it('an epoch that falls is damage', async () => {
    const disk = await written([frame(1, 1, 1, 5), frame(2, 1, 1, 4)]);
    await expect(open(disk)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
  });
});

describe('a disk that fails', () => {
  it.each([0, 1, 35, 36, 40])(
    'full after %i bytes: refused with a code, and taken again once there is room',
    async (keep) => {
      const disk = await written(three);
      const { journal } = await open(disk);
      disk.fault = ({ kind }) => (kind === 'write' ? { error: diskError('ENOSPC'), keep } : undefined);
      await expect(journal.append(frame(7, 2, 1))).rejects.toMatchObject({ code: 'SLUICE_DISK_FULL' });
      await expect(journal.append(frame(7, 2, 1))).rejects.toMatchObject({ code: 'SLUICE_DISK_FULL' });
      expect((await open(disk)).frames).toEqual(three);
      disk.fault = () => undefined;
      await journal.append(frame(7, 2, 3));
      expect((await open(disk)).frames).toEqual([...three, frame(7, 2, 3)]);
    },
  );

  it('full when a new segment is due: refused, and taken again once there is room', async () => {
    const disk = await written(three, 30);
    const { journal } = await open(disk, { segmentBytes: 30 });
    disk.fault = ({ kind }) => (kind === 'write' ? { error: diskError('ENOSPC'), keep: 3 } : undefined);
    await expect(journal.append(frame(7, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_DISK_FULL' });
    disk.fault = () => undefined;
    await journal.append(frame(7, 1, 1));
    expect((await open(disk)).frames).toEqual([...three, frame(7, 1, 1)]);
  });

  it.each(['EIO', 'ENOSPC'] as const)('an fdatasync that fails with %s stops the journal for good', async (code) => {
    const disk = await written(three);
    const { journal } = await open(disk);
    disk.fault = ({ kind }) => (kind === 'datasync' ? { error: diskError(code) } : undefined);
    await expect(journal.append(frame(7, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
    disk.fault = () => undefined;
    await expect(journal.append(frame(7, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
    expect((await open(disk.afterPowerCut(0))).frames).toEqual(three);
  });

  it('a failed write that cannot be taken back stops the journal for good', async () => {
    const disk = await written(three);
    const { journal } = await open(disk);
    disk.fault = ({ kind }) =>
      kind === 'write' || kind === 'truncate' ? { error: diskError('ENOSPC'), keep: 5 } : undefined;
    await expect(journal.append(frame(7, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
    disk.fault = () => undefined;
    await expect(journal.append(frame(7, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
  });

  it('append does not resolve before fdatasync returned', async () => {
    const disk = await written(three);
    const { journal } = await open(disk);
    let release = (): void => undefined;
    disk.gate = new Promise((resolve) => {
      release = resolve;
    });
    let resolved = false;
    const append = journal.append(frame(7, 1, 1)).then(() => {
      resolved = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    expect(journal.lastSequence).toBe(6);
    release();
    await append;
    expect(journal.lastSequence).toBe(7);
  });

  it('whatever a power cut leaves, what was acknowledged is there and what is there was sent', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 20, max: 200 }),
        fc.nat(60),
        fc.nat(400),
        async (sizes, segmentBytes, failing, keep) => {
          const disk = new MemoryDisk();
          const { journal } = await open(disk, { segmentBytes });
          let operations = 0;
          disk.fault = () => (operations++ === failing ? { error: diskError('EIO'), keep: keep % 40 } : undefined);
          const sent: Frame[] = [];
          let acknowledged = 0;
          for (const size of sizes) {
            const next = frame(journal.lastSequence + 1, size, size);
            sent.push(next);
            try {
              await journal.append(next);
              acknowledged = sent.length;
            } catch {
              break;
            }
          }
          const { frames } = await open(disk.afterPowerCut(keep), { segmentBytes });
          expect(frames.length).toBeGreaterThanOrEqual(acknowledged);
          expect(frames).toEqual(sent.slice(0, frames.length));
        },
      ),
      { numRuns: 500 },
    );
  });
});
