import { expect, it } from 'vitest';
import { runKills } from './testing/kill-run.ts';

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
