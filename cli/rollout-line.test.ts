import type { AppDeployment } from '@sluice/api';
import { expect, test } from 'vitest';
import { rolloutState } from './rollout-line.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const none = { drained: 0, closedByApp: 0, severedByDeadline: 0, severedByNode: 0, unknown: 0, podsWithoutReport: 0 };
type Status = NonNullable<AppDeployment['status']>;

function app(status: Partial<Status>, reason = 'RolloutComplete'): AppDeployment {
  const condition = { lastTransitionTime: '2026-01-01T11:00:00Z', status: 'True', message: 'because' } as const;
  return {
    metadata: { name: 'shop', generation: 2 },
    spec: { version: 'v2', replicas: 3 },
    status: {
      observedGeneration: 2,
      readyReplicas: 3,
      conditions: [{ ...condition, type: 'Progressing', reason }],
      ...status,
    },
  } as unknown as AppDeployment;
}

const rollout = (connections: Partial<typeof none>) => ({
  lastRollout: {
    to: 'v2',
    startTime: '2026-01-01T11:59:00Z',
    completionTime: '2026-01-01T11:59:44Z',
    durationSeconds: 44,
    connections: { ...none, ...connections },
  },
});

test.each([
  [
    'drained ones',
    rollout({ drained: 9, closedByApp: 1 }),
    'succeeded',
    '3 of 3 pods at v2 after 44 s; connections: 9 drained, 1 closed by the app, 0 severed',
  ],
  ['a severed one', rollout({ severedByDeadline: 1 }), 'failed', '1 severed (1 by the deadline, 0 by a node)'],
  ['one lost with its node', rollout({ severedByNode: 1 }), 'failed', '1 severed'],
  ['an unknown one', rollout({ unknown: 1 }), 'failed', '1 unknown'],
  ['a silent pod', rollout({ podsWithoutReport: 1 }), 'failed', '1 pods left no report'],
])('a complete rollout with %s', (_name, status, kind, line) => {
  const state = rolloutState(app(status), undefined, nowMs);
  expect(state.kind).toBe(kind);
  expect(state.line).toContain(line);
});

test('an old report is not this rollout’s', () => {
  const state = rolloutState(app(rollout({ severedByNode: 4 })), '2026-01-01T11:59:00Z', nowMs);
  expect(state).toEqual({ kind: 'succeeded', line: '3 of 3 pods at v2, unchanged' });
});

test('a spec that the operator has not seen is waited for, whatever the status says', () => {
  expect(rolloutState(app({ observedGeneration: 1 }), undefined, nowMs)).toEqual({
    kind: 'running',
    line: 'waiting for the operator',
  });
});

test('a stall, a refusal and a pause end the wait with their reason', () => {
  expect(rolloutState(app({}, 'ProgressDeadlineExceeded'), undefined, nowMs)).toEqual({
    kind: 'failed',
    line: 'because',
  });
  expect(rolloutState(app({}, 'Paused'), undefined, nowMs).kind).toBe('failed');
  const conditions: Status['conditions'] = [
    { type: 'Accepted', status: 'False', reason: 'NotImplemented', message: 'no', lastTransitionTime: '' },
  ];
  expect(rolloutState(app({ conditions }), undefined, nowMs)).toEqual({ kind: 'failed', line: 'not accepted: no' });
});

test('the live line counts new, old and draining pods and what they hold', () => {
  const revision = { version: 'v', image: 'i', weight: 0 };
  const state = rolloutState(
    app(
      {
        currentRevision: 'bb',
        openConnections: 17,
        revisions: [
          { ...revision, hash: 'bb', replicas: 3, readyReplicas: 2 },
          {
            ...revision,
            hash: 'aa',
            replicas: 1,
            readyReplicas: 1,
            draining: [
              { pod: 'a', openConnections: 17, idleConnections: 5, deadlineTime: '2026-01-01T12:04:20Z' },
              { pod: 'b', connections: none },
            ],
          },
        ],
      },
      'RollingOut',
    ),
    undefined,
    nowMs,
  );
  expect(state.line).toBe('new 2/3 at v2 · old 1 · draining 1 · 17 open (5 idle) · deadline in 260 s');
});
