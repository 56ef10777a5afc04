import { CodedError } from '@sluice/kit';
import type { FastifyRequest } from 'fastify';
import { errors } from '../errors.ts';

/**
 * A browser lets any web page open a WebSocket to an address of this machine, or post to it without a body, and says in `origin` whose
 * page it is. Throws SLUICE_FOREIGN_ORIGIN unless it is that of this service, or there is none.
 */
export function refuseForeignPage({ headers: { origin, host } }: FastifyRequest): void {
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return;
  throw new CodedError(errors.foreignOrigin, 'Pages of another origin may not do this.');
}
