import { Type } from '@sinclair/typebox';
import type { CodedError } from '@sluice/kit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { errors } from '../../errors.ts';

/** What `sendCoinbaseError` sends. */
export const coinbaseRefusal = Type.Object({
  message: Type.String({ description: 'What is wrong; where clients compare it, in the words of Coinbase Exchange.' }),
  code: Type.String({ description: 'Stable, for programs: SLUICE_…' }),
});

/** What clients of this shape look for in `message`; elsewhere our sentence stands alone. */
const MESSAGES: ReadonlyMap<string, string> = new Map([
  [errors.unknownSymbol.code, 'Product not found'],
  [errors.orderNotFound.code, 'order not found'],
  [errors.orderClosed.code, 'Order already done'],
  [errors.invalidOrderId.code, 'Invalid order id'],
  [errors.rateLimited.code, 'Private rate limit exceeded'],
]);

/** Sends `error` as Coinbase Exchange does, with our code beside: `{"message":"order not found","code":"SLUICE_ORDER_NOT_FOUND"}`. */
export function sendCoinbaseError(error: CodedError, _request: FastifyRequest, reply: FastifyReply): void {
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  // A refused order is 400 there, whatever the reason: clients look into the message only of some.
  const isRefusal = error.code === errors.accountBlocked.code || error.status === 409 || error.status === 422;
  reply
    .code(isRefusal ? 400 : error.status)
    .send({ message: MESSAGES.get(error.code) ?? error.message, code: error.code });
}
