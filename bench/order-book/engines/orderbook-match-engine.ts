import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readColumns } from '../../../workloads/order-book/oracle/columns.ts';
import { runPasses } from '../passes.ts';

/** The package's synchronous part: its asynchronous shell would cost it two promises per message. */
interface Orderbook {
  add(id: number, side: unknown, price: number, quantity: number): Added;
  /** Throws when the order does not rest. */
  cancel(id: number): unknown;
}

interface Added {
  readonly order: { readonly leaveQuantity: { gt(other: number): boolean } };
  readonly trades: readonly unknown[];
}

const [path = '', folder = ''] = process.argv.slice(2);
const specifier: string = pathToFileURL(join(folder, 'lib/index.js')).href;
const { Orderbook, TRADE_SIDE } = (await import(specifier)) as {
  Orderbook: new (options: object) => Orderbook;
  TRADE_SIDE: Readonly<Record<string, unknown>>;
};

const sides = [TRADE_SIDE.BID, TRADE_SIDE.ASK];
if (sides.includes(undefined)) throw new Error(`its sides are ${Object.keys(TRADE_SIDE)}`);

const passes = runPasses(readColumns(path), () => {
  const book = new Orderbook({});
  const tryCancel = (id: number): boolean => {
    try {
      book.cancel(id);
      return true;
    } catch {
      return false;
    }
  };
  return ({ flags, orderId, price, quantity }, from, to) => {
    let fills = 0;
    for (let index = from; index < to; index++) {
      const bits = flags[index] ?? 0;
      const id = orderId[index] ?? 0;
      // It has neither modify nor immediate orders: each is a cancel and an add.
      const goesOn = (bits & 3) === 0 || tryCancel(id);
      if ((bits & 3) === 1 || !goesOn) continue;
      const { order, trades } = book.add(id, sides[(bits >> 2) & 1], price[index] ?? 0, quantity[index] ?? 0);
      fills += trades.length;
      if ((bits & 8) !== 0 && order.leaveQuantity.gt(0)) tryCancel(id);
    }
    return fills;
  };
});
console.log(JSON.stringify(passes));
