import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

test('timers run in order of time, equal ones in the order set, promises settle between them', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  clock.setTimer(20, () => seen.push('c'));
  clock.setTimer(10, () => {
    void Promise.resolve().then(() => {
      seen.push('a, settled');
      clock.setTimer(5, () => seen.push(`nested at ${clock.monotonic()}`));
    });
  });
  clock.setTimer(10, () => seen.push('b'));
  const cancel = clock.setTimer(11, () => seen.push('never'));
  cancel();
  await clock.advance(19);
  expect(seen).toEqual(['a, settled', 'b', 'nested at 15']);
  expect(clock.pending).toBe(1);
  await clock.advance(1);
  expect(seen.at(-1)).toBe('c');
  expect(clock.monotonic()).toBe(20);
});

test('after a freeze late timers run and time does not go back', async () => {
  const clock = new VirtualClock(0);
  let at = 0;
  clock.setTimer(10, () => {
    at = clock.monotonic();
  });
  clock.freeze(1000);
  expect(at).toBe(0);
  await clock.advance(1);
  expect(at).toBe(1000);
  expect(clock.now()).toBe(1001);
});
