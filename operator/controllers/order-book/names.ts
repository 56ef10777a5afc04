import type { OrderBook } from '@sluice/api';
import type { ObjectMeta } from '@sluice/runtime';
import { childMetadata, podLabels } from '../children/labels.ts';

export function bookLabels(name: string): Record<string, string> {
  return podLabels('order-book', name);
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

export function bookChild(book: OrderBook, name: string): ObjectMeta {
  return childMetadata(book, 'order-book', name);
}
