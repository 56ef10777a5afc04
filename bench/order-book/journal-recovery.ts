import { createLogger } from '@sluice/runtime/telemetry';
import { inlineMore } from '../../workloads/order-book/engine/tuning.ts';
import { Store } from '../../workloads/order-book/exchange/store.ts';
import { openBook, SHAPE } from './journal-book.ts';
import { OrderFlow } from './journal-flow.ts';
import { play } from './journal-load.ts';

const RESTING = 1_000_000;
const TAIL = 10_000_000;
const SLICE = 1_000_000;

/**
 * In processes of their own: `fill <directory>` writes a snapshot with a million resting orders and a journal of ten million commands
 * behind it, and ends without a farewell; `recover <directory>` opens it and prints what that took.
 */
const [task, directory = ''] = process.argv.slice(2);

async function fill(): Promise<void> {
  const flow = new OrderFlow(11, SHAPE);
  const first = await openBook(directory, Number.POSITIVE_INFINITY);
  await play(first.submit, flow, RESTING, true);
  await first.sequencer.stop();
  await first.store.close();
  const { submit } = await openBook(directory, Number.POSITIVE_INFINITY);
  for (let sent = 0; sent < TAIL; sent += SLICE) await play(submit, flow, SLICE, false);
}

async function recover(): Promise<void> {
  inlineMore();
  const started = performance.now();
  const { exchange } = await Store.open({ directory, log: createLogger('bench', 'silent') });
  const seconds = (performance.now() - started) / 1_000;
  console.log(JSON.stringify({ seconds, open: exchange.orders.open, sequence: exchange.sequence }));
}

await (task === 'fill' ? fill() : recover());
// Not closed: a crash does not say goodbye either.
process.exit(0);
