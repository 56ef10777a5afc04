import type { OrderBook } from '@sluice/api';
import { controllerReference, type ObjectMeta } from '@sluice/runtime';

/** Labels of the pods and volumes: what Services select. Never changed. */
export function podLabels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'order-book', 'app.kubernetes.io/instance': name };
}

export function selectorText(name: string): string {
  return Object.entries(podLabels(name))
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** The Lease through which the members report. */
export function leaseName(name: string): string {
  return `${name}-leader`;
}

export function memberName(name: string, ordinal: number): string {
  return `${name}-${ordinal}`;
}

/** Name that the StatefulSet gives the volume of a member. */
export function claimName(name: string, ordinal: number): string {
  return `data-${memberName(name, ordinal)}`;
}

export function childMetadata(book: OrderBook, name: string): ObjectMeta {
  return {
    name,
    namespace: book.metadata.namespace ?? '',
    labels: { ...podLabels(book.metadata.name), 'app.kubernetes.io/managed-by': 'sluice' },
    ownerReferences: [controllerReference(book)],
  };
}
