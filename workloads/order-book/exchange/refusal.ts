import { Reason } from '../engine/reports.ts';

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
  | 'invalidRecord'
  | 'orderTooLarge'
  | 'notionalTooLarge'
  | 'openNotionalTooLarge'
  | 'priceTooFar'
  | 'wouldTrigger';

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
