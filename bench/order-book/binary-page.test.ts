import { expect, it } from 'vitest';
import { type BinaryTrial, binarySection } from './binary-page.ts';

const trial = (rate: number, perSecond: number): BinaryTrial => ({
  target: 'book',
  rate,
  serverCpu: 1,
  figures: { perSecond, p50: 1, p99: 2, p999: 3, total: 500_000, done: 30, refused: 10, loadCpu: 0.4 },
});

it('shows the median of the rounds, a row for each server and loop', () => {
  const trials = [trial(0, 10), trial(250_000, 7), trial(0, 30), trial(0, 20)];
  const text = binarySection({ conditions: 'here', trials, rounds: 3, seconds: 4, connections: 4, depth: 9 });
  expect(text.split('\n').slice(-2)).toEqual([
    '| Sluice, durable | closed, 4 × 9 under way | 20 | 1.00 | 2.00 | 3.00 | 2.00 | 40 | 25.0 |',
    '| Sluice, durable | 250000/s | 7 | 1.00 | 2.00 | 3.00 | 2.00 | 40 | 25.0 |',
  ]);
});
