import { AppDeployment } from '@sluice/api';
import {
  controllerOf,
  HorizontalPodAutoscaler,
  type KubeObject,
  Node,
  type ObjectKey,
  Pod,
  type ReconcileContext,
  ReplicaSet,
  Service,
} from '@sluice/runtime';
import { listLive } from '../children/live-list.ts';
import type { DrainReport } from './drain-report.ts';
import type { PollDrain } from './live-counts.ts';
import { appLabels, revisionLabel, revisionOf } from './names.ts';
import { podState } from './pods.ts';

/** Everything a plan is made from, as one value. */
export interface Observed {
  readonly app: AppDeployment;
  /** ReplicaSets of the app, in name order. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Pods of the app in any state, in name order. */
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly autoscalers: readonly HorizontalPodAutoscaler[];
  /** Live counts of draining pods, where they could be read. */
  readonly live: ReadonlyMap<string, DrainReport>;
  /** Nodes of these pods that do not answer. */
  readonly lostNodes: ReadonlySet<string>;
  /** The drain agent's image for new revisions. */
  readonly drainImage: string;
}

/** Reads the world from the caches, and live counts from the pods that drain. Undefined: the AppDeployment is gone. */
export async function observe(
  ctx: ReconcileContext,
  key: ObjectKey,
  poll: PollDrain,
  drainImage: string,
): Promise<Observed | undefined> {
  const app = ctx.cache.get(AppDeployment, key);
  const uid = app?.metadata.uid;
  if (app === undefined || uid === undefined) return undefined;
  const cached: Revisions = {
    pods: ctx.cache.list(Pod, key.namespace, appLabels(key.name)),
    replicaSets: ctx.cache.ownedBy(ReplicaSet, uid),
  };
  const services = ctx.cache.ownedBy(Service, uid);
  // A cache may lag: the server is asked before the app is let go, and before a Service is made or taken away.
  const { pods: shown, replicaSets } = isDoubtful(app, cached, services) ? await listRevisions(ctx, app) : cached;
  const pods = await withCounted(ctx, app, shown);
  const lostNodes = nodesWithoutAnswer(ctx, pods);
  const draining = pods.filter((pod) => podState(pod, ctx.nowMs, lostNodes) === 'draining');
  const reports = await Promise.all(draining.map(async (pod) => [pod.metadata.name, await poll(pod)] as const));
  return {
    app,
    pods,
    replicaSets,
    services,
    autoscalers: ctx.cache.ownedBy(HorizontalPodAutoscaler, uid),
    live: new Map(reports.flatMap(([name, report]) => (report === undefined ? [] : [[name, report] as const]))),
    lostNodes,
    drainImage,
  };
}

type Revisions = Pick<Observed, 'pods' | 'replicaSets'>;

/** Whether nothing is left of an app that goes, or other revisions have Services than have pods, besides that of spec. */
function isDoubtful(
  { metadata, spec }: AppDeployment,
  { pods, replicaSets }: Revisions,
  services: readonly Service[],
): boolean {
  if (metadata.deletionTimestamp !== undefined) return pods.length === 0 && replicaSets.length === 0;
  const revisionsIn = (objects: readonly KubeObject[]): Set<string> =>
    new Set(objects.flatMap(({ metadata: { labels } }) => labels?.[revisionLabel] ?? []));
  const served = revisionsIn(services);
  const used = revisionsIn([...replicaSets.filter((replicaSet) => replicaSet.spec?.replicas !== 0), ...pods]);
  const different = [...served, ...used].filter((revision) => !(served.has(revision) && used.has(revision)));
  return different.length > 0 && different.some((revision) => revision !== revisionOf(spec));
}

/** From the server, past the caches. */
async function listRevisions(ctx: ReconcileContext, { metadata }: AppDeployment): Promise<Revisions> {
  const { namespace = '', name, uid } = metadata;
  const [pods, replicaSets] = await Promise.all([
    listLive(ctx, Pod, namespace, appLabels(name)),
    listLive(ctx, ReplicaSet, namespace, appLabels(name)),
  ]);
  return { pods, replicaSets: replicaSets.filter((one) => controllerOf(one)?.uid === uid) };
}

/**
 * The pods, and for each that status counts and that is not seen to be going what the server says. In a cache that lags it may
 * be missing, or be as it was before: its count would be closed, and then it would be counted once more.
 */
async function withCounted(ctx: ReconcileContext, app: AppDeployment, pods: readonly Pod[]): Promise<readonly Pod[]> {
  const { client, signal, nowMs } = ctx;
  const { namespace = '' } = app.metadata;
  const leaving = pods.filter((pod) => podState(pod, nowMs) !== 'live');
  const going = new Set(leaving.map(({ metadata }) => metadata.name));
  const counted = app.status?.revisions?.flatMap(({ draining = [] }) => draining.map(({ pod }) => pod)) ?? [];
  const doubtful = counted.filter((name) => !going.has(name));
  if (doubtful.length === 0) return pods;
  const asked = await Promise.all(doubtful.map((name) => client.get(Pod, { namespace, name }, { signal })));
  const others = pods.filter(({ metadata }) => !doubtful.includes(metadata.name));
  const known = [...others, ...asked.filter((pod) => pod !== undefined)];
  return known.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

/** A node whose kubelet has not reported for some 40 s is marked by the node controller; one that is gone answers even less. */
function nodesWithoutAnswer({ cache }: ReconcileContext, pods: readonly Pod[]): Set<string> {
  const names = new Set(pods.map(({ spec }) => spec?.nodeName).filter((name) => name !== undefined));
  const answers = (name: string): boolean => {
    const conditions = cache.get(Node, { namespace: '', name })?.status?.conditions;
    return conditions?.some(({ type, status }) => type === 'Ready' && status !== 'Unknown') ?? false;
  };
  return new Set([...names].filter((name) => !answers(name)));
}
