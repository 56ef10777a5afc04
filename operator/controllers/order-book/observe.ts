import { type ImageCatalog, OrderBook } from '@sluice/api';
import {
  type KubeObject,
  Lease,
  type ObjectKey,
  PersistentVolumeClaim,
  Pod,
  type ReconcileContext,
  type Resource,
  StatefulSet,
} from '@sluice/runtime';
import { listLive } from '../children/live-list.ts';
import { bookLabels, leaseName } from './names.ts';
import { claimsToGrow } from './storage.ts';

export type StorageClass = KubeObject & { allowVolumeExpansion?: boolean };
export const StorageClass: Resource<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  namespaced: false,
};

/** Everything a plan is made from, as one value. */
export interface Observed {
  readonly book: OrderBook;
  readonly statefulSet: StatefulSet | undefined;
  readonly pods: readonly Pod[];
  readonly claims: readonly PersistentVolumeClaim[];
  readonly lease: Lease | undefined;
  /** Names of the storage classes that let their volumes grow, of those that would have to. */
  readonly growingClasses: ReadonlySet<string>;
  readonly images: ImageCatalog['orderBook'];
  /** Ms until the sequence in the status may be written again; 0: now. */
  readonly sequenceDueInMs: number;
}

/** Undefined: the OrderBook is gone. */
export async function observe(
  ctx: ReconcileContext,
  key: ObjectKey,
  images: ImageCatalog['orderBook'],
  sequenceDueInMs: number,
): Promise<Observed | undefined> {
  const book = ctx.cache.get(OrderBook, key);
  if (book === undefined) return undefined;
  const { namespace, name } = key;
  // Before a book is let go the server is asked: what a cache that lags does not show yet would lose its volume.
  const goes = book.metadata.deletionTimestamp !== undefined;
  const labels = bookLabels(name);
  const claims = goes
    ? await listLive(ctx, PersistentVolumeClaim, namespace, labels)
    : ctx.cache.list(PersistentVolumeClaim, namespace, labels);
  return {
    book,
    statefulSet: goes
      ? await ctx.client.get(StatefulSet, key, { signal: ctx.signal })
      : ctx.cache.get(StatefulSet, key),
    pods: ctx.cache.list(Pod, namespace, labels),
    claims,
    lease: ctx.cache.get(Lease, { namespace, name: leaseName(name) }),
    growingClasses: await growingClasses(ctx, claimsToGrow(book, claims)),
    images,
    sequenceDueInMs,
  };
}

/** Asked only when a volume should grow, which is rare: not worth a watch on all storage classes. */
async function growingClasses(ctx: ReconcileContext, claims: readonly PersistentVolumeClaim[]): Promise<Set<string>> {
  const growing = new Set<string>();
  for (const name of new Set(claims.map(({ spec }) => spec?.storageClassName ?? ''))) {
    if (name === '') continue;
    const found = await ctx.client.get(StorageClass, { namespace: '', name }, { signal: ctx.signal });
    if (found?.allowVolumeExpansion === true) growing.add(name);
  }
  return growing;
}
