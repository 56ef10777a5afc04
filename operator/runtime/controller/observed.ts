import type { KubeObject } from '../kube/object.ts';

/** The very object and the very state of it that a decision was made on, as preconditions of a write. */
export function asObserved({ kind, metadata }: KubeObject): { uid: string; resourceVersion: string } {
  const { name, uid, resourceVersion } = metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new Error(`${kind} ${name} was not observed: a write to it needs its uid and resourceVersion`);
  }
  return { uid, resourceVersion };
}
