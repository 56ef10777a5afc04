import type { KubeObject, Resource } from '../kube/object.ts';
import type { EventInput } from './context.ts';

/** One object to bring about by server-side apply: the fields we own and nothing else. */
export interface PlannedApply<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>;
  readonly object: KubeObject;
  /**
   * What there was of it when this was decided, undefined for nothing; only that is changed. Say so when `object` depends on
   * it. Without this property it is what the cache shows at the write, which may be newer than the decision.
   */
  readonly observed?: KubeObject | undefined;
}

/** One object to delete, exactly the one that was observed. */
export interface PlannedDelete {
  readonly resource: Resource;
  /** As observed: its uid and resourceVersion become preconditions. */
  readonly object: KubeObject;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
}

/**
 * What a pure `plan(observed, now)` decides. `executePlan` carries it out in this order: a finalizer to add, applies in
 * order, deletes in order, status, events, a finalizer to remove. A crash between any two of them must be harmless, since
 * the next plan starts from what is there.
 */
export interface Plan<Status> {
  readonly apply: readonly PlannedApply[];
  readonly delete: readonly PlannedDelete[];
  /** The whole status we own; applied only when it differs from the observed one. Undefined: leave it alone. */
  readonly status: Status | undefined;
  /** Keep (true) or remove (false) our finalizer on the primary; undefined: leave it alone. */
  readonly finalizer?: boolean;
  readonly events: readonly EventInput[];
  /** Wake up again after so many milliseconds although nothing changed. */
  readonly requeueAfterMs?: number;
}
