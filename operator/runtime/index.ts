export { type Clock, type Random, systemClock } from './clock.ts';
export { type Condition, type ConditionInput, rfc3339, setConditions } from './controller/conditions.ts';
export type { CacheReader, EventInput, ReconcileContext } from './controller/context.ts';
export type { Plan, PlannedApply, PlannedDelete } from './controller/plan.ts';
export { done, type Result, requeueAfter, TerminalError } from './controller/result.ts';
export * from './kube/index.ts';
