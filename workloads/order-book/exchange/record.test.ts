import { expect, it } from 'vitest';
import { MemoryDisk } from '../journal/testing/memory-disk.ts';
import { NO_ORDER, RECORD_BYTES, REFUSALS, RESULT_BYTES, RecordKind, STATUSES } from './record.ts';
import { Sequencer } from './sequencer.ts';
import { decodeExchange, digest, encodeExchange } from './snapshot.ts';
import { termsByte } from './terms.ts';
import { replayed } from './testing/book-on-disk.ts';
import { listing, place } from './testing/command-flow.ts';
import { PLAIN, recordBytes } from './testing/record-bytes.ts';

const buy = termsByte(PLAIN);
const sell = termsByte({ ...PLAIN, side: 1 });

type Fields = [kind: number, terms: number, symbol: number, account: number, id: number, price: number, lots: number];

function records(...rows: readonly Fields[]): Uint8Array {
  return recordBytes(
    rows.map(([kind, terms, symbol, account, id, price, quantity]) => {
      return { kind, terms, symbol, account, id, price, quantity };
    }),
  );
}

function shown(results: Uint8Array): string[] {
  const view = new DataView(results.buffer, results.byteOffset, results.length);
  return Array.from({ length: results.length / RESULT_BYTES }, (_, index) => {
    const at = index * RESULT_BYTES;
    const status = view.getUint8(at);
    const refusal = REFUSALS[view.getUint8(at + 1)] ?? 'done';
    if (status === NO_ORDER) return refusal;
    const [price, lots, filled] = [16, 20, 24].map((field) => view.getUint32(at + field, true));
    const trades = view.getUint32(at + 4, true);
    const last = trades === 0 ? '' : `, ${trades} to ${view.getUint32(at + 28, true)}`;
    const id = view.getBigUint64(at + 8, true);
    return `${refusal}${view.getUint8(at + 3) === 1 ? ' again' : ''} ${id} ${STATUSES[status]} ${filled}/${lots}@${price}${last}`;
  });
}

async function started() {
  const disk = new MemoryDisk();
  const { exchange, journal } = await replayed(disk);
  const sequencer = new Sequencer({ exchange, journal, epoch: 1, maxPending: 100 });
  for (const command of listing) await sequencer.submit(command);
  return { disk, exchange, sequencer };
}

it('a batch is one unit: journaled as it came, answered in order, the same after a replay', async () => {
  const { disk, exchange, sequencer } = await started();
  const a = await sequencer.accountNumber('a');
  const b = await sequencer.accountNumber('b');
  expect([a, b, await sequencer.accountNumber('a')]).toEqual([1, 2, 1]);
  const batch = records(
    [RecordKind.place, buy, 0, a, 77, 100, 5],
    [RecordKind.place, sell, 0, b, 0, 99, 7],
    [RecordKind.place, buy, 0, a, 77, 100, 5],
    [RecordKind.place, buy, 0, a, 77, 101, 5],
    [RecordKind.replace, 0, 0, b, 6, 98, 8],
    [RecordKind.cancelByClientId, 0, 0, a, 77, 0, 0],
    [RecordKind.cancel, 0, 0, a, 6, 0, 0],
    [RecordKind.cancel, 0, 0, b, 6, 0, 0],
  );
  const results = sequencer.submitRecords(batch);
  batch.fill(0);
  expect(shown(await results)).toEqual([
    'done 5 open 0/5@100',
    'done 6 open 5/7@99, 1 to 100',
    'done again 5 filled 5/5@100',
    'duplicateClientOrderId again 5 filled 5/5@100',
    'done 6 open 5/8@98',
    'orderClosed 5 filled 5/5@100',
    'orderNotFound',
    'done 6 cancelled 5/8@98',
  ]);
  expect(digest((await replayed(disk)).exchange)).toBe(digest(exchange));
});

it('a number is a client order id like its decimal text', async () => {
  const { exchange, sequencer } = await started();
  await sequencer.submit(place({ clientOrderId: '12' }));
  const a = await sequencer.accountNumber('a');
  const restored = decodeExchange(encodeExchange(exchange));
  for (const state of [exchange, restored]) expect(state.orders.numberOf('a')).toBe(a);
  expect(shown(await sequencer.submitRecords(records([RecordKind.place, buy, 0, a, 12, 100, 5])))).toEqual([
    'done again 3 open 0/5@100',
  ]);
});

it('whatever the bytes are, each record is answered and a refused one changes nothing', async () => {
  const { exchange, sequencer } = await started();
  const a = await sequencer.accountNumber('a');
  const before = exchange.orders.open;
  const market = termsByte({ ...PLAIN, type: 'market', timeInForce: 'IOC' });
  expect(
    shown(
      await sequencer.submitRecords(
        records(
          [0, buy, 0, a, 0, 100, 5],
          [9, buy, 0, a, 0, 100, 5],
          [RecordKind.place, buy, 0, 2, 0, 100, 5],
          [RecordKind.place, buy, 0, 0, 0, 100, 5],
          [RecordKind.place, buy, 2, a, 0, 100, 5],
          [RecordKind.place, buy, 0, a, 0, 0, 5],
          [RecordKind.place, buy, 0, a, 0, 100, 0],
          [RecordKind.place, buy, 0, a, 0, 2 ** 32 - 1, 5],
          [RecordKind.place, buy, 0, a, 0, 100, 2 ** 31],
          [RecordKind.place, 255, 0, a, 0, 100, 5],
          [RecordKind.place, market, 0, a, 0, 100, 5],
          [RecordKind.cancel, 0, 0, a, 2 ** 53, 0, 0],
        ),
      ),
    ),
  ).toEqual([
    'invalidRecord',
    'invalidRecord',
    'unknownAccount',
    'unknownAccount',
    'unknownSymbol',
    ...Array(6).fill('invalidRecord'),
    'orderNotFound',
  ]);
  expect(exchange.orders.open).toBe(before);
  expect(exchange.tally.refused).toBe(12);
  for (const wrong of [0, 39, 41, 4_097 * RECORD_BYTES]) {
    await expect((async () => sequencer.submitRecords(new Uint8Array(wrong)))()).rejects.toThrow('is not 1 to 4096');
  }
});
