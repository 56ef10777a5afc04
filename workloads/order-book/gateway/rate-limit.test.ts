import { VirtualClock } from '@sluice/runtime/testing';
import { expect, it } from 'vitest';
import { createRateLimit } from './rate-limit.ts';

it('lets a second of commands pass at once, then as many as time brings, each account for itself', async () => {
  const clock = new VirtualClock();
  const limit = createRateLimit(clock, 10);
  expect(Array.from({ length: 11 }, () => limit.waitMs('a') === 0).filter(Boolean)).toHaveLength(10);
  expect(limit.waitMs('a')).toBeCloseTo(100);
  expect(limit.waitMs('b')).toBe(0);
  await clock.advance(250);
  expect(limit.take('a', 5)).toBe(2);
  expect(limit.take('a', 5)).toBe(0);
});

it('remembers an account that is in use while 100,000 others pass by', () => {
  const limit = createRateLimit(new VirtualClock(), 1);
  limit.waitMs('busy');
  for (let index = 0; index < 100_000; index++) {
    limit.waitMs(`other-${index}`);
    if (index % 1_000 === 0) expect(limit.waitMs('busy')).toBeGreaterThan(0);
  }
});
