import { createHash } from 'node:crypto';
import { OrderBook, type OrderBookSpec, type Publish } from '@sluice/api';
import {
  type KubeObject,
  type Lease,
  type PersistentVolumeClaim,
  type PlannedApply,
  type Pod,
  rfc3339,
  type StatefulSet,
} from '@sluice/runtime';
import type { Observed } from '../observe.ts';
import { type BookPlan, plan } from '../plan.ts';
import { quantityBytes } from '../quantity.ts';
import { claimsToGrow } from '../storage.ts';

export const images = { '1.0.0': 'book:1', '1.1.0': 'book:2', '6.6.6': 'broken' };

export function specOf(overrides: Partial<OrderBookSpec> = {}): OrderBookSpec {
  return {
    symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }],
    version: '1.0.0',
    replicas: 1,
    journal: { fsync: 'EveryBatch' },
    storage: { size: '1Gi' },
    limits: { maxOrdersPerAccount: 10, ordersPerSecondPerAccount: 10, maxOpenOrders: 250_000, maxPending: 10_000 },
    deletionPolicy: 'Retain',
    ...overrides,
  };
}

/** To a broker that asks for a password. */
export function publishTo(subject: string): Publish {
  return {
    type: 'JetStream',
    addresses: ['nats://nats.brokers:4222'],
    subject,
    credentials: { secretName: 'broker', key: 'login' },
    stream: { replicas: 1, size: '1Gi' },
    outboxSize: '256Mi',
  };
}

export function limitsOf(name: string, maxQuantity: string) {
  return { name, risk: [{ symbol: 'BTC-EUR', maxQuantity }] };
}

/**
 * A cluster of one namespace in memory: what the API server, the StatefulSet controller, a kubelet and the program in the pod
 * would do, one small step at a time. The image named `broken` never gets ready.
 */
export class World {
  nowMs = Date.UTC(2026, 0, 1);
  book: OrderBook | undefined;
  statefulSet: StatefulSet | undefined;
  lease: Lease | undefined;
  pod: Pod | undefined;
  claim: PersistentVolumeClaim | undefined;
  readonly others = new Map<string, KubeObject>();
  canGrow = false;
  /** What the program says of the broker; undefined: it does not know yet. */
  publishing: { readonly state: string; readonly sentence?: string } | undefined = { state: 'ok' };
  writes = 0;
  private uids = 0;
  private sequence = 0;
  private tradesWaiting = 0;
  private epoch = 0;
  private mirroredAtMs = 0;

  create(spec: OrderBookSpec): void {
    const metadata = { name: 'spot', namespace: 'ns', uid: this.uid(), resourceVersion: '1', generation: 1 };
    this.book = { apiVersion: 'sluice.dev/v1alpha1', kind: OrderBook.kind, metadata, spec };
  }

  edit(change: Partial<OrderBookSpec>): void {
    if (this.book === undefined) return;
    const { metadata, spec } = this.book;
    const generation = (metadata.generation ?? 1) + 1;
    this.book = { ...this.book, metadata: { ...metadata, generation }, spec: { ...spec, ...change } };
  }

  publishNoMore(): void {
    this.edit({});
    delete this.book?.spec.publish;
  }

  delete(): void {
    if (this.book === undefined) return;
    this.book = { ...this.book, metadata: { ...this.book.metadata, deletionTimestamp: rfc3339(this.nowMs) } };
  }

  observed(): Observed | undefined {
    const { book, claim } = this;
    if (book === undefined) return undefined;
    const claims = claim === undefined ? [] : [claim];
    return {
      book,
      statefulSet: this.statefulSet,
      pods: this.pod === undefined ? [] : [this.pod],
      claims,
      lease: this.lease,
      growingClasses: this.canGrow && claimsToGrow(book, claims).length > 0 ? new Set(['fast']) : new Set(),
      images,
      sequenceDueInMs: this.mirroredAtMs + 10_000 - this.nowMs,
    };
  }

  /** One reconcile, as executePlan carries it out. */
  reconcile(): BookPlan | undefined {
    const observed = this.observed();
    if (observed === undefined) return undefined;
    const made = plan(observed, this.nowMs);
    for (const wanted of made.apply) this.apply(wanted);
    const { book } = observed;
    if (made.status !== undefined && JSON.stringify(made.status) !== JSON.stringify(book.status)) {
      this.book = { ...book, status: made.status };
      this.writes++;
    }
    if (made.writesSequence) this.mirroredAtMs = this.nowMs;
    if (made.finalizer === false && book.metadata.deletionTimestamp !== undefined) this.collect();
    return made;
  }

