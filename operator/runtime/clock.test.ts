import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { pause } from './clock.ts';
import { VirtualClock } from './testing/virtual-clock.ts';

test('a pause ends after its time and leaves nothing behind on the signal', async () => {
  const clock = new VirtualClock();
  const { signal } = new AbortController();
  const paused = pause(clock, 500, signal);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  await clock.advance(500);
  await paused;
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('an abort ends a pause with its reason, and the timer with it', async () => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const paused = pause(clock, 500, controller.signal);
  controller.abort(new Error('stop'));
  await expect(paused).rejects.toThrow('stop');
  expect(clock.pending).toBe(0);
  await expect(pause(clock, 500, controller.signal)).rejects.toThrow('stop');
  expect(clock.pending).toBe(0);
});
