import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openFileJournal } from '../journal/file-journal.ts';
import { diskError, MemoryDisk } from '../journal/testing/memory-disk.ts';
import { Exchange } from './exchange.ts';
import { applyFrame } from './replay.ts';
import { Sequencer } from './sequencer.ts';
import { digest } from './snapshot.ts';
import { listing, place } from './testing/command-flow.ts';
import { recordBytes } from './testing/record-bytes.ts';

async function opened(disk: MemoryDisk) {
  const exchange = new Exchange();
  const replay = (frame: Parameters<typeof applyFrame>[1]): void => applyFrame(exchange, frame);
  const options = { disk, directory: '/data', segmentBytes: 2_000, afterSequence: 0, replay };
  return { exchange, journal: (await openFileJournal(options)).journal };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Places one lot each; orders of one batch go to both sides of one price, so that they trade. */
function records(count: number): Uint8Array {
  return recordBytes(
    Array.from({ length: count }, (_, index) => ({ terms: { side: index & 1 ? 1 : 0 }, quantity: 1 }) as const),
  );
}

it('whatever the disk does and wherever the power goes, what was answered is there and nothing is there that was not sent', async () => {
  await fc.assert(
    fc.asyncProperty(
      // 0 is a single command, another number a batch of so many records; then turns of the event loop until the next.
      fc.array(fc.tuple(fc.nat(9), fc.nat(3)), { minLength: 1, maxLength: 25 }),
      fc.constantFrom('ENOSPC' as const, 'EIO' as const, undefined),
      fc.nat(40),
      fc.nat(300),
      async (sends, code, failing, keep) => {
        const disk = new MemoryDisk();
        const { exchange, journal } = await opened(disk);
        const sequencer = new Sequencer({ exchange, journal, epoch: 1, maxPending: 60 });
        for (const command of listing) await sequencer.submit(command);
        await sequencer.accountNumber('a');
        let operations = 0;
        disk.fault = () =>
          code !== undefined && operations++ === failing ? { error: diskError(code), keep: keep % 50 } : undefined;
        let answered = 0;
        let sent = 3;
        const answers: Promise<unknown>[] = [];
        for (const [count, turns] of sends) {
          const commands = Math.max(1, count);
          const answer = count === 0 ? sequencer.submit(place()) : sequencer.submitRecords(records(count));
          sent += commands;
          answers.push(
            answer.then(
              () => {
                answered += commands;
                // Nothing is applied that is not on disk.
                expect(exchange.sequence).toBeLessThanOrEqual(journal.lastSequence);
              },
              (error: { code?: string }) => expect(error.code).toMatch(/^SLUICE_/),
            ),
          );
          for (let left = turns; left > 0; left--) await turn();
        }
        await Promise.all(answers);
        expect(exchange.sequence).toBe(3 + answered);
        disk.fault = () => undefined;
        const after = await opened(disk.afterPowerCut(keep));
        expect(after.exchange.sequence).toBeGreaterThanOrEqual(3 + answered);
        expect(after.exchange.sequence).toBeLessThanOrEqual(sent);
        if (after.exchange.sequence === exchange.sequence) {
          expect(digest(after.exchange)).toBe(digest(exchange));
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('the disk has the next group while the one before it is applied', async () => {
  const disk = new MemoryDisk();
  const { exchange, journal } = await opened(disk);
  const sequencer = new Sequencer({ exchange, journal, epoch: 1, maxPending: 60 });
  for (const command of listing) await sequencer.submit(command);
  const writing: number[] = [];
  disk.fault = (operation) => {
    if (operation.kind === 'write' && operation.path.endsWith('.log')) writing.push(exchange.sequence);
    return undefined;
  };
  const release = disk.hold();
  const first = sequencer.submit(place());
  await turn();
  await turn();
  const second = sequencer.submit(place());
  release();
  await Promise.all([first, second]);
  // The second group was written when the first one was durable and not applied.
  expect(writing).toEqual([2, 2]);
  expect(exchange.sequence).toBe(4);
});

it('a command that cannot be written leaves nothing before the next one', async () => {
  const disk = new MemoryDisk();
  const { exchange, journal } = await opened(disk);
  const sequencer = new Sequencer({ exchange, journal, epoch: 1, maxPending: 60 });
  for (const command of listing) await sequencer.submit(command);
  const broken = place({ account: null as unknown as string });
  const good = sequencer.submit(place());
  await expect(sequencer.submit(broken)).rejects.toThrow(TypeError);
  await Promise.all([good, sequencer.submit(place())]);
  expect(exchange.orders.open).toBe(2);
  expect(sequencer.pending).toBe(0);
  expect(digest((await opened(disk)).exchange)).toBe(digest(exchange));
});
