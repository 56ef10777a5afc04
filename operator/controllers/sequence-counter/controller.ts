import { type ImageCatalog, SequenceCounter } from '@sluice/api';
import {
  ConfigMap,
  type Controller,
  controller,
  controllerOf,
  done,
  executePlan,
  isConflict,
  keyOf,
  Lease,
  type ObjectKey,
  PodDisruptionBudget,
  type ReconcileContext,
  Role,
  RoleBinding,
  requeueAfter,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { createMarksThrottle, tellsNews } from '../children/marks.ts';
import { readLedger } from './ledger.ts';
import { ledgerFinalizer, ledgerName } from './names.ts';
import { observe } from './observe.ts';
import { type LedgerAction, plan } from './plan.ts';

export interface SequenceCounterOptions {
  readonly catalog: Pick<ImageCatalog, 'sequenceCounter'>;
  /** Shortest time in ms between two status writes that only bring newer marks. Default 10 s. */
  readonly marksEveryMs?: number;
}

/** Keeps every SequenceCounter true. Numbers never depend on it: the replicas share the ledger without the operator. */
export function sequenceCounterController({ catalog, marksEveryMs = 10_000 }: SequenceCounterOptions): Controller {
  const throttle = createMarksThrottle(marksEveryMs);
  return controller(SequenceCounter)
    .owns(StatefulSet)
    .owns(Lease, { predicate: tellsNews(marksOf) })
    .owns(PodDisruptionBudget)
    .owns(Service)
    .owns(ConfigMap, { metadataOnly: true })
    .owns(ServiceAccount, { metadataOnly: true })
    .owns(Role, { metadataOnly: true })
    .owns(RoleBinding, { metadataOnly: true })
    .concurrency(4)
    .reconcile(async (key, ctx) => {
      await letGoOfOrphan(ctx, key);
      const observed = await observe(ctx, key, catalog.sequenceCounter, throttle.dueInMs(key, ctx.nowMs));
      if (observed === undefined) {
        throttle.forget(key);
        return done();
      }
      const made = plan(observed, ctx.nowMs);
      if (made.ledger !== undefined) await carryOutAtLedger(ctx, made.ledger);
      await executePlan(ctx, SequenceCounter, observed.counter, made);
      if (made.writesMarks) throttle.wereWritten(key, ctx.nowMs);
      return made.requeueAfterMs === undefined ? done() : requeueAfter(made.requeueAfterMs);
    });
}

function marksOf(lease: Lease): unknown {
  const ledger = readLedger(lease);
  return ledger && [ledger.holder, String(ledger.epoch), [...ledger.highs].map(String)];
}

async function carryOutAtLedger(ctx: ReconcileContext, { kind, lease }: LedgerAction): Promise<void> {
  const { signal } = ctx;
  if (kind === 'create') await ctx.client.create(Lease, lease, { signal });
  else if (kind === 'replace') await ctx.client.replace(Lease, lease, { signal });
  else await letGo(ctx, lease);
}

/**
 * The ledger of a counter that is gone: a leader that was frozen while it made it did not hear that it was no leader any
 * more. The garbage collector deletes it, and only we can let go of it.
 */
async function letGoOfOrphan(ctx: ReconcileContext, key: ObjectKey): Promise<void> {
  const { cache, client, signal } = ctx;
  const ledger = cache.get(Lease, { namespace: key.namespace, name: ledgerName(key.name) });
  const isHeld = ledger?.metadata.finalizers?.includes(ledgerFinalizer) === true;
  if (!isHeld || ledger.metadata.deletionTimestamp === undefined) return;
  const owner = controllerOf(ledger)?.uid;
  if (owner === undefined || owner === cache.get(SequenceCounter, key)?.metadata.uid) return;
  // A cache that lags may not show its counter yet. A uid that the server does not know any more never comes back.
  const counter = await client.get(SequenceCounter, key, { signal });
  if (counter?.metadata.uid !== owner) await letGo(ctx, ledger);
}

/** The replicas still renew: take the finalizer from whatever version is there, by compare-and-swap. */
async function letGo(ctx: ReconcileContext, observed: Lease): Promise<void> {
  const { signal } = ctx;
  for (let tries = 1; ; tries += 1) {
    const lease = await ctx.client.get(Lease, keyOf(observed), { signal });
    if (lease === undefined || lease.metadata.uid !== observed.metadata.uid) return;
    const finalizers = (lease.metadata.finalizers ?? []).filter((name) => name !== ledgerFinalizer);
    const { resourceVersion } = lease.metadata;
    try {
      await ctx.client.mergePatch(Lease, keyOf(lease), { metadata: { resourceVersion, finalizers } }, { signal });
      return;
    } catch (error) {
      if (!isConflict(error) || tries === 5) throw error;
    }
  }
}
