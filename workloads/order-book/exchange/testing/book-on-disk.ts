import { openFileJournal } from '../../journal/file-journal.ts';
import type { MemoryDisk } from '../../journal/testing/memory-disk.ts';
import { Exchange } from '../exchange.ts';
import { applyFrame } from '../replay.ts';

/** The book that the journal on `disk` adds up to, and the journal to go on with. */
export async function replayed(disk: MemoryDisk) {
  const exchange = new Exchange();
  const { journal } = await openFileJournal({
    disk,
    directory: '/data',
    segmentBytes: 1 << 20,
    afterSequence: 0,
    replay: (frame) => applyFrame(exchange, frame),
  });
  return { exchange, journal };
}
