export { type Clock, pause, type Random, systemClock } from './clock.ts';
export {
  type Controller,
  type ControllerBuilder,
  type ControllerOptions,
  controller,
  type Predicate,
  type Reconcile,
  type Source,
  type WatchOptions,
} from './controller/builder.ts';
export { canonicalJson } from './controller/canonical-json.ts';
export { type Condition, type ConditionInput, rfc3339, setConditions } from './controller/conditions.ts';
export type { CacheReader, Conditioned, EventInput, ReconcileContext } from './controller/context.ts';
export { defaultPlanSettings, executePlan, type PlanSettings } from './controller/execute-plan.ts';
export { type FinalizerState, finalizerState, type WithFinalizer, withFinalizer } from './controller/finalizer.ts';
export { type ManagerOptions, runManager } from './controller/manager.ts';
export type { Plan, PlannedApply, PlannedDelete } from './controller/plan.ts';
export { done, type Result, requeueAfter, TerminalError } from './controller/result.ts';
export { terminationSignal } from './controller/termination.ts';
export type { Tracing } from './controller/tracing.ts';
export * from './kube/index.ts';
