/** A condition as in the Kubernetes API conventions (`metav1.Condition`). */
export interface Condition {
  /** CamelCase; the key of the list-map. */
  type: string;
  status: 'True' | 'False' | 'Unknown';
  /** CamelCase, for programs. */
  reason: string;
  /** A sentence, for people; at most 32,768 characters. */
  message: string;
  /** RFC 3339, seconds; changes only when `status` changes. */
  lastTransitionTime: string;
  observedGeneration?: number;
}

/** A condition as a reconcile sees it; time and generation are added by `setConditions`. */
export type ConditionInput = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** RFC 3339 with whole seconds, the form of `metav1.Time`. `ms` is wall-clock milliseconds since the epoch. */
export function rfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * `previous` with `inputs` set in it, in the order of `inputs`; conditions of other types are kept behind them.
 * `lastTransitionTime` moves only when a status changes, so an unchanged world gives an equal list and no write.
 */
export function setConditions(
  previous: readonly Condition[] | undefined,
  inputs: readonly ConditionInput[],
  generation: number,
  nowMs: number,
): Condition[] {
  const before = new Map((previous ?? []).map((condition) => [condition.type, condition]));
  const next = inputs.map((input): Condition => {
    const old = before.get(input.type);
    before.delete(input.type);
    const lastTransitionTime = old?.status === input.status ? old.lastTransitionTime : rfc3339(nowMs);
    return { ...input, lastTransitionTime, observedGeneration: generation };
  });
  return [...next, ...before.values()];
}
