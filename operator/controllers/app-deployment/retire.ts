import type { AppDeploymentStatus, ConnectionOutcomes } from '@sluice/api';
import { type PlannedDelete, Pod, rfc3339 } from '@sluice/runtime';
import { addOutcomes, type DrainReport, noConnections, outcomesOf } from './drain-report.ts';
import { drainDeadlineMs, holdsReport, overdueMs, type PodState, podState, revisionOfPod } from './pods.ts';

type RevisionStatus = NonNullable<AppDeploymentStatus['revisions']>[number];
export type DrainEntry = NonNullable<RevisionStatus['draining']>[number];

export interface RetireInput {
  /** Every pod of the app, in any state. */
  readonly pods: readonly Pod[];
  /** status.revisions as observed: the memory of this ledger. */
  readonly revisions: readonly RevisionStatus[];
  /** Live reports by pod name, where one could be read. */
  readonly live: ReadonlyMap<string, DrainReport>;
  readonly nowMs: number;
  readonly lostNodes: ReadonlySet<string>;
}

export interface Retirement {
  /** Entries for status, by revision. */
  readonly entries: ReadonlyMap<string, readonly DrainEntry[]>;
  /** Outcomes of pods that are gone since the observed status was written, by revision. */
  readonly counted: ReadonlyMap<string, ConnectionOutcomes>;
  /** Ended pods that may go as soon as `entries` stand in status. */
  readonly release: readonly Pod[];
  readonly delete: readonly PlannedDelete[];
  /** What lost pods add to the report of a rollout that does not wait for them. */
  readonly lost: ConnectionOutcomes;
  /** Pods in state draining; neither ended nor lost. */
  readonly draining: number;
  /** Pods whose entry is not yet counted: draining or ended. */
  readonly pending: number;
  /** The next moment at which something here changes by itself, in milliseconds since the epoch. */
  readonly wakeAtMs: number | undefined;
}

/** status lists at most so many pods of a revision; the others wait for their turn, held by their finalizer. */
const maxEntries = 100;

/**
 * The book-keeping of pods that are on their way out. Each pod is counted exactly once, whatever crashes when:
 * 1. an ended pod's outcome is written into its entry in status, while the pod's finalizer holds it;
 * 2. when that is written, the finalizer is removed;
 * 3. when the pod is gone, entry and outcome are moved into the totals by one write.
 */
export function retire(input: RetireInput): Retirement {
  const { pods, revisions } = input;
  const previous = new Map(revisions.flatMap(({ draining = [] }) => draining.map((entry) => [entry.pod, entry])));
  const leaving = pods.flatMap((pod) => leavingPod(pod, previous.get(pod.metadata.name), input) ?? []);
  const entries = firstEntries(leaving);
  const inStatus = new Set([...entries.values()].flatMap((list) => list.map(({ pod }) => pod)));
  const inState = (state: PodState): Leaving[] => leaving.filter((one) => one.state === state);
  const ended = inState('ended').map(({ pod }) => pod);
  // An evicted pod stays for ever when nobody deletes it.
  const [deleted, evicted] = partition(ended, ({ metadata }) => metadata.deletionTimestamp !== undefined);
  return {
    entries,
    counted: goneSince(input),
    release: deleted.filter((pod) => holdsReport(pod) && inStatus.has(pod.metadata.name)),
    delete: evicted.map((object) => ({ resource: Pod, object })),
    lost: inState('lost').reduce((sum, { entry }) => addOutcomes(sum, vanished(entry)), noConnections),
    draining: inState('draining').length,
    pending: inState('draining').length + ended.length,
    wakeAtMs: inState('draining').reduce<number | undefined>(earliestOverdue, undefined),
  };
}

interface Leaving {
  readonly pod: Pod;
  readonly state: PodState;
  readonly entry: DrainEntry;
  /** Order in status: outcomes that stand there already, then new ones, then pods that still drain. */
  readonly rank: number;
}

function leavingPod(pod: Pod, known: DrainEntry | undefined, input: RetireInput): Leaving | undefined {
  const state = podState(pod, input.nowMs, input.lostNodes);
  if (state === 'live') return undefined;
  if (state !== 'ended') return { pod, state, entry: drainingEntry(pod, known, input), rank: 2 };
  return { pod, state, entry: endedEntry(pod, known), rank: known?.connections === undefined ? 1 : 0 };
}

/** Outcomes of the pods that have an entry in the observed status and are there no more. */
function goneSince({ pods, revisions }: RetireInput): Map<string, ConnectionOutcomes> {
  const there = new Set(pods.map(({ metadata }) => metadata.name));
  const counted = new Map<string, ConnectionOutcomes>();
  for (const { hash, draining = [] } of revisions) {
    for (const entry of draining.filter(({ pod }) => !there.has(pod))) {
      counted.set(hash, addOutcomes(counted.get(hash) ?? noConnections, entry.connections ?? vanished(entry)));
    }
  }
  return counted;
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

function earliestOverdue(earliest: number | undefined, { pod }: Leaving): number {
  const overdueAtMs = Date.parse(pod.metadata.deletionTimestamp ?? '') + overdueMs + 1;
  return Math.min(earliest ?? Number.POSITIVE_INFINITY, overdueAtMs);
}

/** A pod that went without a word: all that is known is what it last had open. */
function vanished(entry: DrainEntry): ConnectionOutcomes {
  return { ...noConnections, severedByNode: entry.openConnections ?? 0, podsWithoutReport: 1 };
}

function endedEntry(pod: Pod, known: DrainEntry | undefined): DrainEntry {
  const connections = known?.connections ?? outcomesOf(pod, known?.openConnections);
  return { pod: pod.metadata.name, connections };
}

function drainingEntry(pod: Pod, known: DrainEntry | undefined, { live }: RetireInput): DrainEntry {
  const report = live.get(pod.metadata.name);
  const deadlineMs = drainDeadlineMs(pod);
  const openConnections = report?.open ?? known?.openConnections;
  const idleConnections = report?.idle ?? known?.idleConnections;
  const oldestSeconds = report === undefined ? known?.oldestSeconds : Math.floor(report.oldestSeconds);
  return {
    pod: pod.metadata.name,
    ...(openConnections === undefined ? {} : { openConnections }),
    ...(idleConnections === undefined ? {} : { idleConnections }),
    ...(oldestSeconds === undefined ? {} : { oldestSeconds }),
    ...(deadlineMs === undefined ? {} : { deadlineTime: rfc3339(deadlineMs) }),
  };
}

function firstEntries(leaving: readonly Leaving[]): Map<string, DrainEntry[]> {
  const byRevision = Map.groupBy(leaving, ({ pod }) => revisionOfPod(pod));
  return new Map(
    [...byRevision].map(([revision, list]) => {
      const sorted = list.sort((a, b) => a.rank - b.rank || (a.entry.pod < b.entry.pod ? -1 : 1));
      return [revision, sorted.slice(0, maxEntries).map(({ entry }) => entry)];
    }),
  );
}
