import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Order } from '../exchange/order.ts';
import type { OrderEntry } from '../gateway/order-entry.ts';

/** The order is no longer open: it was filled, expired, or went with the one that it was linked to. */
const GONE: ReadonlySet<string> = new Set([errors.orderClosed.code, errors.orderNotFound.code]);

/**
 * Cancels `orders` of `account`, all at once, so that they share group commits. Resolves to those that are cancelled now. When some
 * cannot be (the account's rate, a full disk) it rejects with the first reason; the others are cancelled, and sending it again goes on.
 */
export async function cancelAll(
  entry: OrderEntry,
  exchange: Exchange,
  account: string,
  orders: readonly Order[],
): Promise<Order[]> {
  const results = await Promise.allSettled(orders.map(({ id }) => entry.cancel(account, id)));
  for (const result of results) {
    if (result.status === 'rejected' && !isGone(result.reason)) throw result.reason;
  }
  return orders
    .map(({ id }) => exchange.orders.ofAccount(account, id))
    .filter((order) => order !== undefined)
    .filter(({ status }) => status === 'cancelled');
}

function isGone(reason: unknown): boolean {
  return reason instanceof CodedError && GONE.has(reason.code);
}
