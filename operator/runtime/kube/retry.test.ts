import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KubeApiError } from './client.ts';
import { UnsentError } from './connection.ts';
import { retryDelayMs } from './retry.ts';

const answer = (status: number, retryAfterSeconds?: number) =>
  new KubeApiError(status, 'Reason', 'message', retryAfterSeconds);
const delay = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', failure: unknown, tries = 1) =>
  retryDelayMs(method, failure, tries, () => 0.5);

test.each([
  ['a read after a server error', 'GET', answer(503), true],
  ['a read after a lost connection', 'GET', new Error('reset'), true],
  ['a read that was refused', 'GET', answer(403), false],
  ['a write that was throttled', 'PATCH', answer(429), true],
  ['a write that never left', 'POST', new UnsentError('no connection'), true],
  ['a write after a server error: it may have happened', 'POST', answer(500), false],
  ['a write after a gateway time-out: it may have happened', 'PATCH', answer(504), false],
  ['a write after a lost connection: it may have happened', 'DELETE', new Error('reset'), false],
  ['a write in conflict', 'PATCH', answer(409), false],
] as const)('%s', (_what, method, failure, repeated) => {
  expect(delay(method, failure) !== undefined).toBe(repeated);
});

test('Retry-After is never undercut', () => {
  fc.assert(
    fc.property(fc.nat(120), fc.double({ min: 0, max: 0.999, noNaN: true }), (seconds, random) => {
      const ms = retryDelayMs('GET', answer(429, seconds), 1, () => random);
      expect(ms).toBeGreaterThanOrEqual(seconds * 1000);
    }),
  );
});

test('back-off doubles up to its ceiling, keeps at least half of it, and ends', () => {
  const policy = { maxTries: 6, baseMs: 50, maxMs: 300 };
  const delays = [1, 2, 3, 4, 5].map((tries) => retryDelayMs('GET', answer(500), tries, () => 0, policy));
  expect(delays).toEqual([25, 50, 100, 150, 150]);
  expect(retryDelayMs('GET', answer(500), 6, () => 0, policy)).toBeUndefined();
});
