import { type ClientId, parseClientId } from './client-ids.ts';
import { type ExtraTerms, NO_EXTRA, type PlaceCommand } from './command.ts';
import { SELF_TRADE_SHIFT, SELF_TRADES, termsByte } from './terms.ts';

/**
 * An order on its way into the book, from a command or a record. One object is filled again and again: an order costs no
 * allocation.
 */
export interface Placement {
  timeMs: number;
  /** Index of the account, see Accounts. */
  account: number;
  readonly clientId: ClientId;
  /** Number of the symbol. */
  market: number;
  /** The byte of terms, see terms.ts. */
  terms: number;
  price: number;
  quantity: number;
  /** NO_EXTRA or what is not in `terms`. */
  extra: ExtraTerms;
}

export function createPlacement(): Placement {
  const clientId = { low: 0, high: 0, text: '' };
  return { timeMs: 0, account: 0, clientId, market: 0, terms: 0, price: 0, quantity: 0, extra: NO_EXTRA };
}

/** Fills in what the command says, and leaves account and market to the caller. */
export function fillFromCommand(placement: Placement, command: PlaceCommand): void {
  placement.timeMs = command.timeMs;
  parseClientId(command.clientOrderId, placement.clientId);
  placement.terms = termsByte({ ...command, selfTrade: 'allow' });
  placement.price = command.price;
  placement.quantity = command.quantity;
  withExtra(placement, command.extra);
}

/** Adds extra terms: the self-trade mode goes to the byte of terms, and what says nothing is left out. */
export function withExtra(placement: Placement, extra: ExtraTerms | undefined): void {
  const { stopPrice, displayQuantity, expiresMs, linkedTo, selfTrade } = extra ?? NO_EXTRA;
  placement.terms |= SELF_TRADES.indexOf(selfTrade) << SELF_TRADE_SHIFT;
  const isPlain = stopPrice === 0 && displayQuantity === 0 && expiresMs === 0 && linkedTo === 0;
  placement.extra = isPlain ? NO_EXTRA : { stopPrice, displayQuantity, expiresMs, linkedTo, selfTrade: 'allow' };
}
