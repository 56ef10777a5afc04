import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';
import type { Exchange, Outcome, Refusal } from '../exchange/exchange.ts';
import type { Market } from '../exchange/market.ts';
import type { Order } from '../exchange/order.ts';
import { orderView } from './views.ts';

const SENTENCES: Record<Refusal, string> = {
  unknownSymbol: 'The book does not trade this symbol. GET /v1/symbols lists those it does.',
  duplicateClientOrderId: 'Another order of this account has this clientOrderId and other terms: choose a new one.',
  tooManyOpenOrders: 'The account has as many open orders as it may have: cancel some first.',
  bookFull: 'The book holds as many open orders as it can: send the order again later.',
  wouldMatch: 'The order is postOnly and would have matched at once, so it was not placed.',
  notFillable: 'There is not enough on the other side to fill the order wholly, so none of it was.',
  orderNotFound: 'The account has no such order, or it was closed so long ago that it is forgotten.',
  orderClosed: 'The order is not open any more: nothing was changed.',
  quantityBelowFilled: 'As much as the new quantity or more is filled already: cancel the order to close it.',
  symbolChanged: 'The symbol is there already.',
  halted: 'Trading of the symbol is halted: open orders can be cancelled, and nothing else.',
  notInAuction: 'The symbol is in a call before an auction, which takes limit orders without anything further.',
  outOfBand: 'The price is outside of what the symbol takes now.',
  noLastPrice: 'Nothing has traded yet, so there is no price to compare the order with.',
  badPartner:
    'linkedTo must be an open order of the account, in the same symbol and on the same side, that is not linked.',
  stopWaiting: 'The stop waits for its price: cancel it and send another one.',
  accountBlocked: 'The kill switch of the account is on: it takes no orders until it is lifted.',
  alreadyExpired: 'expiresTime is not later than now.',
  unknownAccount: 'No account has this number.',
  tooManyAccounts: 'The book has given all numbers that it has for accounts.',
  invalidRecord: 'A field of the record is out of range.',
  orderTooLarge: 'The quantity is above what the account may order at once in this symbol.',
  notionalTooLarge: 'Price times quantity is above what the account may order at once in this symbol.',
  openNotionalTooLarge:
    'Price times quantity of all open orders would be above what the account may have in this symbol.',
  priceTooFar: 'The price is farther through the last price than the account may go: look at it again.',
  wouldTrigger: 'The stop price was passed already, so the pair was not placed.',
};

/** The coded error of a refused command; the order it is about goes with it. */
export function refusalError({ refusal, order }: Extract<Outcome, { kind: 'refused' }>): CodedError {
  return new CodedError(errors[refusal], SENTENCES[refusal], {
    ...(order !== undefined && { members: { order: orderView(order) } }),
    ...(refusal === 'bookFull' && { retryAfterSeconds: 5 }),
  });
}

/** The market of a symbol, also of one that takes no new orders. Throws SLUICE_UNKNOWN_SYMBOL. */
export function marketOf({ markets }: Exchange, symbol: string): Market {
  const market = markets.get(symbol);
  if (market === undefined) throw refusalError({ kind: 'refused', refusal: 'unknownSymbol' });
  return market;
}

/** The order `id` of the account. Throws SLUICE_ORDER_NOT_FOUND, also for those of others. */
export function ownOrder({ orders }: Exchange, account: string, id: number): Order {
  return found(orders.ofAccount(account, id));
}

/** Throws SLUICE_ORDER_NOT_FOUND for none. */
export function found(order: Order | undefined): Order {
  if (order === undefined) throw refusalError({ kind: 'refused', refusal: 'orderNotFound' });
  return order;
}
