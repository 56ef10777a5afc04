import { type Caller, CodedError, serviceErrors, type TokenVerifier } from '@sluice/kit';
import { errors } from '../errors.ts';

const ACCOUNT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** An account that a client without a token names. Throws SLUICE_INVALID_ACCOUNT. */
export function accountOfName(text: unknown): string {
  if (typeof text === 'string' && ACCOUNT.test(text)) return text;
  const sentence =
    'An account must have 1 to 64 letters, digits, ".", "_" or "-", and begin with a letter or digit: see the header sluice-account.';
  throw new CodedError(errors.invalidAccount, sentence);
}

/** The account of a token: its subject. Throws SLUICE_INVALID_ACCOUNT. */
export function accountOfCaller({ subject }: Caller): string {
  return accountOfSubject(subject);
}

/**
 * Why the token of a connection that lives on is no longer good; undefined while it is. An issuer that cannot be reached is no reason to
 * hang up on somebody who was let in.
 */
export async function endOfToken(
  auth: TokenVerifier,
  authorization: string | undefined,
): Promise<CodedError | undefined> {
  try {
    await auth.verify(authorization);
    return undefined;
  } catch (error) {
    return error instanceof CodedError && error.code === serviceErrors.unauthenticated.code ? error : undefined;
  }
}

/** An account by the subject of its tokens. Throws SLUICE_INVALID_ACCOUNT. */
export function accountOfSubject(subject: string): string {
  // Half a surrogate pair has no UTF-8: the journal would give the account another name.
  if (subject.isWellFormed()) return subject;
  throw new CodedError(errors.invalidAccount, 'The subject of a token must be well-formed Unicode.');
}
