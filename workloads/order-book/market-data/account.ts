import type { FastifyRequest } from 'fastify';
import { accountOfCaller, accountOfName } from '../gateway/account.ts';

/**
 * Whose order it is: with tokens the token's subject. Without, the API key that clients of this shape send (`keyHeader`), which is not
 * a secret then, or the header `sluice-account`, or one account for all.
 */
export function accountOf(request: FastifyRequest, isSecured: boolean, keyHeader: string): string {
  if (!isSecured) {
    return accountOfName(request.headers[keyHeader] ?? request.headers['sluice-account'] ?? 'default');
  }
  if (request.caller === undefined) throw new Error('a secured route without a caller');
  return accountOfCaller(request.caller);
}
