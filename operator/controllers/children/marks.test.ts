import type { Lease } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { createMarksThrottle, tellsNews } from './marks.ts';

const key = { namespace: 'shop', name: 'a' };

test('marks are due at once, then after their time, for each resource by itself', () => {
  const throttle = createMarksThrottle(10_000);
  expect(throttle.dueInMs(key, 1_000_000)).toBeLessThanOrEqual(0);
  throttle.wereWritten(key, 1_000_000);
  expect(throttle.dueInMs(key, 1_004_000)).toBe(6_000);
  expect(throttle.dueInMs({ ...key, name: 'b' }, 1_004_000)).toBeLessThanOrEqual(0);
  throttle.forget(key);
  expect(throttle.dueInMs(key, 1_004_000)).toBeLessThanOrEqual(0);
});

test('a renewal is no news; new marks, another object and a change of its metadata are', () => {
  const isNews = tellsNews(({ metadata }) => metadata.annotations?.mark);
  const lease = (metadata: Partial<Lease['metadata']>, renewTime: string): Lease => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'a', uid: 'one', annotations: { mark: '1' }, ...metadata },
    spec: { renewTime },
  });
  const before = lease({}, '1');
  expect(isNews(lease({}, '2'), before)).toBe(false);
  expect(isNews(before, undefined)).toBe(true);
  expect(isNews(lease({ annotations: { mark: '2' } }, '2'), before)).toBe(true);
  expect(isNews(lease({ uid: 'two' }, '1'), before)).toBe(true);
  expect(isNews(lease({ finalizers: ['x'] }, '1'), before)).toBe(true);
});
