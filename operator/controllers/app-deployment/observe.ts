import { AppDeployment } from '@sluice/api';
import {
  HorizontalPodAutoscaler,
  Node,
  type ObjectKey,
  Pod,
  type ReconcileContext,
  ReplicaSet,
  Service,
} from '@sluice/runtime';
import type { DrainReport } from './drain-report.ts';
import type { PollDrain } from './live-counts.ts';
import { appLabels } from './names.ts';
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
  const pods = ctx.cache.list(Pod, key.namespace, appLabels(key.name));
  const lostNodes = nodesWithoutAnswer(ctx, pods);
  const draining = pods.filter((pod) => podState(pod, ctx.nowMs, lostNodes) === 'draining');
  const reports = await Promise.all(draining.map(async (pod) => [pod.metadata.name, await poll(pod)] as const));
  return {
    app,
    pods,
    replicaSets: ctx.cache.ownedBy(ReplicaSet, uid),
    services: ctx.cache.ownedBy(Service, uid),
    autoscalers: ctx.cache.ownedBy(HorizontalPodAutoscaler, uid),
    live: new Map(reports.flatMap(([name, report]) => (report === undefined ? [] : [[name, report] as const]))),
    lostNodes,
    drainImage,
  };
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
