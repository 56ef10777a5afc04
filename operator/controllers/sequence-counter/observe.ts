import { type ImageCatalog, SequenceCounter } from '@sluice/api';
import { type KubeObject, Lease, type ObjectKey, Pod, type ReconcileContext, StatefulSet } from '@sluice/runtime';
import { listLive } from '../children/live-list.ts';
import { findRegression } from './ledger.ts';
import { counterLabels, ledgerName, ordinalOf } from './names.ts';

/** Everything a plan is made from, as one value. */
export interface Observed {
  readonly counter: SequenceCounter;
  /** The ledger; read from the server and not from the cache when something seems wrong with it. */
  readonly ledger: Lease | undefined;
  /** The Leases in which replicas publish their keys. */
  readonly members: readonly Lease[];
  readonly statefulSet: StatefulSet | undefined;
  /** Names of pods beyond spec.replicas; asked only while there are Leases of such. */
  readonly surplusPods: readonly string[];
  readonly images: ImageCatalog['sequenceCounter'];
  /** Ms until the marks in the status may be written again; 0: now. */
  readonly marksDueInMs: number;
}

/** Undefined: the SequenceCounter is gone. */
export async function observe(
  ctx: ReconcileContext,
  key: ObjectKey,
  images: ImageCatalog['sequenceCounter'],
  marksDueInMs: number,
): Promise<Observed | undefined> {
  const counter = ctx.cache.get(SequenceCounter, key);
  const uid = counter?.metadata.uid;
  if (counter === undefined || uid === undefined) return undefined;
  const ledgerKey = { namespace: key.namespace, name: ledgerName(key.name) };
  const cached = ctx.cache.get(Lease, ledgerKey);
  // A cache may lag behind the status that another operator wrote: look at the server before a ledger is called lost.
  const doubtful = cached === undefined || findRegression(counter, cached) !== undefined;
  const ledger = doubtful ? await ctx.client.get(Lease, ledgerKey, { signal: ctx.signal }) : cached;
  const leases = ctx.cache.ownedBy(Lease, uid);
  const members = leases.filter(({ metadata }) => ordinalOf(key.name, metadata.name) !== undefined);
  const isSurplus = ({ metadata }: KubeObject): boolean =>
    (ordinalOf(key.name, metadata.name) ?? 0) >= counter.spec.replicas;
  // Before a Lease goes the server is asked: a cache that lags behind may not show yet that its replica was started.
  const surplus = counter.metadata.deletionTimestamp === undefined && members.some(isSurplus);
  const pods = surplus ? await listLive(ctx, Pod, key.namespace, counterLabels(key.name)) : [];
  return {
    counter,
    ledger,
    members,
    statefulSet: surplus
      ? await ctx.client.get(StatefulSet, key, { signal: ctx.signal })
      : ctx.cache.get(StatefulSet, key),
    surplusPods: pods.filter(isSurplus).map(({ metadata }) => metadata.name),
    images,
    marksDueInMs,
  };
}
