import { KubeApiError } from '../kube/client.ts';
import { type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import { covers, sameJson, withDigest } from './applied.ts';
import type { ReconcileContext } from './context.ts';
import { addFinalizer, finalizerState, removeFinalizer } from './finalizer.ts';
import { asObserved } from './observed.ts';
import type { Plan, PlannedApply, PlannedDelete } from './plan.ts';

/** The names under which `executePlan` writes. Keep them for the life of an operator: objects carry them. */
export interface PlanSettings {
  /** Owner of our fields in managedFields. */
  readonly fieldManager: string;
  readonly finalizer: string;
  /** Annotation on applied objects that holds the digest of what we want. */
  readonly digestAnnotation: string;
}

/** The settings of Sluice. Give other operators their own. */
export const defaultPlanSettings: PlanSettings = {
  fieldManager: 'sluice-operator',
  finalizer: 'sluice.dev/finalizer',
  digestAnnotation: 'sluice.dev/applied',
};

type Primary = KubeObject & { status?: unknown };

/**
 * No object has this resourceVersion, for the first write to an etcd makes revision 2. An apply that carries it makes an
 * object that does not exist, and is refused with 409 by one that does: what a POST is, but with our fields owned by an
 * apply, so that a field that we no longer declare goes away.
 */
const NOT_THERE = '1';

/**
 * Carries out a plan: a finalizer to add, applies, deletes, status, events, a finalizer to remove. Nothing is written that
 * is already so, so a world that is as planned costs no call. Every resource that is applied or deleted must be a source of
 * the controller. Every write names the state that it is based on, and the server refuses it with 409 when that is no
 * longer the state there is: neither a late cache nor a deposed leader takes back what was decided since. Rejects at the
 * first failure; what was done stays done, and the next plan starts from there.
 */
export async function executePlan<T extends Primary, Status>(
  ctx: ReconcileContext,
  resource: Resource<T>,
  primary: T,
  plan: Plan<Status>,
  settings: PlanSettings = defaultPlanSettings,
): Promise<void> {
  const { finalizer, fieldManager } = settings;
  const state = finalizerState(primary, finalizer);
  const held = state === 'present' || state === 'cleaning';
  let current = primary;
  if (plan.finalizer === true && state === 'absent') {
    current = await addFinalizer(ctx, resource, primary, finalizer);
  }
  // Who has just written to it knows that it is the newest.
  let known = plan.finalizer !== true || state === 'absent';
  const assure = async (): Promise<void> => {
    if (!known) await assertNewest(ctx, resource, primary);
    known = true;
  };
  for (const wanted of plan.apply) await applyOne(ctx, wanted, settings, assure);
  for (const unwanted of plan.delete) await deleteOne(ctx, unwanted, assure);
  if (plan.status !== undefined && !sameJson(primary.status, plan.status)) {
    current = await applyStatus(ctx, resource, current, plan.status, fieldManager);
  }
  for (const event of plan.events) ctx.event(primary, event);
  if (plan.finalizer === false && held) {
    await removeFinalizer(ctx, resource, current, finalizer);
  }
}

function applyStatus<T extends KubeObject>(
  ctx: ReconcileContext,
  resource: Resource<T>,
  primary: T,
  status: unknown,
  fieldManager: string,
): Promise<T> {
  const { apiVersion, kind } = primary;
  const { name, namespace } = primary.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...asObserved(primary) };
  const body: KubeObject & { status: unknown } = { apiVersion, kind, metadata, status };
  return ctx.client.apply(resource, body, { fieldManager, subresource: 'status', signal: ctx.signal });
}

/**
 * Asked of the server before the first write to a child: a cache that lags may still show a primary that is gone, or what it
 * wanted before. Its children would come to life again for a moment, or go and come back; those of a new one of its name would
 * be collected as if they belonged to the old. No precondition of a write to the child can state that.
 */
async function assertNewest(ctx: ReconcileContext, resource: Resource, primary: KubeObject): Promise<void> {
  const { uid, deletionTimestamp, generation } = primary.metadata;
  const now = (await ctx.client.get(resource, keyOf(primary), { signal: ctx.signal }))?.metadata;
  const same = now?.uid === uid && now?.deletionTimestamp === deletionTimestamp && now?.generation === generation;
  if (now !== undefined && same) return;
  throw new KubeApiError(
    409,
    'Conflict',
    `${primary.kind} ${primary.metadata.name} is not what the cache shows any more`,
  );
}

async function applyOne(
  ctx: ReconcileContext,
  planned: PlannedApply,
  settings: PlanSettings,
  assure: () => Promise<void>,
): Promise<void> {
  const { resource, object } = planned;
  const live = 'observed' in planned ? planned.observed : ctx.cache.get(resource, keyOf(object));
  const desired = withDigest(object, settings.digestAnnotation);
  // What is going cannot be kept: its end will wake us, and then it is made anew.
  if (live?.metadata.deletionTimestamp !== undefined) return;
  if (live !== undefined && isAsWanted(live, desired)) return;
  await assure();
  ctx.log.debug({ object: `${object.kind}/${object.metadata.name}`, had: live !== undefined }, 'apply');
  const basis = live === undefined ? { resourceVersion: NOT_THERE } : asObserved(live);
  const body = { ...desired, metadata: { ...desired.metadata, ...basis } };
  await ctx.client.apply(resource, body, { fieldManager: settings.fieldManager, signal: ctx.signal });
}

/** The digest is among the annotations of `desired`, so it is compared with the rest. */
function isAsWanted(live: KubeObject, desired: KubeObject): boolean {
  // A metadata-only cache knows no spec: then the digest and the metadata decide.
  const onlyMetadata = Object.keys(live).every((key) => key === 'apiVersion' || key === 'kind' || key === 'metadata');
  return covers(live, onlyMetadata ? { metadata: desired.metadata } : desired);
}

async function deleteOne(ctx: ReconcileContext, planned: PlannedDelete, assure: () => Promise<void>): Promise<void> {
  const { resource, object, gracePeriodSeconds, propagationPolicy } = planned;
  const preconditions = asObserved(object);
  // A second delete of a pod that is already going may cut its grace period.
  const shortening = object.metadata.deletionTimestamp !== undefined && gracePeriodSeconds !== undefined;
  if (object.metadata.deletionTimestamp !== undefined && !shortening) return;
  await assure();
  ctx.log.debug({ object: `${object.kind}/${object.metadata.name}` }, 'delete');
  await ctx.client.delete(resource, keyOf(object), {
    preconditions,
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    signal: ctx.signal,
  });
}
