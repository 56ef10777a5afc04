import type { KubeClient } from '../kube/client.ts';
import type { KubeObject, ObjectKey, Resource } from '../kube/object.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Condition, ConditionInput } from './conditions.ts';

/** Reads from the shared caches. Objects are frozen: copy before changing. */
export interface CacheReader {
  get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): T | undefined;
  /** Objects of one namespace whose labels contain all of `labels`, in name order. */
  list<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    labels?: Readonly<Record<string, string>>,
  ): readonly T[];
  /** Objects whose controlling owner has this uid, in name order. */
  ownedBy<T extends KubeObject>(resource: Resource<T>, ownerUid: string): readonly T[];
  /** Objects that an index declared with `informer.index` has under `value`, in name order. */
  byIndex<T extends KubeObject>(resource: Resource<T>, index: string, value: string): readonly T[];
}

/** An Event to tell people of something on an object. */
export interface EventInput {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, at most 128 characters. */
  readonly reason: string;
  /** What was done, CamelCase verb, at most 128 characters (`events.k8s.io/v1` action). */
  readonly action: string;
  /** A sentence; cut at 1,024 characters. */
  readonly note: string;
}

/** An object with conditions in its status, as far as it has any yet. */
export type Conditioned = KubeObject & {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined } | undefined;
};

/** What a reconcile function gets beside its key. */
export interface ReconcileContext {
  readonly client: KubeClient;
  readonly cache: CacheReader;
  /** Records an event on `object`; equal ones are aggregated, never lost silently: dropped ones are counted. */
  readonly event: (object: KubeObject, event: EventInput) => void;
  /** The conditions of `object` with `inputs` set in them, at its generation and the time of this reconcile. */
  readonly conditions: (object: Conditioned, inputs: readonly ConditionInput[]) => Condition[];
  /** Child logger with reconcile id, controller, key and reason. */
  readonly log: Logger;
  /** Aborted on stop and on loss of leadership. */
  readonly signal: AbortSignal;
  /** Leadership epoch (`leaseTransitions` of the election Lease); 0 when election is off. */
  readonly epoch: number;
  /** Wall-clock milliseconds at the start of this reconcile. */
  readonly nowMs: number;
  /** Which source and object asked for this reconcile. For logs and traces, not for decisions. */
  readonly reason: string;
}
