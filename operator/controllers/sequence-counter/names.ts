import type { SequenceCounter } from '@sluice/api';
import type { ObjectMeta } from '@sluice/runtime';
import { childMetadata, podLabels } from '../children/labels.ts';

export const ledgerFinalizer = 'sluice.dev/ledger';

export function counterLabels(name: string): Record<string, string> {
  return podLabels('sequence-counter', name);
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

export function counterChild(counter: SequenceCounter, name: string): ObjectMeta {
  return childMetadata(counter, 'sequence-counter', name);
}
