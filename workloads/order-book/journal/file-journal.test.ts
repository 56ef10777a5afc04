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

async function open(disk: Disk, { afterSequence = 0, segmentBytes = 4_096 } = {}): Promise<Opened> {
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

/** Behind the last byte that is not zero. */
function endOf(bytes: Uint8Array): number {
  return bytes.findLastIndex((byte) => byte !== 0) + 1;
}

const hasFrames = (path: string): boolean => path.endsWith('.log');

async function written(frames: readonly Frame[], segmentBytes?: number): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const { journal } = await open(disk, segmentBytes === undefined ? {} : { segmentBytes });
  for (const item of frames) await journal.append(item);
  await journal.close();
  return disk;
}

/** Frames in one file, and where each ends. */
async function grown(frames: readonly Frame[]): Promise<{ disk: MemoryDisk; ends: number[] }> {
  const disk = new MemoryDisk();
  const { journal } = await open(disk);
  const ends: number[] = [];
  for (const item of frames) {
    await journal.append(item);
    ends.push(endOf(await disk.read(first)));
  }
  await journal.close();
  return { disk, ends };
}

describe('what was appended is read back', () => {
  it('in order, over segments, from any sequence', async () => {
    const disk = await written(three, 30);
    expect(disk.paths().filter(hasFrames)).toEqual([
      first,
      `${directory}/${segmentName(3)}`,
      `${directory}/${segmentName(4)}`,
    ]);
    expect((await open(disk)).frames).toEqual(three);
    expect((await open(disk, { afterSequence: 2 })).frames).toEqual(three.slice(1));
    const { journal, frames } = await open(disk, { afterSequence: 6 });
    expect(frames).toEqual([]);
    expect(journal.lastSequence).toBe(6);
  });

  it('and after segments were discarded, from the snapshot that allowed it', async () => {
    const disk = await written(three, 30);
    await (await open(disk, { afterSequence: 3 })).journal.discardThrough(3);
    expect(disk.paths().filter(hasFrames)).toEqual([`${directory}/${segmentName(4)}`]);
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
  /** Frames over several sectors, of content that is zeros for the most part; a file with room behind them. */
  const long = [frame(1, 2, 7), { ...frame(3, 9, 0), payload: new Uint8Array(1_200) }, frame(12, 1, 0)];

  /** Opens what a crash left, and holds it to `whole` frames; then appends one. */
  async function checkTorn(
    left: MemoryDisk,
    whole: readonly Frame[],
    ends: readonly number[],
    what: string,
  ): Promise<void> {
    const bytes = await left.read(first);
    const kept = bytes.length < 20 ? 0 : Math.max(20, ends[whole.length - 1] ?? 0);
    const { journal, frames, tornBytes } = await open(left);
    expect(frames, what).toEqual(whole);
    expect(tornBytes > 0, what).toBe(endOf(bytes) > kept);
    const next = frame(journal.lastSequence + 1, 1, 5, 2);
    await journal.append(next);
    expect((await open(left)).frames, what).toEqual([...whole, next]);
  }

  it.each(['cut off', 'zeros from there on'])(
    '%s at every byte: whole frames stay, the journal goes on',
    async (how) => {
      const { disk, ends } = await grown(long);
      const bytes = await disk.read(first);
      for (let length = 0; length < (ends.at(-1) ?? 0); length++) {
        const left = how === 'cut off' ? bytes.slice(0, length) : bytes.slice().fill(0, length);
        const whole = long.slice(0, ends.filter((end) => end <= length).length);
        if (length < 20 && how !== 'cut off') continue;
        await checkTorn(disk.with(first, left), whole, ends, `${length}`);
      }
    },
  );

  it('any sectors of the last frame that the power cut left out: it is gone, the others stay', async () => {
    const { disk, ends } = await grown(long.slice(0, 2));
    const bytes = await disk.read(first);
    const [start = 0, end = 0] = ends;
    const sectors = Math.ceil(end / 512);
    for (let missing = 1; missing < 1 << sectors; missing++) {
      const left = bytes.slice();
      for (let sector = 0; sector < sectors; sector++) {
        if ((missing & (1 << sector)) !== 0) left.fill(0, Math.max(start, sector * 512), (sector + 1) * 512);
      }
      await checkTorn(disk.with(first, left), long.slice(0, 1), ends, `sectors ${missing.toString(2)}`);
    }
  });

  it('a sector missing from a frame that others follow is damage', async () => {
    const { disk, ends } = await grown([...long, frame(13, 2, 3)]);
    const bytes = await disk.read(first);
    for (let sector = 1; (sector + 1) * 512 <= (ends[1] ?? 0); sector++) {
      const left = disk.with(first, bytes.slice().fill(0, sector * 512, (sector + 1) * 512));
      await expect(open(left), `sector ${sector}`).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
    }
  });

  it('any flipped bit of a whole frame is refused and the file left as it is', async () => {
    for (const frames of [three, long]) {
      const { disk, ends } = await grown(frames);
      const bytes = await disk.read(first);
      for (let bit = 0; bit < (ends.at(-1) ?? 0) * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const damaged = disk.with(first, flipped);
        await expect(open(damaged), `bit ${bit}`).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
        expect(Buffer.compare(await damaged.read(first), flipped)).toBe(0);
      }
    }
  });

  it('a bit flipped behind the frames costs nothing', async () => {
    const { disk, ends } = await grown(three);
    const bytes = await disk.read(first);
    const end = ends.at(-1) ?? 0;
    for (let bit = end * 8; bit < (end + 600) * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = 1 << (bit & 7);
      await checkTorn(disk.with(first, flipped), three, ends, `bit ${bit}`);
    }
  });

  it('an incomplete frame in the middle of the journal is damage', async () => {
    const disk = await written(three, 30);
    const bytes = await disk.read(first);
    const cut = disk.with(first, bytes.slice(0, endOf(bytes) - 1));
    await expect(open(cut)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
  });

  it('frames exchanged or repeated are damage although each is intact', async () => {
    const { disk, ends } = await grown(three);
    const repeated = await disk.read(first);
    repeated.copyWithin(ends[2] ?? 0, ends[0] ?? 0, ends[1]);
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

describe('a journal of the first format', () => {
  // Written by the version before files of zeros: the three frames, in a file that ends with them.
  const old =
    'U1NFRwEAAAABAAAAAAAAAGzvQu5TTEoxBgAAAAEAAAAAAAAAAQAAAAAAAAACAAAAbv9Cuk77XjkHBwcHBwdTTEoxAwAAAAMAAAAAAAAAAQAAAAAA' +
    'AAABAAAAyAb4T/C3xXQICAhTTEoxCQAAAAQAAAAAAAAAAQAAAAAAAAADAAAAxxbU6IY5IskJCQkJCQkJCQk=';
  const bytes = new Uint8Array(Buffer.from(old, 'base64'));
  const ends = [20 + 36 + 6, 20 + 36 + 6 + 36 + 3, bytes.length];

  it('cut at every byte: whole frames stay, and the journal goes on in a file of its own', async () => {
    for (let length = 0; length <= bytes.length; length++) {
      const cut = new MemoryDisk().with(first, bytes.slice(0, length));
      const whole = three.slice(0, ends.filter((end) => end <= length).length);
      const { journal, frames } = await open(cut);
      expect(frames, `cut at ${length}`).toEqual(whole);
      const next = [1, 2].map((more) => frame(journal.lastSequence + more, 1, 5, 2));
      for (const item of next) await journal.append(item);
      expect((await open(cut)).frames, `cut at ${length}`).toEqual([...whole, ...next]);
    }
  });

  it('any flipped bit is refused', async () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const damaged = new MemoryDisk().with(first, flipped);
      await expect(open(damaged), `bit ${bit}`).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
    }
  });
});

describe('the file of the next segment', () => {
  it('is made beside the work, and frames replace its zeros', async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk, { segmentBytes: 2_000 });
    let grownBy = 0;
    disk.fault = (operation) => {
      if (operation.kind === 'write' && hasFrames(operation.path)) grownBy += operation.grows;
      return undefined;
    };
    const frames = Array.from({ length: 40 }, (_, index) => ({
      ...frame(index + 1, 1, 7),
      payload: new Uint8Array(200),
    }));
    for (const item of frames) await journal.append(item);
    expect(grownBy).toBe(0);
    expect(disk.paths().filter(hasFrames).length).toBeGreaterThan(4);
    expect((await open(disk)).frames).toEqual(frames);
  });

  it('is larger each time, also when a frame fills the one before it', async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk, { segmentBytes: 8 * 1_024 * 1_024 });
    for (let sequence = 1; sequence <= 40; sequence++) {
      await journal.append({ firstSequence: sequence, epoch: 1, count: 1, payload: new Uint8Array(200 * 1_024) });
      // What a disk does meanwhile.
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(disk.paths().filter(hasFrames).length).toBeLessThan(8);
    await journal.close();
  });

  it('gives its room to a frame that finds none, and a journal without room for zeros grows', async () => {
    const disk = new MemoryDisk();
    const { journal } = await open(disk, { segmentBytes: 400 });
    disk.capacity = 1_200;
    let sequence = 1;
    const sent: Frame[] = [];
    for (; sequence < 100; sequence++) {
      const next = frame(sequence, 1, 7);
      const outcome = await journal.append(next).then(
        () => 'taken',
        (error: { code: string }) => error.code,
      );
      if (outcome !== 'taken') {
        expect(outcome).toBe('SLUICE_DISK_FULL');
        break;
      }
      sent.push(next);
    }
    // All but less than a frame and a header is used.
    expect(disk.used).toBeGreaterThan(1_200 - 41 - 20);
    expect((await open(disk)).frames).toEqual(sent);
    disk.capacity = Number.POSITIVE_INFINITY;
    await journal.append(frame(sequence, 1, 7));
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

  it.each([
    ['EACCES', 'SLUICE_DIRECTORY_UNUSABLE', `${directory} cannot be written (EACCES of the test)`],
    ['EROFS', 'SLUICE_DIRECTORY_UNUSABLE', `${directory} cannot be written (EROFS of the test)`],
    ['ENOSPC', 'SLUICE_DISK_FULL', `The disk of ${directory} is full`],
  ] as const)('a start that meets %s says so and changes nothing', async (failure, code, sentence) => {
    for (const disk of [new MemoryDisk(), await written(three)]) {
      disk.fault = ({ kind }) => (kind === 'open' ? { error: diskError(failure) } : undefined);
      await expect(open(disk)).rejects.toMatchObject({ code, message: expect.stringContaining(sentence) });
      disk.fault = () => undefined;
      const { journal } = await open(disk);
      await journal.close();
    }
  });

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
    const release = disk.hold();
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
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 20, max: 4_000 }),
        fc.nat(60),
        fc.nat(400),
        fc.nat(7),
        async (sizes, segmentBytes, failing, keep, lost) => {
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
          const { frames } = await open(
            disk.afterPowerCut(keep, (sector) => (lost & (1 << (sector % 3))) !== 0),
            { segmentBytes },
          );
          expect(frames.length).toBeGreaterThanOrEqual(acknowledged);
          expect(frames).toEqual(sent.slice(0, frames.length));
        },
      ),
      { numRuns: 500 },
    );
  });
});
