import { type AppDeploymentStatus, unbuiltFields } from '@sluice/api';
import {
  HorizontalPodAutoscaler,
  type Plan,
  type PlannedApply,
  type PlannedDelete,
  type Pod,
  ReplicaSet,
  Service,
} from '@sluice/runtime';
import { accepted, type Refusal, unbuiltRefusal } from '../children/acceptance.ts';
import { rolloutEvents } from './events.ts';
import { revisionLabel, revisionName, revisionOf } from './names.ts';
import {
  autoscaler,
  currentReplicaSet,
  disruptionBudget,
  resizedReplicaSet,
  revisionService,
  stableService,
} from './objects.ts';
import type { Observed } from './observe.ts';
import { drainStartMs, isReady, podState, readySinceMs, revisionOfPod } from './pods.ts';
import { type Retirement, retire } from './retire.ts';
import { type Revision, revisionsOf } from './revisions.ts';
import { heldSizes, nextSizes, type RolloutLimits, resolveLimits } from './rollout.ts';
import { type Progress, rolloutReport, statusOf } from './status.ts';
import { drainImageOf, podTemplate, templateRefusal } from './template.ts';

export interface AppPlan extends Plan<AppDeploymentStatus> {
  /** Ended pods whose finalizer is to be removed, after `status` is written. */
  readonly release: readonly Pod[];
}

/** Live counts are read again this often while something drains. */
const pollMs = 2000;

function refusalOf({ app }: Observed): Refusal | undefined {
  const unbuilt = unbuiltRefusal(unbuiltFields('AppDeployment', app.spec));
  if (unbuilt !== undefined) return unbuilt;
  const message = templateRefusal(app.spec);
  return message === undefined ? undefined : { reason: 'UnsupportedTemplate', message: `${message}.` };
}

/**
 * What to do about one AppDeployment. Pure. `refusedByServer` is what the API server said to the plan made without it:
 * a template that only it can judge.
 */
export function plan(observed: Observed, nowMs: number, refusedByServer?: Refusal): AppPlan {
  const { app } = observed;
  const hash = revisionOf(app.spec);
  const retirement = retire({
    pods: observed.pods,
    revisions: app.status?.revisions ?? [],
    live: observed.live,
    lostNodes: observed.lostNodes,
    nowMs,
  });
  const revisions = revisionsOf(observed, hash, nowMs);
  const limits = limitsOf(observed, [revisions.current, ...revisions.others], retirement);
  if (app.metadata.deletionTimestamp !== undefined) return planDeletion(observed, revisions, retirement, limits, nowMs);
  const refusal = refusedByServer ?? refusalOf(observed);
  const held = refusal !== undefined || app.spec.paused;
  const sizes = held
    ? heldSizes([revisions.current, ...revisions.others], limits)
    : nextSizes(revisions.current, revisions.others, limits);
  const expired = held ? [] : history(observed, revisions.others);
  const changed = !held && app.status?.currentRevision !== hash;
  const progress = progressOf(observed, revisions, retirement, sizes, nowMs);
  const rollout = rolloutReport(app, changed, progress.kind === 'complete', retirement, nowMs);
  const status = statusOf({
    app,
    nowMs,
    ...revisions,
    retirement,
    rollout,
    currentRevision: held ? app.status?.currentRevision : hash,
    accepted: accepted(refusal),
    progress,
    leastReady: limits.desired - limits.maxUnavailable,
  });
  return {
    apply: refusal === undefined ? applies(observed, hash, revisions, sizes, expired, held) : [],
    delete: [...retirement.delete, ...surplus(observed, expired, revisions)],
    status,
    finalizer: true,
    events: rolloutEvents(app.status, status),
    release: retirement.release,
    ...wake(retirement, progress, observed, revisions, nowMs),
  };
}

function limitsOf({ app }: Observed, revisions: readonly Revision[], { draining }: Retirement): RolloutLimits {
  const { replicas, strategy, drain } = app.spec;
  const leaving = revisions.reduce((sum, { live, asked }) => sum + Math.max(0, live - asked), 0);
  return {
    desired: replicas,
    ...resolveLimits(replicas, strategy.rolling),
    mayDrain: drain.maxDraining - draining - leaving,
  };
}

/** Everything to bring about. What shrinks comes before what grows, so that a crash between two writes never surges. */
function applies(
  { app, drainImage }: Observed,
  hash: string,
  { current, others }: { current: Revision; others: readonly Revision[] },
  sizes: ReadonlyMap<string, number>,
  expired: readonly Revision[],
  held: boolean,
): PlannedApply[] {
  const { name } = app.metadata;
  const list: PlannedApply[] = [stableService(app), disruptionBudget(app)];
  const scaler = autoscaler(app);
  if (scaler !== undefined) list.push(scaler);
  for (const old of others) {
    if (expired.includes(old)) continue;
    if (old.asked > 0 || old.pods > 0) list.push(revisionService(app, old.revision));
    const size = sizes.get(old.revision) ?? old.asked;
    if (old.replicaSet !== undefined && size !== old.asked) list.push(resizedReplicaSet(old.replicaSet, size));
  }
  if (current.replicaSet !== undefined || !held) {
    const image = drainImageOf(current.replicaSet?.spec?.template) ?? drainImage;
    list.push(revisionService(app, hash));
    const template = podTemplate(name, hash, app.spec, image);
    list.push(currentReplicaSet(app, hash, template, sizes.get(hash) ?? 0, current.replicaSet));
  }
  return list;
}

/** Old revisions without pods beyond revisionHistoryLimit. */
function history({ app }: Observed, others: readonly Revision[]): Revision[] {
  const idle = others.filter(({ asked, pods }) => asked === 0 && pods === 0);
  return idle.slice(0, Math.max(0, idle.length - app.spec.revisionHistoryLimit));
}

