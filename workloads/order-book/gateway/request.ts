import { CodedError, serviceErrors } from '@sluice/kit';
import type { FastifyRequest } from 'fastify';
import { accountOfCaller, accountOfName } from './account.ts';
import { wrongField } from './order-request.ts';

/** The token's subject; without tokens the header `sluice-account`, or one account for all. */
export function accountOf({ caller, headers }: FastifyRequest, secured: boolean): string {
  if (!secured) return accountOfName(headers['sluice-account'] ?? 'default');
  if (caller === undefined) throw new Error('a secured route without a caller');
  return accountOfCaller(caller);
}

/** A body that its schema refused: throws the code and the sentence of the field at fault. */
export function refuseWrongBody({ validationError }: FastifyRequest): void {
  if (validationError === undefined) return;
  const first = validationError.validation[0];
  const { missingProperty: missing, additionalProperty: unknown } = first?.params ?? {};
  if (typeof unknown === 'string') {
    throw new CodedError(serviceErrors.invalidRequest, `There is no field ${JSON.stringify(unknown)}.`);
  }
  const coded = wrongField(first?.instancePath ?? '', typeof missing === 'string' ? missing : undefined);
  throw coded ?? new CodedError(serviceErrors.invalidRequest, validationError.message, { cause: validationError });
}
