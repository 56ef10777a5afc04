import type { Pod } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { noConnections } from './drain-report.ts';
import { appContainer, podFinalizer, revisionLabel } from './names.ts';
import { type DrainEntry, retire } from './retire.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const gone = { live: new Map(), lostNodes: new Set<string>(), nowMs };

function pod(name: string, state: object, ended: boolean): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      uid: name,
      labels: { [revisionLabel]: 'aa' },
      finalizers: [podFinalizer],
      deletionTimestamp: '2026-01-01T12:05:00Z',
      deletionGracePeriodSeconds: 330,
    },
    status: {
      phase: ended ? 'Failed' : 'Running',
      containerStatuses: [{ name: appContainer, ready: true, restartCount: 0, image: '', imageID: '', state }],
    },
  };
}

const revision = (draining: DrainEntry[]) => [
  { hash: 'aa', version: 'v1', image: 'i', weight: 0, replicas: 0, readyReplicas: 0, draining },
];

test('what a pod without report last had open is remembered until the pod is gone', () => {
  const silent = pod('a', { terminated: { exitCode: 1, finishedAt: '2026-01-01T11:59:59Z' } }, true);
  const first = retire({ ...gone, pods: [silent], revisions: revision([{ pod: 'a', openConnections: 4 }]) });
  const connections = { ...noConnections, unknown: 4, podsWithoutReport: 1 };
  expect(first.entries.get('aa')).toEqual([{ pod: 'a', connections }]);
  expect(first.release).toEqual([silent]);
  const second = retire({ ...gone, pods: [silent], revisions: revision([{ pod: 'a', connections }]) });
  expect(second.entries).toEqual(first.entries);
  const third = retire({ ...gone, pods: [], revisions: revision([{ pod: 'a', connections }]) });
  expect(third.counted.get('aa')).toEqual(connections);
  expect(third.entries.size).toBe(0);
});

test('a pod that vanishes without having ended is a loss, of what it last had open', () => {
  const { counted } = retire({ ...gone, pods: [], revisions: revision([{ pod: 'a', openConnections: 4 }]) });
  expect(counted.get('aa')).toEqual({ ...noConnections, severedByNode: 4, podsWithoutReport: 1 });
});

test('status has room for 100 pods; no pod is released that is not in it', () => {
  const pods = Array.from({ length: 130 }, (_, index) => pod(`p${index}`, { waiting: {} }, true));
  const { entries, release } = retire({ ...gone, pods, revisions: [] });
  expect(entries.get('aa')).toHaveLength(100);
  expect(release.map(({ metadata }) => metadata.name).sort()).toEqual(
    entries
      .get('aa')
      ?.map((one) => one.pod)
      .sort(),
  );
});

test('an evicted pod is counted before it is deleted, and released after', () => {
  const evicted = pod('a', { terminated: { exitCode: 137, finishedAt: '2026-01-01T11:59:59Z' } }, true);
  delete evicted.metadata.deletionTimestamp;
  const made = retire({ ...gone, pods: [evicted], revisions: [] });
  expect(made.entries.get('aa')).toHaveLength(1);
  expect([made.delete.map(({ object }) => object), made.release]).toEqual([[evicted], []]);
});
