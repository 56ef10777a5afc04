import { expect, test } from 'vitest';
import { countCalls, eventToReconcileMs, parseAuditLine } from './audit.ts';

const operator = 'system:serviceaccount:bench:operator';

function line(changes: Record<string, unknown>, ref: Record<string, unknown> = {}): string {
  return JSON.stringify({
    stage: 'ResponseComplete',
    verb: 'patch',
    user: { username: operator },
    objectRef: { resource: 'configmaps', name: 'a', ...ref },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: '2026-01-01T00:00:01.000250Z',
    stageTimestamp: '2026-01-01T00:00:01.004000Z',
    ...changes,
  });
}

const entries = (...lines: string[]) => lines.flatMap((text) => parseAuditLine(text) ?? []);
const second = Date.parse('2026-01-01T00:00:01Z');

test('times keep their microseconds', () => {
  expect(entries(line({}))[0]).toMatchObject({ receivedAt: second + 0.25, answeredAt: second + 4 });
});

test('a watch counts once, when it opens; anything else once, when it is answered', () => {
  const counted = entries(
    line({ verb: 'watch', stage: 'ResponseStarted' }),
    line({ verb: 'watch' }),
    line({ stage: 'ResponseStarted' }),
    line({}),
  );
  expect(counted.map(({ verb }) => verb)).toEqual(['watch', 'patch']);
});

test('calls are those of the operator in the time asked for', () => {
  const log = entries(
    line({}),
    line({ responseStatus: { code: 409 } }, { resource: 'widgets', subresource: 'status' }),
    line({ verb: 'get' }),
    line({ user: { username: 'admin' } }),
    line({ requestReceivedTimestamp: '2026-01-01T00:00:09.000000Z' }),
  );
  expect(countCalls(log, { operator, from: second, to: second + 5_000 })).toEqual({
    all: 3,
    writes: 2,
    refused: 1,
    byKind: { 'patch configmaps': 1, 'patch widgets/status': 1, 'get configmaps': 1 },
  });
});

test('event to reconcile is from the answered creation to the first write of a child, whichever kind it is', () => {
  const admin = { user: { username: 'admin' }, verb: 'create', responseStatus: { code: 201 } };
  const log = entries(
    line(admin, { resource: 'widgets' }),
    line({ requestReceivedTimestamp: '2026-01-01T00:00:01.030000Z' }),
    line({ requestReceivedTimestamp: '2026-01-01T00:00:01.010000Z' }, { resource: 'secrets' }),
    line({ requestReceivedTimestamp: '2026-01-01T00:00:01.006000Z' }, { resource: 'widgets', subresource: 'status' }),
    line(admin, { resource: 'widgets', name: 'other' }),
    line({ verb: 'get', requestReceivedTimestamp: '2026-01-01T00:00:01.005000Z' }),
  );
  const [ms = 0, ...more] = eventToReconcileMs(log, operator, new Set(['a']));
  expect(ms).toBeCloseTo(6, 3);
  expect(more).toEqual([]);
});
