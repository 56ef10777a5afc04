import { keyText, type Lease, type ObjectKey } from '@sluice/runtime';

// What programs publish in Leases moves all the time. The operator mirrors it into status now and then, and is woken only
// by what is news.

/** How often the marks of each resource may be written into its status. */
export interface MarksThrottle {
  /** Ms until they may be written again; 0 or less: now. */
  dueInMs(key: ObjectKey, nowMs: number): number;
  wereWritten(key: ObjectKey, nowMs: number): void;
  forget(key: ObjectKey): void;
}

/** Kept in memory alone: a restart costs one write more. */
export function createMarksThrottle(everyMs: number): MarksThrottle {
  const writtenAt = new Map<string, number>();
  return {
    dueInMs: (key, nowMs) => (writtenAt.get(keyText(key)) ?? 0) + everyMs - nowMs,
    wereWritten: (key, nowMs) => void writtenAt.set(keyText(key), nowMs),
    forget: (key) => void writtenAt.delete(keyText(key)),
  };
}

/**
 * Whether a change of a Lease is more than a renewal, which comes every second or two. `marksOf` reads what the Lease says, as
 * something that JSON can hold.
 */
export function tellsNews(marksOf: (lease: Lease) => unknown) {
  const essence = (lease: Lease): string => {
    const { uid, deletionTimestamp, finalizers, ownerReferences, labels } = lease.metadata;
    return JSON.stringify([uid, deletionTimestamp, finalizers, ownerReferences, labels, marksOf(lease)]);
  };
  return (lease: Lease, previous: Lease | undefined): boolean =>
    previous === undefined || essence(lease) !== essence(previous);
}
