import type { ErrorDefinition } from '@sluice/kit';
import { errors } from '../errors.ts';

/** What the account of a request can be refused for. */
export const accountErrors: readonly ErrorDefinition[] = [errors.invalidAccount];

/** What every command can be refused for. */
export const commandErrors: readonly ErrorDefinition[] = [
  errors.overloaded,
  errors.stopping,
  errors.diskFull,
  errors.journalFailed,
];

const orderCommandErrors: readonly ErrorDefinition[] = [...accountErrors, errors.rateLimited, ...commandErrors];

/** What can trade waits while trades cannot be published. */
export const publishErrors: readonly ErrorDefinition[] = [errors.publishBacklog, errors.outboxFailed];

/** What the book can refuse a new price or quantity for. */
const termsErrors: readonly ErrorDefinition[] = [
  errors.invalidPrice,
  errors.priceOffTick,
  errors.priceOutOfRange,
  errors.invalidQuantity,
  errors.quantityOffLot,
  errors.quantityOutOfRange,
  errors.halted,
  errors.notInAuction,
  errors.outOfBand,
  errors.wouldMatch,
  errors.accountBlocked,
  errors.orderTooLarge,
  errors.notionalTooLarge,
  errors.openNotionalTooLarge,
  errors.priceTooFar,
  errors.noLastPrice,
];

export const placeErrors: readonly ErrorDefinition[] = [
  ...orderCommandErrors,
  ...termsErrors,
  ...publishErrors,
  errors.invalidSymbol,
  errors.unknownSymbol,
  errors.invalidSide,
  errors.invalidType,
  errors.invalidTimeInForce,
  errors.invalidPostOnly,
  errors.invalidStop,
  errors.invalidDisplayQuantity,
  errors.invalidSelfTrade,
  errors.invalidExpiry,
  errors.invalidOrderId,
  errors.invalidClientOrderId,
  errors.duplicateClientOrderId,
  errors.tooManyOpenOrders,
  errors.bookFull,
  errors.notFillable,
  errors.badPartner,
  errors.alreadyExpired,
];

export const pairErrors: readonly ErrorDefinition[] = [...placeErrors, errors.invalidPair, errors.wouldTrigger];

const orderIdErrors: readonly ErrorDefinition[] = [errors.invalidOrderId, errors.orderNotFound];

export const replaceErrors: readonly ErrorDefinition[] = [
  ...orderCommandErrors,
  ...termsErrors,
  ...publishErrors,
  ...orderIdErrors,
  errors.orderClosed,
  errors.quantityBelowFilled,
  errors.stopWaiting,
];

export const cancelErrors: readonly ErrorDefinition[] = [...orderCommandErrors, ...orderIdErrors, errors.orderClosed];

export const readOrderErrors: readonly ErrorDefinition[] = [...accountErrors, ...orderIdErrors];

export const listOrdersErrors: readonly ErrorDefinition[] = [
  ...accountErrors,
  errors.invalidOrderId,
  errors.invalidClientOrderId,
];

export const symbolErrors: readonly ErrorDefinition[] = [errors.unknownSymbol];
