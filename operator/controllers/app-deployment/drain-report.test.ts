import type { Pod } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { noConnections, outcomesOf, parseDrainReport } from './drain-report.ts';
import { appContainer, deadlineAnnotation } from './names.ts';

const report = (phase: string, open = 0, closedByApp = 0) =>
  `${JSON.stringify({ sluiceDrain: 1, phase, drained: 7, closedByApp, open, idle: 0, oldestSeconds: 1.5 })}   \n`;

/** A pod of deadline 60 s, deleted at 12:00:00, whose app ended `seconds` later. */
function endedPod(
  message: string | undefined,
  seconds: number,
  exit: { exitCode?: number; reason?: string } = {},
): Pod {
  const finishedAt = new Date(Date.parse('2026-01-01T12:00:00Z') + seconds * 1000).toISOString();
  const terminated = { exitCode: 0, ...exit, finishedAt, ...(message === undefined ? {} : { message }) };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'a',
      annotations: { [deadlineAnnotation]: '60' },
      deletionTimestamp: '2026-01-01T12:01:30Z',
      deletionGracePeriodSeconds: 90,
    },
    status: {
      phase: 'Failed',
      containerStatuses: [
        { name: appContainer, ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } },
      ],
    },
  };
}

test.each([
  ['nothing was open any more', report('finished'), 9, {}, { drained: 7 }],
  [
    'the app finished some of what it was handed',
    report('handed', 2, 5),
    9,
    {},
    { drained: 7, closedByApp: 5, unknown: 2 },
  ],
  ['the agent saw the deadline pass', report('expired', 3), 62, {}, { drained: 7, severedByDeadline: 3 }],
  [
    'the kubelet had lost patience at the deadline',
    report('holding', 3),
    60,
    { exitCode: 143 },
    { drained: 7, severedByDeadline: 3 },
  ],
  [
    'killed while held: a node that shuts down',
    report('holding', 3),
    20,
    { exitCode: 137 },
    { drained: 7, severedByNode: 3 },
  ],
  ['SIGTERM while held: an eviction', report('holding', 3), 20, { exitCode: 143 }, { drained: 7, severedByNode: 3 }],
  ['the app died by itself while held', report('holding', 3), 20, { exitCode: 1 }, { drained: 7, unknown: 3 }],
  [
    'the app ran out of memory',
    report('holding', 3),
    20,
    { exitCode: 137, reason: 'OOMKilled' },
    { drained: 7, unknown: 3 },
  ],
  ['sockets could not be counted', report('blinded', 3), 61, {}, { drained: 7, unknown: 3 }],
  ['the app wrote its own message', 'panic: no', 20, {}, { unknown: 4, podsWithoutReport: 1 }],
  ['the app wrote JSON of its own', '{"drained":9}', 20, {}, { unknown: 4, podsWithoutReport: 1 }],
  ['no message', undefined, 20, {}, { unknown: 4, podsWithoutReport: 1 }],
  ['it had crashed before it was deleted', undefined, -20, { exitCode: 1 }, {}],
])('%s', (_name, message, seconds, exit, expected) => {
  // 4 were open when the operator last asked.
  expect(outcomesOf(endedPod(message, seconds, exit), 4)).toEqual({ ...noConnections, ...expected });
});

test('a pod that never started had no connections; one that was given up while running is a loss', () => {
  const pod = endedPod(undefined, 0);
  const state = (value: object): Pod => ({
    ...pod,
    status: {
      containerStatuses: [{ name: appContainer, ready: false, restartCount: 0, image: '', imageID: '', state: value }],
    },
  });
  expect(outcomesOf({ ...pod, status: {} }, undefined)).toEqual(noConnections);
  expect(outcomesOf(state({ waiting: { reason: 'ImagePullBackOff' } }), undefined)).toEqual(noConnections);
  expect(outcomesOf(state({ running: {} }), 4)).toEqual({
    ...noConnections,
    severedByNode: 4,
    podsWithoutReport: 1,
  });
});

test('only whole and sane reports are read', () => {
  expect(parseDrainReport(report('finished'))).toMatchObject({ phase: 'finished', drained: 7 });
  for (const text of [
    '',
    'null',
    '[]',
    report('asleep'),
    report('finished').replace('"sluiceDrain":1', '"sluiceDrain":2'),
    report('finished').replace('7', '-7'),
    report('finished').replace('7', '7.5'),
    report('finished').replace('1.5', '"1.5"'),
    `${report('finished')}and a line of the app`,
  ]) {
    expect(parseDrainReport(text), text).toBeUndefined();
  }
});
