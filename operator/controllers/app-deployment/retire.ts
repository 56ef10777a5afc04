import type { AppDeploymentStatus, ConnectionOutcomes } from '@sluice/api';
import { type PlannedDelete, Pod, rfc3339 } from '@sluice/runtime';
import { addOutcomes, type DrainReport, noConnections, outcomesOf } from './drain-report.ts';
import { drainDeadlineMs, holdsReport, overdueMs, podState, revisionOfPod } from './pods.ts';

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
  const { pods, revisions, nowMs, lostNodes } = input;
  const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
  const previous = new Map(revisions.flatMap(({ draining = [] }) => draining.map((entry) => [entry.pod, entry])));
  const counted = new Map<string, ConnectionOutcomes>();
  for (const { hash, draining = [] } of revisions) {
    for (const entry of draining) {
      if (byName.has(entry.pod)) continue;
      counted.set(hash, addOutcomes(counted.get(hash) ?? noConnections, entry.connections ?? vanished(entry)));
    }
  }
  const release: Pod[] = [];
  const deletes: PlannedDelete[] = [];
  const entries = new Map<string, { entry: DrainEntry; rank: number }[]>();
  let [lost, draining, pending] = [noConnections, 0, 0];
  let wakeAtMs: number | undefined;
  for (const pod of pods) {
    const state = podState(pod, nowMs, lostNodes);
    if (state === 'live') continue;
    const known = previous.get(pod.metadata.name);
    const entry = state === 'ended' ? endedEntry(pod, known) : drainingEntry(pod, known, input);
    const list = entries.get(revisionOfPod(pod)) ?? [];
    list.push({ entry, rank: known?.connections !== undefined ? 0 : state === 'ended' ? 1 : 2 });
    entries.set(revisionOfPod(pod), list);
    if (state === 'lost') lost = addOutcomes(lost, vanished(entry));
    else pending += 1;
    if (state === 'draining') draining += 1;
    if (state === 'ended') {
      // An evicted pod stays for ever when nobody deletes it.
      if (pod.metadata.deletionTimestamp === undefined) deletes.push({ resource: Pod, object: pod });
      else if (holdsReport(pod)) release.push(pod);
    } else {
      const overdueAtMs = Date.parse(pod.metadata.deletionTimestamp ?? '') + overdueMs;
      if (overdueAtMs > nowMs) wakeAtMs = Math.min(wakeAtMs ?? Number.POSITIVE_INFINITY, overdueAtMs + 1);
    }
  }
  const listed = firstEntries(entries);
  const inStatus = new Set([...listed.values()].flatMap((list) => list.map(({ pod }) => pod)));
  return {
    entries: listed,
    counted,
    release: release.filter(({ metadata }) => inStatus.has(metadata.name)),
    delete: deletes,
    lost,
    draining,
    pending,
    wakeAtMs,
  };
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

function firstEntries(all: Map<string, { entry: DrainEntry; rank: number }[]>): Map<string, DrainEntry[]> {
  return new Map(
    [...all].map(([revision, list]) => {
      const sorted = list.sort((a, b) => a.rank - b.rank || (a.entry.pod < b.entry.pod ? -1 : 1));
      return [revision, sorted.slice(0, maxEntries).map(({ entry }) => entry)];
    }),
  );
}
