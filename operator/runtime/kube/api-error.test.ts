import { expect, test } from 'vitest';
import { apiError } from './api-error.ts';

const refusal = (body: unknown) => ({
  status: 409,
  retryAfterSeconds: undefined,
  text: typeof body === 'string' ? body : JSON.stringify(body),
});
const cause = (message: string, field: string) => ({ reason: 'FieldManagerConflict', message, field });

test('an apply conflict names each field and its owner', () => {
  const error = apiError(
    refusal({
      reason: 'Conflict',
      message: 'Apply failed with 2 conflicts',
      details: {
        causes: [
          cause('conflict with "kubectl-edit" using v1', '.data.a'),
          cause(
            String.raw`conflict with "a \"b\" c" with subresource "scale" using apps/v1 at 2026-01-01T00:00:00Z`,
            '.spec',
          ),
          { reason: 'FieldValueInvalid', message: 'no conflict', field: '.x' },
        ],
      },
    }),
  );
  expect(error).toMatchObject({ status: 409, reason: 'Conflict', message: 'Apply failed with 2 conflicts' });
  expect(error.conflicts).toEqual([
    { manager: 'kubectl-edit', field: '.data.a' },
    { manager: 'a "b" c', field: '.spec' },
  ]);
});

test('a message in a form of its own is given whole rather than lost', () => {
  const error = apiError(refusal({ details: { causes: [cause('somebody else has it', '.a'), {}] } }));
  expect(error.conflicts).toEqual([{ manager: 'somebody else has it', field: '.a' }]);
});

test.each(['', 'null', '[]', '"text"', '<html>bad gateway</html>'])('%j is still an error with its status', (text) => {
  expect(apiError(refusal(text))).toMatchObject({ status: 409, reason: 'Unknown', conflicts: [] });
});
