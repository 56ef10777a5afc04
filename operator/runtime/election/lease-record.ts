import type { Lease } from '../kube/resources.ts';

/** What an election needs to know of a Lease. */
export interface LeaseRecord {
  /** '' when the last holder released it. */
  readonly holder: string;
  readonly durationMs: number;
  /** `leaseTransitions`: how often the Lease has been taken, and so the epoch of its holder. */
  readonly epoch: number;
  readonly resourceVersion: string;
}

export function recordOf({ metadata, spec }: Lease): LeaseRecord {
  return {
    holder: spec?.holderIdentity ?? '',
    durationMs: (spec?.leaseDurationSeconds ?? 0) * 1000,
    epoch: spec?.leaseTransitions ?? 0,
    resourceVersion: metadata.resourceVersion ?? '',
  };
}

/** `nowMs` and `acquiredMs`: wall clock, for people who read the Lease; no candidate decides by it. */
export function leaseOf(
  key: { readonly namespace: string; readonly name: string },
  facts: { holder: string; durationMs: number; epoch: number; acquiredMs: number; nowMs: number },
  resourceVersion?: string,
): Lease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...key, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec: {
      holderIdentity: facts.holder,
      leaseDurationSeconds: Math.ceil(facts.durationMs / 1000),
      leaseTransitions: facts.epoch,
      acquireTime: microTime(facts.acquiredMs),
      renewTime: microTime(facts.nowMs),
    },
  };
}

/** RFC 3339 with microseconds, the form of `metav1.MicroTime`. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
