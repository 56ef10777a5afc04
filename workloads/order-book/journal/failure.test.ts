import { CodedError } from '@sluice/kit';
import { expect, it } from 'vitest';
import { errors } from '../errors.ts';
import { errorOf, failureOf } from './failure.ts';

it('a coded error is the same on the other side of a thread', () => {
  const error = new CodedError(errors.diskFull, 'The disk is full.', { retryAfterSeconds: 5 });
  expect(errorOf(structuredClone(failureOf(error)))).toMatchObject({
    code: 'SLUICE_DISK_FULL',
    status: 503,
    message: 'The disk is full.',
    retryAfterSeconds: 5,
  });
});

it('an error that nobody foresaw stops the journal', () => {
  const error = errorOf(structuredClone(failureOf(new TypeError('x is not a function'))));
  expect(error).toMatchObject({
    code: 'SLUICE_JOURNAL_FAILED',
    message: expect.stringContaining('x is not a function'),
  });
});
