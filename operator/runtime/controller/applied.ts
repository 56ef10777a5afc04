import { hash } from 'node:crypto';
import type { KubeObject } from '../kube/object.ts';
import { sameQuantity } from '../kube/quantity.ts';
import { canonicalJson } from './canonical-json.ts';

/**
 * `desired` with an annotation that holds a digest of it. The digest tells at the next reconcile whether we want something
 * else now; it also notices a field that we no longer declare, which comparing with the live object cannot.
 */
export function withDigest(desired: KubeObject, annotation: string): KubeObject {
  const digest = hash('sha256', canonicalJson(desired), 'base64url').slice(0, 16);
  const { metadata } = desired;
  return { ...desired, metadata: { ...metadata, annotations: { ...metadata.annotations, [annotation]: digest } } };
}

/**
 * Does the live object already say everything that `desired` says? It may say more: defaults and other owners' fields.
 * Lists are compared element by element. The server may write a quantity in another way and leave out what is empty,
 * false or zero; whether we want such a field at all is told by the digest.
 */
export function covers(live: unknown, desired: unknown): boolean {
  if (desired === undefined) return true;
  if (live === undefined && (desired === null || desired === '' || desired === false || desired === 0)) return true;
  if (Array.isArray(desired)) {
    if (!Array.isArray(live)) return desired.length === 0 && live === undefined;
    return live.length === desired.length && desired.every((entry, index) => covers(live[index], entry));
  }
  if (desired !== null && typeof desired === 'object') {
    const entries = Object.entries(desired);
    if (live === undefined) return entries.every(([, entry]) => covers(undefined, entry));
    if (live === null || typeof live !== 'object') return false;
    return entries.every(([key, entry]) => covers((live as Record<string, unknown>)[key], entry));
  }
  return live === desired || sameQuantity(live, desired);
}

/** Equal but for keys that are undefined, which JSON does not carry. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}
