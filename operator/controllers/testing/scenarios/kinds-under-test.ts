import type { KindName } from '@sluice/api';
import type { Scenario, Simulator } from '@sluice/runtime/testing';
import { maximalAppDeployment, maximalOrderBook, maximalSequenceCounter } from '../../../api/testing/maximal-specs.ts';
import { appDeployments } from './app-deployment.ts';
import { buildScenario } from './build.ts';
import { orderBooks } from './order-book.ts';
import { sequenceCounters } from './sequence-counter.ts';

/** A valid value for every field of each kind. */
export const maximalSpecs = {
  AppDeployment: maximalAppDeployment,
  SequenceCounter: maximalSequenceCounter,
  OrderBook: maximalOrderBook,
};

/** The scenario of a kind with this number. */
export function scenarioOf(kind: KindName, number: number): Scenario<Simulator> {
  const builders = {
    AppDeployment: () => buildScenario(appDeployments, number),
    SequenceCounter: () => buildScenario(sequenceCounters, number),
    OrderBook: () => buildScenario(orderBooks, number),
  };
  // A scenario only ever meets the simulator that it made itself.
  return builders[kind]() as unknown as Scenario<Simulator>;
}
