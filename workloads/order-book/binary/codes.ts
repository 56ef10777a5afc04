import { type ErrorDefinition, serviceErrors } from '@sluice/kit';
import { errors } from '../errors.ts';

const known = { ...serviceErrors, ...errors };
export type ErrorName = keyof typeof known;

/**
 * What a code number of the protocol stands for: the same errors as in the REST door, in 16 bits. A number is never given to
 * another error; new ones are added at the end. 0 is "done".
 */
const NUMBERS: readonly (ErrorName | undefined)[] = [
  undefined,
  'invalidFrame',
  'unsupportedVersion',
  'frameTimeout',
  'slowReader',
  'tooManyConnections',
  'unauthenticated',
  'keysUnavailable',
  'invalidAccount',
  'stopping',
  'overloaded',
  'rateLimited',
  'diskFull',
  'journalFailed',
  'internal',
  'unknownSymbol',
  'invalidTimeInForce',
  'invalidPostOnly',
  'invalidSelfTrade',
  'invalidPrice',
  'priceOutOfRange',
  'invalidQuantity',
  'quantityOutOfRange',
  'invalidStop',
  'invalidDisplayQuantity',
  'invalidOrderId',
  'invalidClientOrderId',
  'invalidRequest',
  'duplicateClientOrderId',
  'orderNotFound',
  'orderClosed',
  'quantityBelowFilled',
  'wouldMatch',
  'notFillable',
  'tooManyOpenOrders',
  'bookFull',
  'halted',
  'notInAuction',
  'outOfBand',
  'noLastPrice',
  'badPartner',
  'stopWaiting',
  'accountBlocked',
  'alreadyExpired',
  'tooManyAccounts',
  'unknownAccount',
  'invalidRecord',
  'publishBacklog',
  'orderTooLarge',
  'notionalTooLarge',
  'openNotionalTooLarge',
  'priceTooFar',
  'wouldTrigger',
  'outboxFailed',
];

const byName = new Map(NUMBERS.flatMap((name, number) => (name === undefined ? [] : [[name, number] as const])));
const byCode = new Map<string, number>([...byName].map(([name, number]) => [known[name].code, number]));

/** The number of an error. Throws for one that the protocol cannot say, which is a bug of this program. */
export function codeNumber(name: ErrorName): number {
  const number = byName.get(name);
  if (number === undefined) throw new Error(`the error ${name} has no number in the protocol`);
  return number;
}

/** The number of a `SLUICE_…` code; that of SLUICE_INTERNAL when it has none. */
export function numberOfCode(code: string): number {
  return byCode.get(code) ?? codeNumber('internal');
}

/** The error that a number stands for; undefined for 0 and for numbers of a later version. */
export function errorOf(number: number): ErrorDefinition | undefined {
  const name = NUMBERS[number];
  return name === undefined ? undefined : known[name];
}

/** All numbers in use with their errors, for the reference page and its test. */
export function allCodes(): [number, ErrorDefinition][] {
  return [...byName].map(([name, number]) => [number, known[name]]);
}
