import type { OrderStatus } from './order.ts';
import type { Refusal } from './refusal.ts';

/**
 * A command of fixed size, for doors of a high rate. It is journaled as it came. Little-endian:
 *
 *     0  u8   kind, see RecordKind
 *     1  u8   terms of a place, see `termsByte`; 0 otherwise
 *     2  u16  symbol of a place: its number in the order in which symbols were configured, `Market.number`; 0 otherwise
 *     4  u32  account: the number that the command `account` gave, `Sequencer.accountNumber`
 *     8  u64  client order id of a place (0: none) and of the kinds ByClientId; order id of cancel and replace
 *    16  u32  price in ticks; 0 for a market order; 0 keeps the price in a replace
 *    20  u32  quantity in lots; 0 keeps the quantity in a replace
 *    24  u32  stop price in ticks, 0 for none
 *    28  u32  lots that an iceberg shows, 0 for none
 *    32  f64  time in milliseconds since the epoch, written by the door
 *
 * Whatever the bytes are, the exchange answers: a field out of range is a refusal and changes nothing.
 */
export const RECORD_BYTES = 40;
export const RecordKind = { place: 1, cancel: 2, replace: 3, cancelByClientId: 4, replaceByClientId: 5 } as const;

/**
 * What came of a record, at the same place in the answer. Little-endian:
 *
 *     0  u8   status of the order, an index of STATUSES; NO_ORDER when there is none
 *     1  u8   refusal, an index of REFUSALS; 0 when it was done
 *     2  u8   why the order was cancelled or rejected, a `Reason` of the engine
 *     3  u8   1 when the order was placed by an earlier command of the same client order id
 *     4  u32  trades of the order in this command
 *     8  u64  order id, 0 when there is none
 *    16  u32  price in ticks
 *    20  u32  quantity in lots: filled and open
 *    24  u32  filled lots
 *    28  u32  price of its last trade in this command, 0 without one
 */
export const RESULT_BYTES = 32;
export const STATUSES: readonly OrderStatus[] = ['open', 'filled', 'cancelled', 'rejected'];
export const NO_ORDER = 255;

/** Refusals by their numbers in a result. Only ever appended to: clients know the numbers. */
export const REFUSALS: readonly (Refusal | undefined)[] = [
  undefined,
  'unknownSymbol',
  'duplicateClientOrderId',
  'tooManyOpenOrders',
  'bookFull',
  'wouldMatch',
  'notFillable',
  'orderNotFound',
  'orderClosed',
  'quantityBelowFilled',
  'symbolChanged',
  'halted',
  'notInAuction',
  'outOfBand',
  'noLastPrice',
  'badPartner',
  'stopWaiting',
  'accountBlocked',
  'alreadyExpired',
  'unknownAccount',
  'tooManyAccounts',
  'invalidRecord',
  'orderTooLarge',
  'notionalTooLarge',
  'openNotionalTooLarge',
  'priceTooFar',
  'wouldTrigger',
];
