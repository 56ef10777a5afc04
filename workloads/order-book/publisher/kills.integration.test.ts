import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyMutant } from '../testing/mutant.ts';
import { runKills } from './testing/kill-run.ts';
import { killMutation } from './testing/mutations.ts';

it.each([
  ['nats', 4],
  ['redis', 2],
] as const)(
  'kill -9 of book and broker under load through both doors, %s: nothing is lost, doubled or different',
  async (broker, kills) => {
    const { faults, rest, binary, trades } = await runKills({ kills, seed: 5, broker });
    expect(faults).toEqual([]);
    expect(rest).toBeGreaterThan(100);
    expect(binary).toBeGreaterThan(500);
    expect(trades).toBeGreaterThan(10);
  },
);

it(`it is noticed when ${killMutation.name}`, async () => {
  const directory = copyMutant(killMutation);
  try {
    const { faults } = await runKills({ kills: 20, seed: 5, broker: 'nats', program: join(directory, 'main.ts') });
    expect(faults).not.toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
