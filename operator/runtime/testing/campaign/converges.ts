import { seededRandom } from '../seeded-random.ts';
import { drawFaults, type FaultCounts, noFaults } from './faults.ts';
import { type Played, play } from './play.ts';
import type { Scenario, Simulator } from './scenario.ts';

/** What came of one run, and what it was put through. */
export interface Verdict {
  readonly scenario: string;
  readonly seed: number;
  /** Empty: it converged. */
  readonly failures: readonly string[];
  readonly faults: FaultCounts;
  readonly digest: string;
  readonly trace: readonly string[];
}

/** The run without faults that others are compared with. */
export function baselineOf<S extends Simulator>(scenario: Scenario<S>): Promise<Played> {
  return play(scenario, 0, noFaults);
}

/**
 * Plays `scenario` with the faults that `seed` draws: it must end as it does without any, stay there, make nothing twice and
 * destroy nothing more. The same seed plays the same run again.
 */
export async function converges<S extends Simulator>(
  scenario: Scenario<S>,
  seed: number,
  baseline?: Played,
): Promise<Verdict> {
  const expected = baseline ?? (await baselineOf(scenario));
  const plan = drawFaults(seededRandom(seed), expected.writes);
  const played = await play(scenario, seed, plan);
  const failures = [
    ...expected.problems.map((problem) => `without any fault: ${problem}`),
    ...played.problems,
    ...(played.problems.length > 0 ? [] : differences(expected, played, scenario.calm)),
  ];
  return {
    scenario: scenario.name,
    seed,
    failures,
    faults: played.faults,
    digest: played.digest,
    trace: played.trace,
  };
}

/** What became different because of the faults. */
function differences(expected: Played, played: Played, calm: boolean): string[] {
  const names = new Set([...expected.state.keys(), ...played.state.keys()]);
  const wrong = [...names]
    .filter((name) => expected.state.get(name) !== played.state.get(name))
    .map(
      (name) => `${name} is ${played.state.get(name) ?? 'gone'}, without faults ${expected.state.get(name) ?? 'gone'}`,
    );
  // Who acts before the last act is done may find a world of which one run has seen more than the other.
  if (!calm) return wrong;
  return [
    ...wrong,
    ...surplus(expected.creations, played.creations).map((name) => `${name} was made more than once`),
    ...surplus(expected.destroyed, played.destroyed).map((name) => `destroyed: ${name}`),
  ];
}

function surplus(expected: ReadonlyMap<string, number>, played: ReadonlyMap<string, number>): string[] {
  return [...played].filter(([name, count]) => count > (expected.get(name) ?? 0)).map(([name]) => name);
}
