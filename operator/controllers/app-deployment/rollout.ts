/** What one revision has, as far as it matters for the number of its pods. */
export interface RevisionSize {
  readonly revision: string;
  /** spec.replicas of its ReplicaSet. */
  readonly asked: number;
  /** Pods that are not being deleted. */
  readonly live: number;
  /** Live pods that are ready. */
  readonly ready: number;
  /** Orders the old ones: the oldest shrinks first. */
  readonly createdMs: number;
}

export interface RolloutLimits {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  /** Pods that may still begin to drain now. */
  readonly mayDrain: number;
}

/** A count, or a percentage of `replicas` rounded up (surge) or down (unavailable), as a Deployment reads it. */
export function resolveCount(value: number | string, replicas: number, round: (n: number) => number): number {
  return typeof value === 'number' ? value : round((replicas * Number.parseInt(value, 10)) / 100);
}

export function resolveLimits(
  desired: number,
  rolling: { readonly maxSurge: number | string; readonly maxUnavailable: number | string },
): { maxSurge: number; maxUnavailable: number } {
  const maxSurge = resolveCount(rolling.maxSurge, desired, Math.ceil);
  const maxUnavailable = resolveCount(rolling.maxUnavailable, desired, Math.floor);
  // Percentages may both come to nothing; then no pod could ever be replaced.
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

/**
 * The next size of each revision. It never raises the sum of pods above desired + maxSurge, never takes ready pods below
 * desired − maxUnavailable, and lets at most `mayDrain` pods begin to drain. Called again and again it ends with
 * `current` at `desired` and the others at 0, if the pods of `current` become ready.
 */
export function nextSizes(
  current: RevisionSize,
  others: readonly RevisionSize[],
  limits: RolloutLimits,
): Map<string, number> {
  const { desired, maxSurge, maxUnavailable } = limits;
  const sizes = new Map([current, ...others].map(({ revision, asked }) => [revision, asked]));
  let mayDrain = Math.max(0, limits.mayDrain);
  const shrink = (revision: RevisionSize, by: number): number => {
    const asked = sizes.get(revision.revision) ?? 0;
    const taken = Math.max(0, Math.min(by, asked, mayDrain));
    sizes.set(revision.revision, asked - taken);
    mayDrain -= taken;
    return taken;
  };
  const ready = (one: RevisionSize): number => Math.min(one.ready, sizes.get(one.revision) ?? 0);
  const sum = (count: (one: RevisionSize) => number): number => {
    return [current, ...others].reduce((total, one) => total + count(one), 0);
  };
  const asked = (one: RevisionSize): number => sizes.get(one.revision) ?? 0;

  shrink(current, current.asked - desired);

  // Old pods that are not ready serve nobody: they go first, as many as do not eat into what may still become ready.
  const leastReady = desired - maxUnavailable;
  const oldestFirst = [...others].sort((a, b) => a.createdMs - b.createdMs);
  let spare = sum(asked) - leastReady - (asked(current) - ready(current));
  for (const old of oldestFirst) spare -= shrink(old, Math.min(spare, asked(old) - ready(old)));
  let excess = sum(ready) - leastReady;
  for (const old of oldestFirst) {
    const before = ready(old);
    shrink(old, Math.min(excess, before));
    excess -= before - ready(old);
  }

  // Surge last, and only into room that was there before: a pod counts until it is seen to be going, since its
  // ReplicaSet may be making it at this moment.
  const room = desired + maxSurge - sum((one) => Math.max(one.asked, one.live));
  if (asked(current) < desired) {
    sizes.set(current.revision, Math.min(desired, asked(current) + Math.max(0, room)));
  }
  return sizes;
}

/**
 * Sizes while the rollout is held: every revision keeps its share, and only a change of `desired` moves them. What is
 * missing goes to the largest revision; what is too much beyond the surge goes from the smallest.
 */
export function heldSizes(revisions: readonly RevisionSize[], limits: RolloutLimits): Map<string, number> {
  const { desired, maxSurge } = limits;
  const sizes = new Map(revisions.map(({ revision, asked }) => [revision, asked]));
  const bySize = revisions.filter(({ asked }) => asked > 0).sort((a, b) => a.asked - b.asked);
  const total = bySize.reduce((sum, { asked }) => sum + asked, 0);
  const largest = bySize.at(-1);
  if (largest !== undefined && total < desired) sizes.set(largest.revision, largest.asked + desired - total);
  const rolling = bySize.length > 1 && desired > 0 ? maxSurge : 0;
  let surplus = Math.min(total - desired - rolling, Math.max(0, limits.mayDrain));
  for (const { revision, asked } of bySize) {
    if (surplus <= 0) break;
    const taken = Math.min(surplus, asked);
    sizes.set(revision, asked - taken);
    surplus -= taken;
  }
  return sizes;
}
