import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { disk } from './disk.ts';
import type { Frame } from './frame.ts';
import { readJournal } from './journal-reader.ts';
import { ThreadedJournal } from './threaded-journal.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function read() {
  const frames: Frame[] = [];
  const replay = (frame: Frame): void => {
    frames.push({ ...frame, payload: frame.payload.slice() });
  };
  return { frames, ...(await readJournal({ disk, directory, afterSequence: 0, replay })) };
}

async function open(segmentBytes = 1 << 20): Promise<ThreadedJournal> {
  return ThreadedJournal.open({ directory, segmentBytes, tail: (await read()).tail });
}

/** In shared memory, as the sequencer hands it over. */
function frame(firstSequence: number, count: number, fill: number): Frame {
  const payload = new Uint8Array(new SharedArrayBuffer(count * 3)).fill(fill);
  return { firstSequence, epoch: 1, count, payload };
}

const plain = (frames: readonly Frame[]): unknown[] =>
  frames.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] }));

it('what an append has settled is on disk, over segments, and goes on after a start', async () => {
  const journal = await open(30);
  const frames = [frame(1, 2, 7), frame(3, 1, 8), frame(4, 3, 9)];
  for (const item of frames) {
    await journal.append(item);
    expect(plain((await read()).frames).at(-1)).toEqual(plain([item])[0]);
  }
  expect(journal.lastSequence).toBe(6);
  await journal.close();
  const again = await open(30);
  expect(again.lastSequence).toBe(6);
  await again.append(frame(7, 1, 1));
  await again.close();
  expect(plain((await read()).frames)).toEqual(plain([...frames, frame(7, 1, 1)]));
});

it('what keeps it from opening is told as the thread saw it', async () => {
  const tail = { lastSequence: 0, start: 1, length: 0, capacity: 0 };
  const opening = ThreadedJournal.open({ directory: '/sys', segmentBytes: 4_096, tail });
  await expect(opening).rejects.toMatchObject({ code: 'SLUICE_DIRECTORY_UNUSABLE' });
});

it('what no snapshot needs is removed', async () => {
  const journal = await open(30);
  for (const item of [frame(1, 2, 7), frame(3, 1, 8), frame(4, 3, 9)]) await journal.append(item);
  await journal.discardThrough(3);
  await journal.close();
  expect(readdirSync(directory)).toEqual(['journal-00000000000000000004.log']);
});

it('an error of the disk stops it for good, with its code', async () => {
  const journal = await open(30);
  await journal.append(frame(1, 10, 7));
  // The next append needs a new file, and there is no place for it.
  rmSync(directory, { recursive: true });
  await expect(journal.append(frame(11, 1, 1))).rejects.toMatchObject({
    code: 'SLUICE_JOURNAL_FAILED',
    message: expect.stringContaining('could not be continued in a new file'),
  });
  await expect(journal.append(frame(11, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
  expect(journal.lastSequence).toBe(10);
  await journal.close();
});

it('a directory that is not there is said at the start', async () => {
  const tail = { lastSequence: 0, start: 1, length: 0, capacity: 0 };
  await expect(
    ThreadedJournal.open({ directory: join(directory, 'no'), segmentBytes: 30, tail }),
  ).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED', message: expect.stringContaining('ENOENT') });
});

it('after a close nothing is taken', async () => {
  const journal = await open();
  await journal.close();
  await expect(journal.append(frame(1, 1, 1))).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
});
