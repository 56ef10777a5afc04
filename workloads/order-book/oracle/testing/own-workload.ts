import { mulberry32 } from '../../engine/testing/conformance.ts';
import type { MessageColumns } from '../columns.ts';

/** A workload of the same family: a walking middle, half cancels, a tenth modifies, some immediate orders. */
export function ownWorkload(seed: number, count: number): MessageColumns {
  const random = mulberry32(seed);
  const columns = {
    count,
    flags: new Uint8Array(count),
    quantity: new Uint8Array(count),
    orderId: new Uint32Array(count),
    price: new Int32Array(count),
  };
  let middle = 30_000;
  let issued = 0;
  for (let index = 0; index < count; index++) {
    if (random() < 0.02) middle += random() < 0.5 ? -1 : 1;
    const kind = random();
    const type = kind < 0.5 ? 0 : kind < 0.9 ? 1 : 2;
    const side = random() < 0.5 ? 0 : 1;
    const away = Math.floor(random() ** 2 * 60) - 2;
    columns.flags[index] = type | (side << 2) | (type === 0 && random() < 0.15 ? 8 : 0);
    columns.quantity[index] = 1 + Math.floor(random() * 100);
    columns.orderId[index] = type === 0 ? ++issued : Math.max(1, issued - Math.floor(random() ** 3 * 5_000));
    columns.price[index] = side === 0 ? middle - away : middle + away;
  }
  return columns;
}
