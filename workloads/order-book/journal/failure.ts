import { CodedError } from '@sluice/kit';
import { errors } from '../errors.ts';

/** A coded error as it goes from one thread to another. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds: number | undefined;
}

/** What went wrong in the journal's thread. An error without a code is one that nobody foresaw: the journal cannot be trusted then. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CodedError) {
    const { code, message, retryAfterSeconds } = error;
    return { code, message, retryAfterSeconds };
  }
  const message = `The journal stopped (${reasonOf(error)}). It accepts nothing more; what was acknowledged is safe. Start the program again.`;
  return { code: errors.journalFailed.code, message, retryAfterSeconds: undefined };
}

/** The error that `failureOf` saw. */
export function errorOf({ code, message, retryAfterSeconds }: Failure): CodedError {
  const definition = Object.values(errors).find((known) => known.code === code) ?? errors.journalFailed;
  return new CodedError(definition, message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
}

/** What an error says, for a sentence of ours. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The disk has no room for what a start needs. */
export function fullAtStart(directory: string, cause: unknown): CodedError {
  const sentence = `The disk of ${directory} is full: free some space and start again.`;
  return new CodedError(errors.diskFull, sentence, { cause });
}
