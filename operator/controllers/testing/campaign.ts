import { type KindName, kinds } from '@sluice/api';
import { baselineOf, converges, type Played, type Verdict } from '@sluice/runtime/testing';
import { scenarioOf } from './scenarios/kinds-under-test.ts';

const names = Object.keys(kinds) as KindName[];
/** So many runs in a row play the same scenario, and share its run without faults. */
const runsPerScenario = 10;

/** Which scenario a seed plays. */
export function scenarioOfSeed(seed: number): { readonly kind: KindName; readonly number: number } {
  const block = Math.floor(seed / runsPerScenario);
  return { kind: names[block % names.length] ?? 'AppDeployment', number: Math.floor(block / names.length) };
}

/** The first `count` seeds from `first` on that play one of `wanted`. */
export function seedsFrom(first: number, count: number, wanted: readonly KindName[] = names): number[] {
  const seeds: number[] = [];
  for (let seed = first; seeds.length < count; seed++) {
    if (wanted.includes(scenarioOfSeed(seed).kind)) seeds.push(seed);
  }
  return seeds;
}

/** Plays seeds one after another; those of the same scenario are quicker in a row. */
export function createCampaign(): (seed: number) => Promise<Verdict> {
  let last: { readonly name: string; readonly baseline: Played } | undefined;
  return async (seed) => {
    const { kind, number } = scenarioOfSeed(seed);
    const scenario = scenarioOf(kind, number);
    if (last?.name !== scenario.name) last = { name: scenario.name, baseline: await baselineOf(scenario) };
    return converges(scenario, seed, last.baseline);
  };
}
