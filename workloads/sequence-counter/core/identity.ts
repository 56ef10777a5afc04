/**
 * Who holds a ledger: `<pod name>/<pod uid>/<process nonce>`. The uid tells a pod from its successor of the same name,
 * the nonce tells a process from its predecessor in the same pod.
 */
export interface Identity {
  readonly pod: string;
  readonly podUid: string;
  readonly processNonce: string;
}

export function identityText({ pod, podUid, processNonce }: Identity): string {
  return `${pod}/${podUid}/${processNonce}`;
}

/** Whether `holder` is an earlier process of this pod. It is dead then: a pod runs one process of a container at a time. */
export function isPredecessor(holder: string, { podUid, processNonce }: Identity): boolean {
  const [, uid, nonce] = holder.split('/');
  return uid === podUid && nonce !== undefined && nonce !== processNonce;
}
