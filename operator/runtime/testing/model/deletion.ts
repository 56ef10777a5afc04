import type { KubeObject } from '../../kube/object.ts';
import { conflict } from './errors.ts';
import { isObject } from './json.ts';
import type { Kind } from './kinds.ts';
import type { StoredObject } from './storage.ts';
import { timestamp } from './write.ts';

/** The finalizers of the server itself: the garbage collector removes them. */
export const FOREGROUND = 'foregroundDeletion';
export const ORPHAN = 'orphan';

export interface Deletion {
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: string | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export function readDeletion(body: unknown): Deletion {
  const options = isObject(body) ? body : {};
  const preconditions = isObject(options.preconditions) ? options.preconditions : {};
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    gracePeriodSeconds: typeof options.gracePeriodSeconds === 'number' ? options.gracePeriodSeconds : undefined,
    propagationPolicy: text(options.propagationPolicy),
    uid: text(preconditions.uid),
    resourceVersion: text(preconditions.resourceVersion),
  };
}

/** Throws 409 when the object is not the one that was meant. */
export function checkPreconditions(kind: Kind, { metadata }: KubeObject, { uid, resourceVersion }: Deletion): void {
  const refuse = (field: string, wanted: string, found: string | undefined) =>
    conflict(
      kind.resource,
      metadata.name,
      `Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${found}`,
    );
  if (uid !== undefined && uid !== metadata.uid) throw refuse('UID', uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw refuse('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

/** What a delete makes of an object; undefined: it is gone at once. */
export function markDeleted(kind: Kind, live: StoredObject, deletion: Deletion, now: number): StoredObject | undefined {
  const grace = gracePeriod(kind, live, deletion);
  const finalizers = finalizersFor(live, deletion);
  const held = finalizers.length > 0;
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, generation } = live.metadata;
  if (deletionTimestamp !== undefined) {
    // A second delete can only shorten the time.
    const isShorter = deletion.gracePeriodSeconds !== undefined && grace < deletionGracePeriodSeconds;
    if (!held && (isShorter || deletionGracePeriodSeconds === 0) && grace === 0) return undefined;
    if (!isShorter) return withFinalizers(live, finalizers);
    const began = Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
    return withFinalizers(live, finalizers, {
      deletionTimestamp: timestamp(began + grace * 1000),
      deletionGracePeriodSeconds: grace,
    });
  }
  if (!held && grace === 0) return undefined;
  return withFinalizers(live, finalizers, {
    deletionTimestamp: timestamp(now + grace * 1000),
    deletionGracePeriodSeconds: grace,
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  });
}

/** Whether nothing holds an object any more whose deletion was asked for. */
export function isReadyToGo({ metadata }: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = metadata;
  return deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0;
}

function withFinalizers(live: StoredObject, finalizers: readonly string[], change: object = {}): StoredObject {
  const { finalizers: _, ...metadata } = live.metadata;
  const held = finalizers.length === 0 ? {} : { finalizers: [...finalizers] };
  return { ...live, metadata: { ...metadata, ...held, ...change } };
}

/** Seconds. Only pods that run somewhere end gracefully. */
function gracePeriod(kind: Kind, live: StoredObject, { gracePeriodSeconds }: Deletion): number {
  if (kind.resource.group !== '' || kind.resource.kind !== 'Pod') return 0;
  const spec = isObject(live.spec) ? live.spec : {};
  const phase = isObject(live.status) ? live.status.phase : undefined;
  if (typeof spec.nodeName !== 'string' || spec.nodeName === '' || phase === 'Failed' || phase === 'Succeeded')
    return 0;
  const own = spec.terminationGracePeriodSeconds;
  const seconds = gracePeriodSeconds ?? (typeof own === 'number' ? own : 30);
  return seconds < 0 ? 1 : seconds;
}

function finalizersFor({ metadata }: KubeObject, { propagationPolicy }: Deletion): readonly string[] {
  const { finalizers = [] } = metadata;
  if (propagationPolicy === undefined) return finalizers;
  const others = finalizers.filter((name) => name !== FOREGROUND && name !== ORPHAN);
  if (propagationPolicy === 'Foreground') return [...others, FOREGROUND];
  return propagationPolicy === 'Orphan' ? [...others, ORPHAN] : others;
}
