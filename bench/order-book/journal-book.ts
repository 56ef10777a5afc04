import { createLogger } from '@sluice/runtime/telemetry';
import { inlineMore } from '../../workloads/order-book/engine/tuning.ts';
import { RECORD_BYTES } from '../../workloads/order-book/exchange/record.ts';
import { Sequencer } from '../../workloads/order-book/exchange/sequencer.ts';
import { Store } from '../../workloads/order-book/exchange/store.ts';
import type { Shape } from './journal-flow.ts';

export const SHAPE: Shape = { accounts: 64, symbols: 4 };

/** A book in `directory` as the service opens it, ready for the records of an OrderFlow of SHAPE. */
export async function openBook(directory: string, snapshotEvery: number) {
  inlineMore();
  const store = await Store.open({
    directory,
    log: createLogger('bench', 'silent'),
    snapshotEvery,
    snapshotPauseMs: 0,
  });
  const { exchange, journal, epoch } = store;
  const onQuiet = (): void => store.snapshotIfDue();
  const sequencer = new Sequencer({ exchange, journal, epoch, maxPending: 1_000_000, onQuiet });
  if (exchange.sequence === 0) {
    for (let symbol = 0; symbol < SHAPE.symbols; symbol++) {
      await sequencer.submit({ kind: 'symbol', name: `S${symbol}`, tickSize: '0.01', lotSize: '0.001' });
    }
    await sequencer.submit({ kind: 'limits', maxOrdersPerAccount: 1_000_000, closedOrdersKept: 100_000 });
    for (let account = 0; account < SHAPE.accounts; account++) await sequencer.accountNumber(`account-${account}`);
  }
  const submit = (records: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const write = (room: Uint8Array): void => room.set(records);
      sequencer.submitBatch(records.length / RECORD_BYTES, { write, applied: () => resolve(), refused: reject });
    });
  return { store, submit, sequencer };
}
