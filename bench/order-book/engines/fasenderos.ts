import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readColumns } from '../../../workloads/order-book/oracle/columns.ts';
import { runPasses } from '../passes.ts';

/** nodejs-order-book and hft-limit-order-book, its older name: the same calls. Their ESM builds do not load in Node, their CommonJS ones do. */
interface OrderBook {
  limit(order: { id: string; side: string; size: number; price: number; timeInForce: string }): Processed;
  modify(id: string, update: { side: string; size: number; price: number }): Processed;
  cancel(id: string): unknown;
}

interface Processed {
  readonly done: readonly unknown[];
  readonly partial: unknown;
  readonly err: unknown;
}

const [path = '', folder = ''] = process.argv.slice(2);
// Not in the workspace: its types are not there either.
const specifier: string = pathToFileURL(join(folder, 'dist/cjs/index.js')).href;
const { OrderBook } = (await import(specifier)) as { OrderBook: new () => OrderBook };

/** Every maker that is done, and one that is left in part; the taker itself is in one of the two as well when anything traded. */
function fillsOf({ done, partial, err }: Processed): number {
  if (err !== null && err !== undefined) return 0;
  const touched = done.length + (partial === null ? 0 : 1);
  return Math.max(0, touched - 1);
}

const passes = runPasses(readColumns(path), () => {
  const book = new OrderBook();
  return ({ flags, orderId, price, quantity }, from, to) => {
    let fills = 0;
    for (let index = from; index < to; index++) {
      const bits = flags[index] ?? 0;
      const id = String(orderId[index]);
      const side = (bits & 4) === 0 ? 'buy' : 'sell';
      const terms = { side, size: quantity[index] ?? 0, price: price[index] ?? 0 };
      if ((bits & 3) === 1) book.cancel(id);
      else if ((bits & 3) === 2) fills += fillsOf(book.modify(id, terms));
      else fills += fillsOf(book.limit({ id, ...terms, timeInForce: (bits & 8) === 0 ? 'GTC' : 'IOC' }));
    }
    return fills;
  };
});
console.log(JSON.stringify(passes));
