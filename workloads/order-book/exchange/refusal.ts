import { Reason } from '../engine/reports.ts';
import type { PlaceCommand } from './command.ts';
import type { Outcome } from './exchange.ts';
import type { Order } from './order.ts';

/** Why a command changed nothing. */
export type Refusal =
  | 'unknownSymbol'
  | 'duplicateClientOrderId'
  | 'tooManyOpenOrders'
  | 'bookFull'
  | 'wouldMatch'
  | 'notFillable'
  | 'orderNotFound'
  | 'orderClosed'
  | 'quantityBelowFilled'
  | 'symbolChanged'
  | 'halted'
  | 'notInAuction'
  | 'outOfBand'
  | 'noLastPrice'
  | 'badPartner'
  | 'stopWaiting'
  | 'accountBlocked'
  | 'alreadyExpired'
  | 'unknownAccount'
  | 'tooManyAccounts'
  | 'invalidRecord';

const REFUSALS: ReadonlyMap<number, Refusal> = new Map([
  [Reason.wouldMatch, 'wouldMatch'],
  [Reason.notFillable, 'notFillable'],
  [Reason.bookFull, 'bookFull'],
  [Reason.halted, 'halted'],
  [Reason.notInAuction, 'notInAuction'],
  [Reason.outOfBand, 'outOfBand'],
  [Reason.noLastPrice, 'noLastPrice'],
  [Reason.badPartner, 'badPartner'],
  [Reason.waiting, 'stopWaiting'],
]);

/** The refusal that belongs to a reason of the engine. */
export function refusalOf(reason: number): Refusal {
  const refusal = REFUSALS.get(reason);
  if (refusal === undefined) throw new Error(`the book refused for a reason that nobody expects: ${reason}`);
  return refusal;
}

/** The same client order id again: the same order is answered with what became of it, another one is refused. */
export function repeat(known: Order, command: PlaceCommand): Outcome {
  const same =
    known.market.config.name === command.symbol &&
    known.side === command.side &&
    known.type === command.type &&
    known.timeInForce === command.timeInForce &&
    known.postOnly === command.postOnly &&
    known.placed.price === command.price &&
    known.placed.quantity === command.quantity &&
    sameExtra(known.extra, command.extra);
  if (!same) return { kind: 'refused', refusal: 'duplicateClientOrderId', order: known };
  if (known.status === 'rejected') return { kind: 'refused', refusal: refusalOf(known.reason), order: known };
  return { kind: 'order', order: known, trades: [], repeated: true };
}

function sameExtra(left: PlaceCommand['extra'], right: PlaceCommand['extra']): boolean {
  if (left === undefined || right === undefined) return left === right;
  return (
    left.stopPrice === right.stopPrice &&
    left.displayQuantity === right.displayQuantity &&
    left.selfTrade === right.selfTrade &&
    left.expiresMs === right.expiresMs &&
    left.linkedTo === right.linkedTo
  );
}
