import { type Caller, CodedError } from '@sluice/kit';
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

/** An account by the subject of its tokens. Throws SLUICE_INVALID_ACCOUNT. */
export function accountOfSubject(subject: string): string {
  // Half a surrogate pair has no UTF-8: the journal would give the account another name.
  if (subject.isWellFormed()) return subject;
  throw new CodedError(errors.invalidAccount, 'The subject of a token must be well-formed Unicode.');
}
