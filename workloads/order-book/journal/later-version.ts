import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';

/** `what` was written whole, by a version that knows more than this one. */
export function laterVersion(what: string): CodedError {
  const sentence = `The data directory holds ${what}, which only a later version knows: start that version. Nothing was changed.`;
  return new CodedError(errors.laterVersion, sentence);
}
