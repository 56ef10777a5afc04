import { deepFreeze } from '../cache/freeze.ts';

/** Parts of metadata that many objects have in common: all pods of a ReplicaSet, for one. */
const PARTS = ['labels', 'annotations', 'ownerReferences', 'namespace', 'generateName', 'creationTimestamp'] as const;

/** Annotations may hold a whole manifest; what is that long is hardly ever the same twice. */
const MAX_TEXT = 1024;

/**
 * Lets equal parts of metadata be the same value in memory, which halves a cache of metadata only. It remembers up to
 * `limit` of them and then begins anew: what objects hold stays shared.
 */
export function createSharing(limit = 10_000): (metadata: Record<string, unknown>) => void {
  const known = new Map<string, unknown>();
  return (metadata) => {
    for (const part of PARTS) {
      const value = metadata[part];
      if (value === undefined) continue;
      const text = JSON.stringify(value);
      if (text.length > MAX_TEXT) continue;
      const shared = known.get(text);
      if (shared !== undefined) {
        metadata[part] = shared;
        continue;
      }
      if (known.size >= limit) known.clear();
      known.set(text, deepFreeze(value));
    }
  };
}
