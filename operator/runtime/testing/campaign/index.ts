export { baselineOf, converges, type Verdict } from './converges.ts';
export { FAULT_CLASSES, type FaultClass, type FaultCounts, type FaultPlan, noFaults, pick } from './faults.ts';
export { type Played, play } from './play.ts';
export type { Scenario, Simulator, Stage, UserAction, Write } from './scenario.ts';
