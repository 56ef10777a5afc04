import type { AppDeployment } from '@sluice/api';

/** Where a rollout is, as far as status says. */
export type RolloutState =
  | { readonly kind: 'running'; readonly line: string }
  | { readonly kind: 'succeeded'; readonly line: string }
  | { readonly kind: 'failed'; readonly line: string };

/**
 * Reads the state of the rollout to the spec that `app` has now. `since` is the startTime of the rollout before it: with no
 * newer one nothing had to be rolled out.
 */
export function rolloutState(app: AppDeployment, since: string | undefined, nowMs: number): RolloutState {
  const { status, metadata } = app;
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    return { kind: 'running', line: 'waiting for the operator' };
  }
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);
  const [accepted, progressing] = [condition('Accepted'), condition('Progressing')];
  if (accepted?.status === 'False') return { kind: 'failed', line: `not accepted: ${accepted.message}` };
  if (progressing?.reason === 'ProgressDeadlineExceeded') return { kind: 'failed', line: progressing.message };
  if (progressing?.reason === 'Paused') return { kind: 'failed', line: 'paused: spec.paused holds the rollout' };
  if (progressing?.reason === 'RolloutComplete') return verdict(app, since);
  return { kind: 'running', line: runningLine(app, nowMs) };
}

function verdict({ spec, status }: AppDeployment, since: string | undefined): RolloutState {
  const rollout = status?.lastRollout;
  const pods = `${status?.readyReplicas ?? 0} of ${spec.replicas} pods at ${spec.version}`;
  if (rollout === undefined || rollout.startTime === since) return { kind: 'succeeded', line: `${pods}, unchanged` };
  const { drained, closedByApp, severedByDeadline, severedByNode, unknown, podsWithoutReport } = rollout.connections;
  const severed = severedByDeadline + severedByNode;
  const counts = `${pods} after ${rollout.durationSeconds} s; connections: ${drained} drained, ${closedByApp} closed by the app, ${severed} severed`;
  if (severed > 0)
    return { kind: 'failed', line: `${counts} (${severedByDeadline} by the deadline, ${severedByNode} by a node)` };
  if (unknown > 0 || podsWithoutReport > 0) {
    return { kind: 'failed', line: `${counts}, ${unknown} unknown; ${podsWithoutReport} pods left no report` };
  }
  return { kind: 'succeeded', line: counts };
}

function runningLine({ spec, status }: AppDeployment, nowMs: number): string {
  const revisions = status?.revisions ?? [];
  const old = revisions.filter(({ hash }) => hash !== status?.currentRevision);
  const current = revisions.find(({ hash }) => hash === status?.currentRevision);
  const draining = revisions
    .flatMap((revision) => revision.draining ?? [])
    .filter((pod) => pod.deadlineTime !== undefined);
  const parts = [
    `new ${current?.readyReplicas ?? 0}/${spec.replicas} at ${spec.version}`,
    `old ${old.reduce((sum, { replicas }) => sum + replicas, 0)}`,
  ];
  if (draining.length > 0) {
    const idle = draining.reduce((sum, { idleConnections = 0 }) => sum + idleConnections, 0);
    const first = Math.min(...draining.map(({ deadlineTime = '' }) => Date.parse(deadlineTime)));
    parts.push(`draining ${draining.length}`);
    parts.push(`${status?.openConnections ?? 0} open${idle === 0 ? '' : ` (${idle} idle)`}`);
    parts.push(`deadline in ${Math.max(0, Math.round((first - nowMs) / 1000))} s`);
  }
  return parts.join(' · ');
}
