import { runOrderLoad } from '../../workloads/order-book/load/run-order-load.ts';
import type { Step } from '../screen/screen.ts';
import { exactly, type Figure, told } from './figures.ts';
import { urls } from './places.ts';

const commands = 10_000;
/** So many of the latest acknowledged orders are asked for again at the end. */
const asked = 500;

interface Acknowledged {
  readonly id: string;
  readonly account: string;
}

/** An order flow of eight accounts, through whatever happens meanwhile; then looks whether the book has what it acknowledged. */
export async function matchOrders(step: Step): Promise<Figure[]> {
  const acknowledged: Acknowledged[] = [];
  const figures = await runOrderLoad({
    url: urls.orderBook,
    commands,
    onProgress: ({ orders, trades, retried }) =>
      step.update(`${orders} orders, ${trades} trades, ${retried} sent again`),
    onAcknowledged: (order) => acknowledged.push(order),
  });
  const { orders, trades, refused, retried, failed, perSecond } = figures;
  const missing = await countMissing(acknowledged.slice(-asked));
  step.done(`${orders} orders, ${trades} trades, ${perSecond} commands/s`);
  return [
    { what: 'orders acknowledged, trades', value: `${orders}, ${trades}`, right: orders > 0 && trades > 0 },
    exactly(`acknowledged orders missing, of the last ${asked}`, missing, 0),
    exactly('commands without an answer', failed, 0),
    told('commands refused by rule, sent again', `${refused}, ${retried}`),
    told('commands per second, each on disk first', perSecond),
  ];
}

async function countMissing(orders: readonly Acknowledged[]): Promise<number> {
  let missing = 0;
  for (const { id, account } of orders) {
    const response = await fetch(`${urls.orderBook}/v1/orders/${id}`, { headers: { 'sluice-account': account } });
    await response.arrayBuffer();
    if (response.status !== 200) missing += 1;
  }
  return missing;
}
