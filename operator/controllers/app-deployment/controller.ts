import { AppDeployment, type ImageCatalog } from '@sluice/api';
import {
  type Controller,
  controller,
  done,
  executePlan,
  HorizontalPodAutoscaler,
  KubeApiError,
  keyOf,
  Node,
  type ObjectKey,
  Pod,
  PodDisruptionBudget,
  type ReconcileContext,
  ReplicaSet,
  requeueAfter,
  Service,
} from '@sluice/runtime';
import type { Refusal } from '../children/acceptance.ts';
import { ownerByLabels } from '../children/labels.ts';
import { type PollDrain, pollDrain } from './live-counts.ts';
import { appLabels, podFinalizer } from './names.ts';
import { observe } from './observe.ts';
import { type AppPlan, plan } from './plan.ts';
import { holdsReport, podState } from './pods.ts';

export interface AppDeploymentOptions {
  readonly catalog: Pick<ImageCatalog, 'drain'>;
  /** Reads a draining pod's counts. Default: from the pod's own address. */
  readonly poll?: PollDrain;
}

/** Keeps every AppDeployment true. Start one per operator. */
export function appDeploymentController({ catalog, poll = pollDrain }: AppDeploymentOptions): Controller {
  return (
    controller(AppDeployment)
      .owns(ReplicaSet)
      .owns(Service)
      .owns(PodDisruptionBudget)
      .owns(HorizontalPodAutoscaler)
      .watches(Pod, ownerByLabels('app-deployment'))
      // Only read: whether the node of a draining pod answers. While pods drain the plan asks again by itself.
      .watches(Node, () => [])
      .concurrency(8)
      .reconcile(async (key, ctx) => {
        const observed = await observe(ctx, key, poll, catalog.drain);
        if (observed === undefined) {
          await releaseOrphans(ctx, key);
          return done();
        }
        let made = plan(observed, ctx.nowMs);
        try {
          await carryOut(ctx, observed.app, made);
        } catch (error) {
          const refusal = refusalBy(error);
          if (refusal === undefined) throw error;
          // The rest of the plan does not depend on it: pods still drain, are counted and let go.
          made = plan(observed, ctx.nowMs, refusal);
          await carryOut(ctx, observed.app, made);
          return requeueAfter(Math.min(refusedMs, made.requeueAfterMs ?? refusedMs));
        }
        return made.requeueAfterMs === undefined ? done() : requeueAfter(made.requeueAfterMs);
      })
  );
}

/** What the API server refuses for a reason outside our sight (a quota, a webhook) is tried again so often. */
const refusedMs = 30_000;

/**
 * Why the API server does not want a child as it is; undefined for what may pass by itself. A wrong template gets 422 when a
 * rule is broken, and 500 with one of these texts when a field is unknown or has the wrong type, because server-side
 * apply finds that before validation does (seen in 1.34).
 */
function refusalBy(error: unknown): Refusal | undefined {
  if (!(error instanceof KubeApiError)) return undefined;
  const { status, message } = error;
  const malformed = status === 500 && /^failed to (create typed patch|convert new) object/.test(message);
  if (status === 422 || status === 400 || malformed) return { reason: 'InvalidTemplate', message };
  if (status !== 403) return undefined;
  const ending = message.endsWith('because it is being terminated');
  return { reason: ending ? 'NamespaceTerminating' : 'Forbidden', message };
}

/** Writes the plan, status included, and only then lets go of the pods that status has counted. */
async function carryOut(ctx: ReconcileContext, app: AppDeployment, made: AppPlan): Promise<void> {
  await executePlan(ctx, AppDeployment, app, made);
  if (made.release.length === 0) return;
  // A status that is as planned was not written, and a cache that lags may show one that was replaced since.
  const now = await ctx.client.get(AppDeployment, keyOf(app), { signal: ctx.signal });
  const entries = now?.status?.revisions?.flatMap(({ draining = [] }) => draining) ?? [];
  const counted = new Set(entries.filter(({ connections }) => connections !== undefined).map(({ pod }) => pod));
  for (const pod of made.release) {
    if (!counted.has(pod.metadata.name)) throw notCounted(pod);
    await release(ctx, pod);
  }
}

function notCounted({ metadata: { name } }: Pod): KubeApiError {
  return new KubeApiError(409, 'Conflict', `the status that counted pod ${name} is not there any more`);
}

/** Removes our finalizer, and only ours, from the pod that was observed. */
async function release(ctx: ReconcileContext, pod: Pod): Promise<void> {
  const { resourceVersion, finalizers = [] } = pod.metadata;
  const others = finalizers.filter((name) => name !== podFinalizer);
  try {
    const patch = { metadata: { resourceVersion, finalizers: others } };
    await ctx.client.mergePatch(Pod, keyOf(pod), patch, { signal: ctx.signal });
  } catch (error) {
    if (!(error instanceof KubeApiError && error.status === 404)) throw error;
  }
}

/** Pods whose AppDeployment was removed by force: nobody is left to tell about their connections. */
async function releaseOrphans(ctx: ReconcileContext, key: ObjectKey): Promise<void> {
  const pods = ctx.cache.list(Pod, key.namespace, appLabels(key.name));
  const ended = pods.filter((pod) => holdsReport(pod) && podState(pod, ctx.nowMs) === 'ended');
  if (ended.length === 0) return;
  // A cache that lags may not show it yet: then its pods are still to be counted.
  if ((await ctx.client.get(AppDeployment, key, { signal: ctx.signal })) !== undefined) return;
  for (const pod of ended) await release(ctx, pod);
}
