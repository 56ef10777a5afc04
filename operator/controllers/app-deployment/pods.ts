import type { Pod } from '@sluice/runtime';
import { appContainer, deadlineAnnotation, podFinalizer, revisionLabel } from './names.ts';

/** A draining pod that should have ended this long ago has nobody who could end it. */
export const overdueMs = 15_000;

export type PodState =
  /** Wanted: it may still be starting. */
  | 'live'
  /** Being deleted; its container may still run. */
  | 'draining'
  /** Being deleted on a node that does not answer, or long after its time: nobody is there to say how it ends. */
  | 'lost'
  /** No container runs any more. What is left of it is its report. */
  | 'ended';

const noNodes: ReadonlySet<string> = new Set();

/** `lostNodes`: names of nodes that do not answer; they only tell 'lost' from 'draining'. */
export function podState(pod: Pod, nowMs: number, lostNodes: ReadonlySet<string> = noNodes): PodState {
  if (hasEnded(pod)) return 'ended';
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined) return 'live';
  const isLost = lostNodes.has(pod.spec?.nodeName ?? '') || nowMs > Date.parse(deletionTimestamp) + overdueMs;
  return isLost ? 'lost' : 'draining';
}

function hasEnded(pod: Pod): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true;
  if (pod.metadata.deletionTimestamp === undefined) return false;
  // Grace 0 is the last act of the kubelet, or of somebody who has given up on it.
  return pod.metadata.deletionGracePeriodSeconds === 0;
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** When the pod became ready, in milliseconds since the epoch; undefined while it is not. */
export function readySinceMs(pod: Pod): number | undefined {
  const ready = pod.status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'True');
  return ready?.lastTransitionTime === undefined ? undefined : Date.parse(ready.lastTransitionTime);
}

export function revisionOfPod(pod: Pod): string {
  return pod.metadata.labels?.[revisionLabel] ?? '';
}

/** When the deletion was asked for, in milliseconds since the epoch; undefined for a live pod. */
export function drainStartMs(pod: Pod): number | undefined {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
  if (deletionTimestamp === undefined) return undefined;
  return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

/**
 * When the agent of this pod ends its drain, in milliseconds since the epoch: what it was told when the pod was made.
 * Undefined for a live pod. Nothing can shorten a drain that has begun: the kubelet of Kubernetes 1.34 does not interrupt a
 * running preStop hook for a second DELETE (kubernetes/kubernetes#113606).
 */
export function drainDeadlineMs(pod: Pod): number | undefined {
  const startMs = drainStartMs(pod);
  const seconds = Number(pod.metadata.annotations?.[deadlineAnnotation]);
  return startMs !== undefined && seconds > 0 ? startMs + seconds * 1000 : undefined;
}

export function holdsReport(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(podFinalizer) ?? false;
}

export function appStatus(pod: Pod) {
  return pod.status?.containerStatuses?.find(({ name }) => name === appContainer);
}
