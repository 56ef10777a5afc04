import { expect, test } from 'vitest';
import type { Clock } from '../../operator/runtime/clock.ts';
import { createProgress, duration, lineOutput } from './progress.ts';

function virtualClock(): Clock & { advance(ms: number): void } {
  let now = 0;
  const timers = new Map<() => void, number>();
  return {
    now: () => now,
    monotonic: () => now,
    setTimer: (ms, fn) => {
      timers.set(fn, now + ms);
      return () => timers.delete(fn);
    },
    advance: (ms) => {
      now += ms;
      for (const [fn, at] of [...timers]) {
        if (at > now) continue;
        timers.delete(fn);
        fn();
      }
    },
  };
}

const steps = [
  { name: 'kind', seconds: 20 },
  { name: 'coredns', seconds: 80 },
];

test('without a terminal each step has one plain line at its end', () => {
  const lines: string[] = [];
  const progress = createProgress(
    virtualClock(),
    lineOutput((line) => lines.push(line)),
  );
  progress.begin(steps);
  progress.cached({ name: 'kind', version: '0.33.0' });
  progress.started({ name: 'coredns', version: '1.12.1' });
  progress.built({ name: 'coredns', version: '1.12.1' }, 84.2);
  progress.end();
  expect(lines).toEqual(['[1/2] kind 0.33.0 … cached', '[2/2] coredns 1.12.1 … built in 84 s']);
});

test('on a terminal the running step counts its time and says what is left by the last time', () => {
  const clock = virtualClock();
  let screen = '';
  const progress = createProgress(clock, { isTTY: true, columns: 80, write: (text) => (screen = text) });
  progress.begin(steps);
  progress.started({ name: 'kind', version: '0.33.0' });
  clock.advance(5000);
  expect(screen).toContain('kind 0.33.0 … 5.0 s');
  expect(screen).toContain('5.0 s so far, about 95 s to go');
  progress.built({ name: 'kind', version: '0.33.0' }, 5);
  expect(screen).toContain('[1/2] kind 0.33.0 … built in 5.0 s\n');
  progress.end();
});

test('nothing is said of what is left when a step was never done', () => {
  const clock = virtualClock();
  let screen = '';
  const progress = createProgress(clock, { isTTY: true, write: (text) => (screen = text) });
  progress.begin([...steps, { name: 'new', seconds: undefined }]);
  progress.started({ name: 'kind', version: '' });
  clock.advance(1000);
  expect(screen).toContain('so far');
  expect(screen).not.toContain('to go');
  progress.end();
});

test.each([
  [0.44, '0.4 s'],
  [84.2, '84 s'],
  [271, '4 min 31 s'],
])('%f seconds read %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
