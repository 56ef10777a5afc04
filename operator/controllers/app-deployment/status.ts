import type { AppDeployment, AppDeploymentStatus } from '@sluice/api';
import { type ConditionInput, rfc3339, setConditions } from '@sluice/runtime';
import { selectorText } from '../children/labels.ts';
import { addOutcomes, noConnections } from './drain-report.ts';
import { appLabels } from './names.ts';
import type { Retirement } from './retire.ts';
import type { Revision } from './revisions.ts';

type RevisionStatus = NonNullable<AppDeploymentStatus['revisions']>[number];
export type Rollout = NonNullable<AppDeploymentStatus['lastRollout']>;

/** Why the rollout is where it is. */
export type Progress =
  | { readonly kind: 'complete' }
  | { readonly kind: 'draining' }
  | { readonly kind: 'rolling' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'stalled'; readonly why: string };

export interface StatusInput {
  readonly app: AppDeployment;
  readonly nowMs: number;
  readonly current: Revision;
  readonly others: readonly Revision[];
  readonly retirement: Retirement;
  readonly rollout: Rollout | undefined;
  /** The revision that status names as current: not that of spec while the rollout to it is held. */
  readonly currentRevision: string | undefined;
  readonly accepted: ConditionInput;
  readonly progress: Progress;
  readonly leastReady: number;
}

export function statusOf(input: StatusInput): AppDeploymentStatus {
  const { app, current, others, retirement, rollout, currentRevision, nowMs } = input;
  const generation = app.metadata.generation ?? 0;
  const all = [current, ...others];
  const readyReplicas = sum(all, ({ ready }) => ready);
  const revisions = all
    .map((revision) => revisionStatus(input, revision, readyReplicas))
    .filter((revision) => revision !== undefined);
  const known = revisions.flatMap(({ draining = [] }) => draining.map(({ openConnections = 0 }) => openConnections));
  const live = all.filter((revision) => revision.live > 0);
  const [only] = live;
  return {
    observedGeneration: generation,
    conditions: setConditions(app.status?.conditions, conditions(input, readyReplicas), generation, nowMs),
    replicas: sum(all, (revision) => revision.live),
    readyReplicas,
    updatedReplicas: current.live,
    selector: selectorText(appLabels(app.metadata.name)),
    ...(live.length === 1 && only !== undefined ? { version: only.version } : {}),
    ...(currentRevision === undefined ? {} : { currentRevision }),
    drainingPods: retirement.draining,
    openConnections: sum(known, (open) => open),
    revisions,
    ...(rollout === undefined ? {} : { lastRollout: rollout }),
  };
}

function sum<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((total, item) => total + count(item), 0);
}

/** The entry of a revision; undefined for one that has neither pods nor anything left to count. */
function revisionStatus(
  { app, retirement, currentRevision }: StatusInput,
  revision: Revision,
  readyReplicas: number,
): RevisionStatus | undefined {
  const draining = retirement.entries.get(revision.revision) ?? [];
  const before = app.status?.revisions?.find(({ hash }) => hash === revision.revision)?.connections;
  const counted = retirement.counted.get(revision.revision);
  if (revision.revision !== currentRevision && revision.live === 0 && revision.asked === 0 && draining.length === 0) {
    return undefined;
  }
  const connections = addOutcomes(before ?? noConnections, counted ?? noConnections);
  return {
    hash: revision.revision,
    version: revision.version,
    image: revision.image,
    weight: readyReplicas === 0 ? 0 : Math.round((100 * revision.ready) / readyReplicas),
    replicas: revision.live,
    readyReplicas: revision.ready,
    ...(draining.length === 0 ? {} : { draining: [...draining] }),
    ...(before === undefined && counted === undefined ? {} : { connections }),
  };
}

function conditions(input: StatusInput, ready: number): ConditionInput[] {
  return [
    input.accepted,
    { type: 'Progressing', ...progressing(input) },
    { type: 'Ready', ...readiness(input, ready) },
  ];
}

function progressing({ progress, app, current, retirement }: StatusInput): Omit<ConditionInput, 'type'> {
  const { version, replicas } = app.spec;
  switch (progress.kind) {
    case 'complete':
      return { status: 'True', reason: 'RolloutComplete', message: `All pods run version ${version}.` };
    case 'draining':
      return {
        status: 'True',
        reason: 'Draining',
        message: `All new pods are ready; ${retirement.pending} old ones are draining.`,
      };
    case 'rolling':
      return {
        status: 'True',
        reason: 'RollingOut',
        message: `${current.ready} of ${replicas} pods of version ${version} are ready.`,
      };
    case 'paused':
      return { status: 'Unknown', reason: 'Paused', message: 'The rollout is held where it is.' };
    case 'stalled':
      return { status: 'False', reason: 'ProgressDeadlineExceeded', message: progress.why };
  }
}

function readiness({ app, accepted, leastReady }: StatusInput, ready: number): Omit<ConditionInput, 'type'> {
  const { replicas } = app.spec;
  const count = `${ready} of ${replicas} pods are ready`;
  if (app.metadata.deletionTimestamp !== undefined) {
    return { status: 'False', reason: 'Deleting', message: 'Pods end as their connections do.' };
  }
  if (accepted.status !== 'True') {
    return { status: 'False', reason: 'NotAccepted', message: `The last accepted spec keeps running: ${count}.` };
  }
  if (ready < leastReady || (ready === 0 && replicas > 0)) {
    return { status: 'False', reason: 'TooFewReady', message: `${count}.` };
  }
  return { status: 'True', reason: 'AllRevisionsServed', message: `${count}.` };
}

/** The report of the rollout that is under way or over, with what was counted since the observed status. */
export function rolloutReport(
  app: AppDeployment,
  changed: boolean,
  complete: boolean,
  retirement: Retirement,
  nowMs: number,
): Rollout | undefined {
  const { lastRollout, currentRevision, revisions = [] } = app.status ?? {};
  const from = revisions.find(({ hash }) => hash === currentRevision)?.version;
  const begun: Rollout | undefined = changed
    ? {
        ...(from === undefined ? {} : { from }),
        to: app.spec.version,
        startTime: rfc3339(nowMs),
        connections: noConnections,
      }
    : lastRollout;
  if (begun === undefined || begun.completionTime !== undefined) return begun;
  const connections = [...retirement.counted.values()].reduce(addOutcomes, begun.connections);
  if (!complete) return { ...begun, connections };
  return {
    ...begun,
    connections: addOutcomes(connections, retirement.lost),
    completionTime: rfc3339(nowMs),
    durationSeconds: Math.max(0, Math.round((nowMs - Date.parse(begun.startTime)) / 1000)),
  };
}