/** Children that nothing asks for any more. */
function surplus(
  { app, services, autoscalers }: Observed,
  expired: readonly Revision[],
  { current, others }: { current: Revision; others: readonly Revision[] },
): PlannedDelete[] {
  const served = new Set([current.revision, ...others.filter(isServed).map(({ revision }) => revision)]);
  const idleServices = services.filter(({ metadata: { labels, name } }) => {
    const revision = labels?.[revisionLabel];
    return revision !== undefined && name === revisionName(app.metadata.name, revision) && !served.has(revision);
  });
  return [
    ...expired.flatMap(({ replicaSet }) => (replicaSet === undefined ? [] : [deletion(ReplicaSet, replicaSet)])),
    ...idleServices.map((service) => deletion(Service, service)),
    ...(app.spec.autoscaling === undefined ? autoscalers : []).map((one) => deletion(HorizontalPodAutoscaler, one)),
  ];
}

function isServed({ asked, pods }: Revision): boolean {
  return asked > 0 || pods > 0;
}

function deletion(resource: PlannedDelete['resource'], object: PlannedDelete['object']): PlannedDelete {
  return { resource, object, propagationPolicy: 'Background' };
}

function progressOf(
  observed: Observed,
  { current, others }: { current: Revision; others: readonly Revision[] },
  retirement: Retirement,
  sizes: ReadonlyMap<string, number>,
  nowMs: number,
): Progress {
  const { app } = observed;
  const { replicas, paused, progressDeadlineSeconds } = app.spec;
  if (paused) return { kind: 'paused' };
  const allNew = current.live === replicas && current.ready === replicas && current.asked === replicas;
  const noneOld = others.every(({ asked, live }) => asked === 0 && live === 0);
  if (allNew && noneOld) return { kind: retirement.pending === 0 ? 'complete' : 'draining' };
  const wanted = Math.min(sizes.get(current.revision) ?? 0, current.asked);
  const stalled =
    app.status?.currentRevision === current.revision &&
    app.status.lastRollout?.completionTime === undefined &&
    current.ready < wanted &&
    nowMs >= lastProgressMs(observed, current) + progressDeadlineSeconds * 1000;
  if (!stalled) return { kind: 'rolling' };
  return { kind: 'stalled', why: stallReason(observed, current, nowMs) };
}

/** The last time the rollout got anywhere: it began, a new pod became ready, an old one was let go. */
function lastProgressMs({ app, pods }: Observed, current: Revision): number {
  const times = pods.map((pod) => {
    return revisionOfPod(pod) === current.revision ? readySinceMs(pod) : drainStartMs(pod);
  });
  const began = Date.parse(app.status?.lastRollout?.startTime ?? '') || 0;
  return Math.max(began, current.createdMs, ...times.filter((time) => time !== undefined));
}

function stallReason({ app, pods, lostNodes }: Observed, current: Revision, nowMs: number): string {
  const seconds = app.spec.progressDeadlineSeconds;
  const start = `No progress for ${seconds} s: ${current.ready} of ${current.live} pods of version ${current.version} are ready.`;
  const unready = pods.find((pod) => {
    return revisionOfPod(pod) === current.revision && podState(pod, nowMs, lostNodes) === 'live' && !isReady(pod);
  });
  const refused = current.replicaSet?.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (refused?.message !== undefined) return `${start} ${refused.message}`;
  const statuses = [...(unready?.status?.initContainerStatuses ?? []), ...(unready?.status?.containerStatuses ?? [])];
  const waiting = statuses.map(({ state }) => state?.waiting).find((state) => state?.reason !== undefined);
  if (unready === undefined || waiting === undefined) return start;
  return `${start} ${unready.metadata.name}: ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`;
}

function wake(
  retirement: Retirement,
  progress: Progress,
  observed: Observed,
  { current }: { current: Revision },
  nowMs: number,
): { requeueAfterMs?: number } {
  const moments: number[] = [];
  if (retirement.draining > 0) moments.push(nowMs + pollMs);
  if (retirement.wakeAtMs !== undefined) moments.push(retirement.wakeAtMs);
  if (progress.kind === 'rolling') {
    const stallAtMs = lastProgressMs(observed, current) + observed.app.spec.progressDeadlineSeconds * 1000;
    if (stallAtMs > nowMs) moments.push(stallAtMs);
  }
  return moments.length === 0 ? {} : { requeueAfterMs: Math.max(0, Math.min(...moments) - nowMs) };
}

/** The app goes, its pods as their connections do. The Services stay until then: without them endpoints would vanish. */
function planDeletion(
  observed: Observed,
  revisions: { current: Revision; others: Revision[] },
  retirement: Retirement,
  limits: RolloutLimits,
  nowMs: number,
): AppPlan {
  const { app, pods, replicaSets, autoscalers } = observed;
  const gone = pods.length === 0 && replicaSets.length === 0;
  const status = statusOf({
    app,
    nowMs,
    ...revisions,
    retirement,
    rollout: app.status?.lastRollout,
    currentRevision: app.status?.currentRevision,
    accepted: accepted(undefined),
    progress: { kind: 'draining' },
    leastReady: limits.desired - limits.maxUnavailable,
  });
  return {
    apply: [],
    delete: [
      ...autoscalers.map((one) => deletion(HorizontalPodAutoscaler, one)),
      ...replicaSets.map((one) => deletion(ReplicaSet, one)),
      ...retirement.delete,
    ],
    status: gone ? undefined : status,
    finalizer: !gone,
    events: [],
    release: retirement.release,
    ...wake(retirement, { kind: 'draining' }, observed, revisions, nowMs),
  };
}
