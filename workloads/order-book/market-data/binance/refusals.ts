import { Type } from '@sinclair/typebox';
import { type CodedError, serviceErrors } from '@sluice/kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../../errors.ts';

/** A refusal with the number that Binance-shaped clients switch on. */
export class BinanceError extends Error {
  override readonly name = 'BinanceError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** What `sendBinanceError` sends. */
export const binanceRefusal = Type.Object({
  code: Type.Integer({ description: 'Negative; as Binance numbers it.' }),
  msg: Type.String({ description: 'What is wrong, for people.' }),
});

/** Texts that clients compare are given word by word; without one, the sentence of our error says what to mend. */
type Refusal = readonly [code: number, text?: string];

const REFUSALS: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  [errors.unknownSymbol.code, [-1121, 'Invalid symbol.']],
  [errors.invalidSymbol.code, [-1121, 'Invalid symbol.']],
  [errors.invalidSide.code, [-1117, 'Invalid side.']],
  [errors.invalidType.code, [-1116, 'Invalid orderType.']],
  [errors.invalidTimeInForce.code, [-1115, 'Invalid timeInForce.']],
  [errors.invalidPrice.code, [-1013, 'Filter failure: PRICE_FILTER']],
  [errors.priceOffTick.code, [-1013, 'Filter failure: PRICE_FILTER']],
  [errors.priceOutOfRange.code, [-1013, 'Filter failure: PRICE_FILTER']],
  [errors.outOfBand.code, [-1013, 'Filter failure: PRICE_FILTER']],
  [errors.invalidStop.code, [-1013, 'Filter failure: PRICE_FILTER']],
  [errors.invalidQuantity.code, [-1013, 'Filter failure: LOT_SIZE']],
  [errors.quantityOffLot.code, [-1013, 'Filter failure: LOT_SIZE']],
  [errors.quantityOutOfRange.code, [-1013, 'Filter failure: LOT_SIZE']],
  [errors.tooManyOpenOrders.code, [-1013, 'Filter failure: MAX_NUM_ORDERS']],
  [errors.invalidClientOrderId.code, [-1100]],
  [errors.invalidAccount.code, [-2014]],
  [errors.duplicateClientOrderId.code, [-2010, 'Duplicate order sent.']],
  [errors.wouldMatch.code, [-2010, 'Order would immediately match and take.']],
  [errors.halted.code, [-2010, 'Market is closed.']],
  [errors.notInAuction.code, [-2010, 'Market is closed.']],
  [errors.accountBlocked.code, [-2010, 'This account may not place or cancel orders.']],
  [errors.orderNotFound.code, [-2013, 'Order does not exist.']],
  [errors.orderClosed.code, [-2011, 'Unknown order sent.']],
  [errors.foreignOrigin.code, [-1002]],
  [errors.rateLimited.code, [-1015]],
  [errors.overloaded.code, [-1008]],
  [errors.stopping.code, [-1016]],
  [errors.journalFailed.code, [-1007]],
  [errors.diskFull.code, [-1001]],
  [serviceErrors.unauthenticated.code, [-2015]],
  [serviceErrors.keysUnavailable.code, [-1001]],
  [serviceErrors.internal.code, [-1000]],
  [serviceErrors.notFound.code, [-1020]],
]);

/** The number of an error that has none of its own: malformed, refused for the state of book or account, or failed. */
function codeOf(status: number): number {
  if (status >= 500) return -1000;
  return status === 400 ? -1130 : -2010;
}

/** Sends `error` as Binance does: `{"code":-1121,"msg":"Invalid symbol."}`. */
export function sendBinanceError(
  error: BinanceError | CodedError,
  _request: FastifyRequest,
  reply: FastifyReply,
): void {
  if (error instanceof BinanceError) {
    reply.code(400).send({ code: error.code, msg: error.message });
    return;
  }
  const [code = codeOf(error.status), text] = REFUSALS.get(error.code) ?? [];
  // A filter is named first, as clients look for it, and then what is wrong.
  const msg = text === undefined ? error.message : text.startsWith('Filter') ? `${text}. ${error.message}` : text;
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  // A refused order is 400 there, whatever the reason; only limits, tokens and failures have their own status.
  const hasOwnStatus = error.status >= 500 || error.status === 401 || error.status === 429;
  const status = hasOwnStatus || code === -1000 || code === -1002 || code === -1020 ? error.status : 400;
  reply.code(status).send({ code, msg });
}
