import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { disk } from './disk.ts';
import { FileJournal } from './file-journal.ts';
import type { Frame } from './frame.ts';
import { type JournalFound, type ReadOptions, readJournal } from './journal-reader.ts';
import { readAhead } from './read-ahead.ts';
import { segmentName, segmentStarts } from './segment.ts';

let directory = '';

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-journal-'));
  const tail = { lastSequence: 0, start: 1, length: 0, capacity: 0 };
  const journal = await FileJournal.open({ disk, directory, segmentBytes: 600 }, tail);
  for (let sequence = 1; sequence <= 40; sequence++) {
    await journal.append({ firstSequence: sequence, epoch: 1, count: 1, payload: new Uint8Array(90).fill(sequence) });
  }
  await journal.close();
});
afterEach(() => rmSync(directory, { recursive: true }));

async function seen(read: (options: ReadOptions) => Promise<JournalFound>, afterSequence = 0) {
  const steps: unknown[] = [];
  const replay = ({ payload, ...frame }: Frame): void => void steps.push({ ...frame, payload: [...payload] });
  const found = await read({ disk, directory, afterSequence, prepare: () => steps.push('prepared'), replay });
  return { ...found, steps };
}

it('what is read ahead is what is read, over more files than may wait', async () => {
  for (const after of [0, 7, 40]) {
    const expected = await seen(readJournal, after);
    expect(expected.steps).toHaveLength(41 - after);
    expect(await seen(readAhead, after)).toEqual(expected);
  }
});

it('damage and gaps are told with their codes, when what is before them was replayed', async () => {
  const path = join(directory, segmentName(segmentStarts(readdirSync(directory))[4] ?? 0));
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.with(200, 1));
  await expect(seen(readAhead)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_CORRUPT' });
  rmSync(path);
  await expect(seen(readAhead)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_GAP' });
  await expect(seen(readAhead, 41)).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_REGRESSED' });
});

it('an error of the replay ends it', async () => {
  const replay = (): void => {
    throw new RangeError('of the test');
  };
  await expect(readAhead({ directory, afterSequence: 0, replay })).rejects.toThrow('of the test');
  await expect(readAhead({ directory, afterSequence: 0, prepare: replay, replay })).rejects.toThrow('of the test');
});