  /** The StatefulSet controller. */
  controlStatefulSet(): void {
    const set = this.statefulSet;
    if (set?.spec === undefined) return;
    const [template] = set.spec.volumeClaimTemplates ?? [];
    this.claim ??= {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data-spot-0', namespace: 'ns', uid: this.uid(), resourceVersion: '1' },
      spec: { ...template?.spec, storageClassName: 'fast' },
      status: { capacity: { storage: template?.spec?.resources?.requests?.storage ?? '' } },
    };
    const keeps = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Retain';
    const { uid = '', name } = set.metadata;
    const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid };
    this.claim = { ...this.claim, metadata: { ...this.claim.metadata, ownerReferences: keeps ? [] : [owner] } };
    const revision = createHash('sha256').update(JSON.stringify(set.spec.template)).digest('hex').slice(0, 8);
    if (this.pod !== undefined && this.pod.metadata.labels?.revision !== revision) this.pod = undefined;
    else this.pod ??= this.newPod(set, revision);
    const ready = this.pod?.status?.phase === 'Running' ? 1 : 0;
    this.statefulSet = {
      ...set,
      status: {
        observedGeneration: set.metadata.generation ?? 1,
        replicas: this.pod === undefined ? 0 : 1,
        readyReplicas: ready,
        updatedReplicas: this.pod === undefined ? 0 : 1,
        currentRevision: 'a',
        updateRevision: 'b',
      },
    };
  }

  /** The kubelet starts the pod, and the program in it reports; the volume grows when it was asked to. */
  runPod(): void {
    const { pod, claim } = this;
    const image = pod?.spec?.containers[0]?.image;
    if (claim?.spec !== undefined) {
      const storage = claim.spec.resources?.requests?.storage ?? '';
      this.claim = { ...claim, status: { capacity: { storage } } };
    }
    if (pod === undefined || image === 'broken') return;
    if (pod.status?.phase !== 'Running') {
      this.epoch++;
      const conditions = [{ type: 'Ready', status: 'True' }];
      this.pod = { ...pod, status: { phase: 'Running', conditions } };
    }
    this.report(image === 'book:1' ? '1.0.0' : '1.1.0');
  }

  trade(): void {
    this.sequence += 17;
    this.tradesWaiting += 3;
  }

  killPod(): void {
    this.pod = undefined;
  }

  private report(version: string): void {
    if (this.lease === undefined) return;
    const padded = (value: number): string => String(value).padStart(20, '0');
    this.lease = {
      ...this.lease,
      metadata: {
        ...this.lease.metadata,
        annotations: {
          'sluice.dev/sequence': padded(this.sequence),
          'sluice.dev/epoch': padded(this.epoch),
          'sluice.dev/version': version,
          ...this.publication(padded),
        },
      },
      spec: { holderIdentity: 'spot-0' },
    };
  }

  private publication(padded: (value: number) => string): Record<string, string> {
    const { publishing, pod } = this;
    const asked = pod?.spec?.containers[0]?.env?.some(({ name }) => name === 'SLUICE_PUBLISH') === true;
    if (publishing?.state === 'ok') this.tradesWaiting = 0;
    if (!asked || publishing === undefined) return {};
    const { state, sentence } = publishing;
    return {
      'sluice.dev/publish-state': state,
      'sluice.dev/trades-waiting': padded(this.tradesWaiting),
      ...(sentence !== undefined && { 'sluice.dev/publish-sentence': sentence }),
    };
  }

  private newPod({ spec }: StatefulSet, revision: string): Pod {
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'spot-0', namespace: 'ns', uid: this.uid(), labels: { revision } },
      ...(spec?.template.spec !== undefined && { spec: spec.template.spec }),
      status: { phase: 'Pending' },
    };
  }

  private apply({ object }: PlannedApply): void {
    const { kind, metadata } = object;
    if (kind === 'StatefulSet') this.applyStatefulSet(object as StatefulSet);
    else if (kind === 'PersistentVolumeClaim') this.growClaim(object as PersistentVolumeClaim);
    else if (kind === 'Lease') {
      this.lease ??= { ...object, metadata: { ...metadata, uid: this.uid() } };
    } else this.others.set(`${kind}/${metadata.name}`, object);
  }

  /** The API server lets nobody change the claim templates of a StatefulSet. */
  private applyStatefulSet(wanted: StatefulSet): void {
    const live = this.statefulSet;
    if (
      live !== undefined &&
      JSON.stringify(live.spec?.volumeClaimTemplates) !== JSON.stringify(wanted.spec?.volumeClaimTemplates)
    ) {
      throw new Error('422: updates to statefulset spec for volumeClaimTemplates are forbidden');
    }
    const changed = JSON.stringify(live?.spec) !== JSON.stringify(wanted.spec);
    const generation = (live?.metadata.generation ?? 0) + (changed ? 1 : 0);
    const uid = live?.metadata.uid ?? this.uid();
    this.statefulSet = { ...live, ...wanted, metadata: { ...wanted.metadata, uid, generation } };
  }

  private growClaim({ spec }: PersistentVolumeClaim): void {
    const { claim } = this;
    const size = spec?.resources?.requests?.storage ?? '';
    if (claim?.spec === undefined) throw new Error('404: no claim to grow');
    if (!this.canGrow) throw new Error('403: the storage class does not support resize');
    const before = claim.spec.resources?.requests?.storage ?? '';
    if ((quantityBytes(size) ?? 0) < (quantityBytes(before) ?? 0)) throw new Error('422: field can not be less than');
    this.claim = { ...claim, spec: { ...claim.spec, resources: { requests: { storage: size } } } };
  }

  /** The garbage collector, once the finalizer is gone. */
  private collect(): void {
    const claimGoes = this.claim?.metadata.ownerReferences?.some(({ uid }) => uid === this.statefulSet?.metadata.uid);
    this.book = undefined;
    this.statefulSet = undefined;
    this.lease = undefined;
    this.pod = undefined;
    this.others.clear();
    if (claimGoes === true) this.claim = undefined;
  }

  private uid(): string {
    return `uid-${++this.uids}`;
  }
}
