import { expect, it } from 'vitest';
import { type RestTrial, restSection } from './rest-page.ts';

const trial = (perSecond: number, failed = 0): RestTrial => ({
  target: 'sluice',
  mix: 'orders',
  rate: 0,
  serverCpu: 1,
  figures: { perSecond, p50: 1, p99: 2, p999: 3, answered: 10, total: 20_000, refused: 0, failed, loadCpu: 0.4 },
});

it('shows the median of the rounds and the sum of what failed', () => {
  const text = restSection({
    conditions: 'here',
    trials: [trial(10), trial(30, 1), trial(20, 2)],
    rounds: 3,
    seconds: 4,
    connections: 64,
  });
  expect(text.split('\n').at(-1)).toBe('| Sluice, durable | new orders | closed | 20 | 1.00 | 2.00 | 50 | 40 | 3 |');
});
