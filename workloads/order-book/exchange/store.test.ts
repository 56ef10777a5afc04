import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { createLogger } from '@sluice/runtime/telemetry';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { disk } from '../journal/disk.ts';
import { diskError, MemoryDisk } from '../journal/testing/memory-disk.ts';
import { Sequencer } from './sequencer.ts';
import { digest } from './snapshot.ts';
import { Store, type StoreOptions } from './store.ts';
import { listing, place } from './testing/command-flow.ts';

const log = createLogger('test', 'silent');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (options: Partial<StoreOptions> = {}): Promise<Store> => {
  return Store.open({ directory: join(folder, 'data'), log, ...options });
};

function sequencerOf(store: Store): Sequencer {
  const { exchange, journal, epoch } = store;
  return new Sequencer({ exchange, journal, epoch, maxPending: 10_000, onQuiet: () => store.snapshotIfDue() });
}

async function fill(store: Store, orders: number): Promise<string> {
  const sequencer = sequencerOf(store);
  if (store.exchange.sequence === 0) for (const command of listing) await sequencer.submit(command);
  for (let index = 0; index < orders; index++) {
    await sequencer.submit(
      place({ side: index % 3 === 0 ? 1 : 0, price: 90 + (index % 20), account: `a${index % 5}` }),
    );
  }
  await sequencer.stop();
  return digest(store.exchange);
}

it('closed and opened again, the book is the same and the epoch higher', async () => {
  const store = await open();
  const before = await fill(store, 200);
  await store.close();
  const again = await open();
  expect(digest(again.exchange)).toBe(before);
  expect(again.epoch).toBe(store.epoch + 1);
  await again.close();
});

it('with snapshots and retention on the way, any earlier journal is not needed', async () => {
  const options = { segmentBytes: 2_000, snapshotEvery: 50, snapshotPauseMs: 0 };
  const store = await open(options);
  const before = await fill(store, 400);
  await store.close();
  const files = readdirSync(join(folder, 'data')).sort();
  expect(files.filter((name) => name.startsWith('snapshot-'))).toHaveLength(2);
  expect(files.filter((name) => name.startsWith('journal-'))[0]).not.toBe('journal-00000000000000000001.log');
  const again = await open(options);
  expect(digest(again.exchange)).toBe(before);
  await again.close();
});

it('a busy book makes a snapshot when its time has come, or when very many commands came', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonic: () => nowMs };
  const store = await open({ snapshotEvery: 50, snapshotPauseMs: 30_000, clock });
  const names = (): string[] => readdirSync(join(folder, 'data')).filter((name) => name.startsWith('snapshot-'));
  const newest = (): number => Math.max(0, ...names().map((name) => Number(/\d+/.exec(name)?.[0])));
  const saved = (sequence: number) => vi.waitFor(() => expect(newest()).toBe(sequence), { timeout: 20_000 });
  // The first one is made at once.
  await fill(store, 48);
  await saved(50);
  await fill(store, 100);
  expect(store.exchange.sequence).toBe(150);
  expect(newest()).toBe(50);
  nowMs = 30_000;
  await fill(store, 1);
  await saved(151);
  await fill(store, 498);
  expect(newest()).toBe(151);
  await fill(store, 2);
  await saved(651);
  await store.close();
}, 60_000);

it('a damaged newest snapshot is passed over for the older one and the journal behind it', async () => {
  const options = { segmentBytes: 2_000, snapshotEvery: 50, snapshotPauseMs: 0 };
  const store = await open(options);
  const before = await fill(store, 400);
  await store.close();
  const newest =
    readdirSync(join(folder, 'data'))
      .filter((name) => name.startsWith('snapshot-'))
      .sort()
      .at(-1) ?? '';
  const path = join(folder, 'data', newest);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  const again = await open(options);
  expect(digest(again.exchange)).toBe(before);
  await again.close();
});

it('a snapshot that does not fit leaves nothing behind and loses nothing', async () => {
  let full = false;
  const store = await open({
    disk: {
      ...disk,
      open: async (path) => {
        const file = await disk.open(path);
        if (!full || !path.endsWith('.tmp')) return file;
        return {
          ...file,
          write: async (bytes) => {
            await file.write(bytes.subarray(0, 10), 0);
            throw diskError('ENOSPC');
          },
        };
      },
    },
  });
  const before = await fill(store, 50);
  full = true;
  await store.close();
  expect(readdirSync(join(folder, 'data')).filter((name) => name.startsWith('snapshot'))).toEqual([]);
  const again = await open();
  expect(digest(again.exchange)).toBe(before);
  await again.close();
});

it('when all snapshots are damaged, nothing is guessed', async () => {
  const store = await open();
  await fill(store, 20);
  await store.close();
  for (const name of readdirSync(join(folder, 'data')).filter((file) => file.startsWith('snapshot-'))) {
    writeFileSync(join(folder, 'data', name), 'x');
  }
  await expect(open()).rejects.toMatchObject({ code: 'SLUICE_SNAPSHOT_CORRUPT' });
});

it('the directory belongs to one at a time, and a refused start leaves it alone', async () => {
  const store = await open();
  await expect(open()).rejects.toMatchObject({ code: 'SLUICE_DIRECTORY_IN_USE' });
  await store.close();
  await (await open()).close();
});

it('a directory that cannot be made or used is said, and nothing is left behind', async () => {
  await expect(open({ directory: join(folder, 'no', 'such') })).rejects.toMatchObject({
    code: 'SLUICE_DIRECTORY_UNUSABLE',
    message: expect.stringContaining('its parent does not exist'),
  });
  writeFileSync(join(folder, 'file'), '');
  await expect(open({ directory: join(folder, 'file') })).rejects.toMatchObject({ code: 'SLUICE_DIRECTORY_UNUSABLE' });
  const full = new MemoryDisk();
  full.fault = ({ kind }) => (kind === 'write' ? { error: diskError('ENOSPC') } : undefined);
  await expect(open({ disk: full })).rejects.toMatchObject({ code: 'SLUICE_DISK_FULL' });
  expect(readdirSync(folder)).toEqual(['file']);
});
