import {
  canonicalJson,
  Event,
  type KubeObject,
  Lease,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  ReplicaSet,
  type Resource,
} from '@sluice/runtime';
import { ledgerName } from '../../sequence-counter/names.ts';
import { subjectKey } from './subject.ts';

/** In status: what depends on when things happened, or on which pod it was. */
const passing: ReadonlySet<string> = new Set([
  'lastTransitionTime',
  'message',
  'holder',
  'leader',
  'epoch',
  'highWater',
  'remaining',
  'ledgerUID',
  'sequence',
  'node',
  'connections',
  'from',
  'startTime',
  'completionTime',
  'durationSeconds',
]);

const ledger = ledgerName(subjectKey.name);

/** On children: what the operator notes for itself about the very object it wrote. */
const ownNotes: ReadonlySet<string> = new Set(['sluice.dev/applied']);

/** What of an object has to be the same however it came to be. */
export function essenceOf(object: KubeObject, resource: Resource): unknown {
  const is = (other: Resource): boolean => other.plural === resource.plural && other.group === resource.group;
  const { status, ...rest } = object as KubeObject & { spec?: unknown; data?: unknown; status?: unknown };
  // Pods have chance names; how many there are and of what is for the verdict.
  if (is(Pod) || is(Event) || is(Node) || is(Namespace)) return undefined;
  // Revisions without pods are history, and a run that saw fewer of them made fewer.
  if (is(ReplicaSet) && (rest as ReplicaSet).spec?.replicas === 0) return undefined;
  const essence = { ...rest, metadata: metadataOf(object, is(Lease)) };
  // What is in a Lease, and the state of built-in kinds, is the simulated cluster's.
  if (is(Lease)) return { metadata: essence.metadata };
  if (is(PersistentVolumeClaim)) return { metadata: essence.metadata, spec: (rest as PersistentVolumeClaim).spec };
  return resource.group === 'sluice.dev' ? { ...essence, status: lasting(status) } : essence;
}

function metadataOf({ metadata }: KubeObject, isLease: boolean): unknown {
  const { name, labels, annotations = {}, finalizers, ownerReferences, deletionTimestamp } = metadata;
  const noted = Object.entries(annotations).filter(([key]) => !ownNotes.has(key));
  return {
    name,
    labels,
    annotations: isLease ? noted.map(([key]) => key).sort() : Object.fromEntries(noted),
    finalizers,
    owners: ownerReferences?.map((owner) => `${owner.kind} ${owner.name}`),
    // Somebody who deletes a ledger by hand in a hurry may come before it is made; nobody else may: its guard sees to that.
    ...(name !== ledger && { isGoing: deletionTimestamp !== undefined }),
  };
}

function lasting(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lasting).sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !passing.has(name))
      .map(([name, field]) => [name, lasting(field)]),
  );
}
