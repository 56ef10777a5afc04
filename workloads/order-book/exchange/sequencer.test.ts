import { expect, it } from 'vitest';
import { diskError, MemoryDisk } from '../journal/testing/memory-disk.ts';
import { Sequencer } from './sequencer.ts';
import { digest } from './snapshot.ts';
import { replayed } from './testing/book-on-disk.ts';
import { listing, place } from './testing/command-flow.ts';

async function started(maxPending = 100) {
  const disk = new MemoryDisk();
  const { exchange, journal } = await replayed(disk);
  const sizes: number[] = [];
  const sequencer = new Sequencer({ exchange, journal, epoch: 1, maxPending, onCommit: (size) => sizes.push(size) });
  for (const command of listing) await sequencer.submit(command);
  return { disk, exchange, sequencer, sizes };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('nothing is answered and nothing can be seen before the disk has it', async () => {
  const { disk, exchange, sequencer } = await started();
  const release = disk.hold();
  let answered = 0;
  const orders = [1, 2, 3].map(() => sequencer.submit(place()).then(() => answered++));
  for (let turns = 0; turns < 20; turns++) await turn();
  expect(answered).toBe(0);
  expect(exchange.sequence).toBe(2);
  expect(exchange.orders.open).toBe(0);
  expect(sequencer.pending).toBe(3);
  release();
  await Promise.all(orders);
  expect(exchange.orders.open).toBe(3);
  expect(digest((await replayed(disk.afterPowerCut(0))).exchange)).toBe(digest(exchange));
});

it('what arrives while the disk works goes to it together', async () => {
  const { disk, sequencer, sizes } = await started();
  const release = disk.hold();
  const first = sequencer.submit(place());
  await turn();
  await turn();
  const others = Array.from({ length: 50 }, () => sequencer.submit(place()));
  release();
  await Promise.all([first, ...others]);
  expect(sizes.slice(2)).toEqual([1, 50]);
});

it('outcomes come in the order of the commands', async () => {
  const { sequencer } = await started(1_000);
  const ids: number[] = [];
  await Promise.all(
    Array.from({ length: 500 }, () =>
      sequencer.submit(place({ quantity: 1 })).then((outcome) => {
        if (outcome.kind === 'order') ids.push(outcome.order.id);
      }),
    ),
  );
  expect(ids).toEqual(Array.from({ length: 500 }, (_, index) => index + 3));
});

it('more commands than may wait are refused, and are not in the journal', async () => {
  const { disk, exchange, sequencer } = await started(10);
  const settled = await Promise.allSettled(Array.from({ length: 15 }, () => sequencer.submit(place())));
  const refused = settled.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(5);
  expect(refused[0]).toMatchObject({ reason: { code: 'SLUICE_OVERLOADED', status: 503, retryAfterSeconds: 1 } });
  expect(exchange.orders.open).toBe(10);
  expect((await replayed(disk)).exchange.orders.open).toBe(10);
});

it('a full disk refuses orders and keeps what is there readable; with room again, orders are taken', async () => {
  const { disk, exchange, sequencer } = await started();
  await sequencer.submit(place());
  disk.fault = ({ kind }) => (kind === 'write' ? { error: diskError('ENOSPC'), keep: 10 } : undefined);
  await expect(sequencer.submit(place())).rejects.toMatchObject({ code: 'SLUICE_DISK_FULL', status: 503 });
  expect(exchange.orders.open).toBe(1);
  expect(sequencer.failure).toBeUndefined();
  disk.fault = () => undefined;
  await sequencer.submit(place());
  expect(exchange.orders.open).toBe(2);
  expect(digest((await replayed(disk)).exchange)).toBe(digest(exchange));
});

it('after a failed fdatasync every command is refused, those that waited too', async () => {
  const { disk, exchange, sequencer } = await started();
  await sequencer.submit(place());
  disk.fault = ({ kind }) => (kind === 'datasync' ? { error: diskError('EIO') } : undefined);
  const first = sequencer.submit(place());
  const second = turn().then(() => sequencer.submit(place()));
  expect(await Promise.allSettled([first, second])).toMatchObject([
    { status: 'rejected', reason: { code: 'SLUICE_JOURNAL_FAILED' } },
    { status: 'rejected', reason: { code: 'SLUICE_JOURNAL_FAILED' } },
  ]);
  disk.fault = () => undefined;
  await expect(sequencer.submit(place())).rejects.toMatchObject({ code: 'SLUICE_JOURNAL_FAILED' });
  expect(exchange.orders.open).toBe(1);
});

it('a stop answers what it took and takes nothing more', async () => {
  const { exchange, sequencer } = await started();
  const order = sequencer.submit(place());
  const stop = sequencer.stop();
  await expect(sequencer.submit(place())).rejects.toMatchObject({ code: 'SLUICE_STOPPING' });
  await stop;
  expect((await order).kind).toBe('order');
  expect(exchange.orders.open).toBe(1);
});
