import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BookProcess } from '../testing/book-process.ts';
import { type BinaryOrder, runBinaryLoad, sendAgain } from './testing/binary-orders.ts';

it('orders that the binary port acknowledged are missed when the book has lost them', async () => {
  const book = new BookProcess({ binary: true });
  try {
    await book.start();
    const orders: BinaryOrder[] = [];
    const ending = new AbortController();
    await runBinaryLoad({
      port: book.ports.binary,
      connections: 2,
      seed: 1,
      signal: ending.signal,
      onAcknowledged: (order) => {
        if (orders.push(order) === 20) ending.abort();
      },
    });
    expect(await sendAgain(book.ports.binary, orders)).toEqual([]);
    await book.end('SIGKILL');
    await book.start();
    expect(await sendAgain(book.ports.binary, orders)).toEqual([]);
    await book.end('SIGKILL');
    rmSync(book.data, { recursive: true });
    await book.start();
    const lost = await sendAgain(book.ports.binary, orders);
    expect(lost.length).toBeGreaterThanOrEqual(20);
    expect(lost[0]).toMatch(/^order \d+ of binary-\d, acknowledged .* was lost and became \d+$/);
  } finally {
    await book.remove();
  }
}, 60_000);
