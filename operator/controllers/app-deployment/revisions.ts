import type { Pod, ReplicaSet } from '@sluice/runtime';
import { appContainer, revisionLabel } from './names.ts';
import { versionAnnotation } from './objects.ts';
import type { Observed } from './observe.ts';
import { isReady, podState, revisionOfPod } from './pods.ts';
import type { RevisionSize } from './rollout.ts';

/** One revision as observed. */
export interface Revision extends RevisionSize {
  /** Undefined before it is made, and after somebody has deleted it while its pods drain. */
  readonly replicaSet: ReplicaSet | undefined;
  readonly version: string;
  readonly image: string;
  /** Pods of any state. */
  readonly pods: number;
}

/** The current revision, which may not exist yet, and the others in the order of their creation. */
export function revisionsOf(
  observed: Observed,
  hash: string,
  nowMs: number,
): { current: Revision; others: Revision[] } {
  const sets = new Map(observed.replicaSets.map((replicaSet) => [revisionOfSet(replicaSet), replicaSet]));
  const known = new Set([hash, ...sets.keys(), ...observed.pods.map(revisionOfPod)]);
  const all = [...known].map((revision) => revisionFrom(observed, revision, sets.get(revision), nowMs));
  const [current, ...others] = all;
  if (current === undefined) throw new Error('there is always the revision of spec');
  return { current, others: others.sort((a, b) => a.createdMs - b.createdMs) };
}

function revisionOfSet({ metadata: { labels, name } }: ReplicaSet): string {
  return labels?.[revisionLabel] ?? name;
}

function revisionFrom(
  { app, pods, lostNodes }: Observed,
  revision: string,
  replicaSet: ReplicaSet | undefined,
  nowMs: number,
): Revision {
  const own = pods.filter((pod) => revisionOfPod(pod) === revision);
  const live = own.filter((pod) => podState(pod, nowMs, lostNodes) === 'live');
  const created = replicaSet?.metadata.creationTimestamp;
  const spec = replicaSet?.spec?.template?.spec ?? own[0]?.spec;
  return {
    revision,
    replicaSet,
    version: replicaSet?.metadata.annotations?.[versionAnnotation] ?? versionLabel(own[0]) ?? app.spec.version,
    image: spec?.containers.find((container) => container.name === appContainer)?.image ?? app.spec.image,
    asked: replicaSet?.spec?.replicas ?? 0,
    live: live.length,
    ready: live.filter(isReady).length,
    pods: own.length,
    createdMs: created === undefined ? nowMs : Date.parse(created),
  };
}

function versionLabel(pod: Pod | undefined): string | undefined {
  return pod?.metadata.labels?.['app.kubernetes.io/version'];
}
