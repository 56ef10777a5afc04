import { type ImageCatalog, OrderBook } from '@sluice/api';
import {
  ConfigMap,
  type Controller,
  controller,
  done,
  executePlan,
  keyText,
  Lease,
  PersistentVolumeClaim,
  Pod,
  Role,
  RoleBinding,
  requeueAfter,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { ownerByLabels } from '../children/labels.ts';
import { readReport } from './members.ts';
import { observe } from './observe.ts';
import { plan } from './plan.ts';

export interface OrderBookOptions {
  readonly catalog: Pick<ImageCatalog, 'orderBook'>;
  /** Shortest time in ms between two status writes that only bring a newer sequence. Default 10 s. */
  readonly sequenceEveryMs?: number;
}

/** Keeps every OrderBook true. Orders never depend on it: the member's journal decides what happened. */
export function orderBookController({ catalog, sequenceEveryMs = 10_000 }: OrderBookOptions): Controller {
  /** When the sequence of a book was mirrored last, wall-clock ms. Lost at a restart, which costs one write. */
  const mirroredAt = new Map<string, number>();
  return controller(OrderBook)
    .owns(StatefulSet)
    .owns(Lease, { predicate: tellsNews })
    .owns(Service)
    .owns(ConfigMap, { metadataOnly: true })
    .owns(ServiceAccount, { metadataOnly: true })
    .owns(Role, { metadataOnly: true })
    .owns(RoleBinding, { metadataOnly: true })
    .watches(Pod, ownerByLabels('order-book'))
    .watches(PersistentVolumeClaim, ownerByLabels('order-book'))
    .concurrency(4)
    .reconcile(async (key, ctx) => {
      const sequenceDueInMs = (mirroredAt.get(keyText(key)) ?? 0) + sequenceEveryMs - ctx.nowMs;
      const observed = await observe(ctx, key, catalog.orderBook, sequenceDueInMs);
      if (observed === undefined) {
        mirroredAt.delete(keyText(key));
        return done();
      }
      const made = plan(observed, ctx.nowMs);
      await executePlan(ctx, OrderBook, observed.book, made);
      if (made.writesSequence) mirroredAt.set(keyText(key), ctx.nowMs);
      return made.requeueAfterMs === undefined ? done() : requeueAfter(made.requeueAfterMs);
    });
}

/** Renewals of the lease are no news: the member writes one every two seconds. */
function tellsNews(lease: Lease, previous: Lease | undefined): boolean {
  if (previous === undefined) return true;
  const essence = (object: Lease): string => {
    const { uid, deletionTimestamp, ownerReferences, labels } = object.metadata;
    return JSON.stringify([uid, deletionTimestamp, ownerReferences, labels, readReport(object)]);
  };
  return essence(lease) !== essence(previous);
}
