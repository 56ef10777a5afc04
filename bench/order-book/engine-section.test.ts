import { expect, it } from 'vitest';
import { engineSection, median, names, type Trial } from './engine-section.ts';

const pass = (seconds: number, fills = 3) => ({ messages: 1_000_000, seconds, fills });

function trial(name: string, origin: string, ...passes: Trial['passes']): Trial {
  return { engine: { name, origin }, workload: 'w', passes };
}

function section(...trials: Trial[]): string {
  return engineSection({ trials, rounds: 3, conditions: 'here.', loadAtEnd: 1 });
}

it('gives the median of the rounds of the median of the passes', () => {
  const text = section(
    trial(names.whole, '', pass(1), pass(0.1), pass(0.1)),
    trial(names.whole, '', pass(0.2)),
    trial(names.whole, '', pass(0.125)),
    trial('other', 'npm, 1', pass(1, 4)),
    trial('silent', 'Rust, 1', pass(1, 0)),
  );
  expect(text).toContain('| Sluice | 8.00 (5.00–10.00) | 8.00 | same trades |');
  expect(text).toContain('| other | 1.00 (1.00–1.00) | 1.00 | npm, 1; other trades |');
  expect(text).toContain('| silent | 1.00 (1.00–1.00) | 1.00 | Rust, 1; names no trades |');
});

it('says when an engine was cut off', () => {
  const cut = trial('slow', 'npm, 1', { messages: 10, seconds: 10, fills: 0 });
  expect(section(trial(names.whole, '', pass(1)), cut)).toContain('npm, 1; cut off |');
});

it('says which goals are reached and which are missed', () => {
  const text = section(
    trial(names.handedOver, '', pass(0.1)),
    trial(names.whole, '', pass(0.1)),
    trial(names.plain, '', pass(0.08)),
    trial(names.baseline, '', pass(0.05)),
    trial('a', 'npm, 1', pass(1)),
    trial('b', 'npm, 1', pass(2)),
  );
  expect(text).toMatch(/to a second thread \| reached: 10.00/);
  expect(text).toMatch(/`std::map` engine \| missed: 0.50 ×/);
  expect(text).toMatch(/best npm engine \| reached: 10 × a/);
  expect(text).toMatch(/order surface costs ≤ 15 % \| missed: 20.0 %/);
});

it('takes the lower middle of an even number', () => {
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([])).toBe(0);
});
