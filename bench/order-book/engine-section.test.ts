import { expect, it } from 'vitest';
import { engineSection, median } from './engine-section.ts';

const pass = (seconds: number, fills = 3) => ({ messages: 1_000_000, seconds, fills });
const handedOver = [
  {
    name: 'w',
    sha256: 'ab'.repeat(32),
    messages: 1_000_000,
    fills: 3,
    messagesPerSecondMedian: 9e6,
    messagesPerSecondWorst: 8e6,
  },
];

it('gives the median of the rounds of the median of the passes', () => {
  const text = engineSection({
    trials: [
      { engine: 'sluice', workload: 'w', passes: [pass(1), pass(0.1), pass(0.1)] },
      { engine: 'sluice', workload: 'w', passes: [pass(0.2)] },
      { engine: 'sluice', workload: 'w', passes: [pass(0.125)] },
      { engine: 'other', workload: 'w', passes: [pass(1, 4)] },
    ],
    ...{ handedOver, rounds: 3, conditions: 'm' },
  });
  expect(text).toContain('| sluice | 8.00 | 8.00 | 100.0 % | same trades |');
  expect(text).toContain('| other | 1.00 | 1.00 | 12.5 % | other trades |');
  expect(text).toContain('| w | 9.00 | 8.00 | 3 |');
});

it('says when an engine was cut off', () => {
  const trials = [{ engine: 'sluice', workload: 'w', passes: [{ messages: 10, seconds: 10, fills: 0 }] }];
  expect(engineSection({ trials, handedOver, rounds: 1, conditions: 'm' })).toContain('cut off before the end');
});

it('takes the lower middle of an even number', () => {
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([])).toBe(0);
});
