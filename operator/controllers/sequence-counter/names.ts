import type { SequenceCounter } from '@sluice/api';
import { controllerReference, type ObjectMeta } from '@sluice/runtime';

export const ledgerFinalizer = 'sluice.dev/ledger';

/** Labels of the pods: what Services select. Never changed. */
export function podLabels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'sequence-counter', 'app.kubernetes.io/instance': name };
}

export function selectorText(name: string): string {
  return Object.entries(podLabels(name))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The Lease that is the ledger. */
export function ledgerName(name: string): string {
  return `${name}-ledger`;
}

/** Name of a pod, and of the Lease in which it publishes its key. */
export function memberName(name: string, ordinal: number): string {
  return `${name}-${ordinal}`;
}

/** The ordinal of a member's Lease; undefined for any other object. */
export function ordinalOf(name: string, object: string): number | undefined {
  const text = object.startsWith(`${name}-`) ? object.slice(name.length + 1) : '';
  return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
}

export function childMetadata(counter: SequenceCounter, name: string): ObjectMeta {
  return {
    name,
    namespace: counter.metadata.namespace ?? '',
    labels: { ...podLabels(counter.metadata.name), 'app.kubernetes.io/managed-by': 'sluice' },
    ownerReferences: [controllerReference(counter)],
  };
}
