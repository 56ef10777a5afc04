import { type ImageCatalog, OrderBook } from '@sluice/api';
import {
  ConfigMap,
  type Controller,
  controller,
  done,
  executePlan,
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
import { createMarksThrottle, tellsNews } from '../children/marks.ts';
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
  const throttle = createMarksThrottle(sequenceEveryMs);
  return controller(OrderBook)
    .owns(StatefulSet)
    .owns(Lease, { predicate: tellsNews(readReport) })
    .owns(Service)
    .owns(ConfigMap, { metadataOnly: true })
    .owns(ServiceAccount, { metadataOnly: true })
    .owns(Role, { metadataOnly: true })
    .owns(RoleBinding, { metadataOnly: true })
    .watches(Pod, ownerByLabels('order-book'))
    .watches(PersistentVolumeClaim, ownerByLabels('order-book'))
    .concurrency(4)
    .reconcile(async (key, ctx) => {
      const observed = await observe(ctx, key, catalog.orderBook, throttle.dueInMs(key, ctx.nowMs));
      if (observed === undefined) {
        throttle.forget(key);
        return done();
      }
      const made = plan(observed, ctx.nowMs);
      await executePlan(ctx, OrderBook, observed.book, made);
      if (made.writesSequence) throttle.wereWritten(key, ctx.nowMs);
      return made.requeueAfterMs === undefined ? done() : requeueAfter(made.requeueAfterMs);
    });
}
