import { CodedError } from '@sluice/kit';
import type { FastifyRequest } from 'fastify';
import { errors } from '../errors.ts';
import { accountOfCaller, accountOfName } from '../gateway/account.ts';

/**
 * Whose order it is: with tokens the token's subject. Without, the API key that clients of this shape send in `keyHeader`, which is a
 * name and no secret then. There is no account for who sends none: a web page can make a browser post a form to an address of this
 * machine, but not with a header of its own.
 */
export function accountOf(request: FastifyRequest, isSecured: boolean, keyHeader: string): string {
  if (isSecured) {
    if (request.caller === undefined) throw new Error('a secured route without a caller');
    return accountOfCaller(request.caller);
  }
  const name = request.headers[keyHeader] ?? request.headers['sluice-account'];
  if (name !== undefined) return accountOfName(name);
  throw new CodedError(errors.invalidAccount, `Send an API key in the header ${keyHeader}: it names the account.`);
}
