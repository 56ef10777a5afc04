import { expect, test } from 'vitest';
import { progress } from './rollout.ts';

const rolled = { observedGeneration: 3, replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
const deployment = (status: object) => ({ metadata: { generation: 3 }, spec: { replicas: 2 }, status });

test('a rollout is done when the newest generation is seen and only new pods are left, all available', () => {
  expect(progress(deployment(rolled))).toEqual({ done: true, text: '2 new, 2 available of 2' });
});

test.each([
  ['not yet seen by its controller', { ...rolled, observedGeneration: 2 }],
  ['an old pod is left', { ...rolled, replicas: 3 }],
  ['one is not available', { ...rolled, availableReplicas: 1 }],
  ['one is still old', { ...rolled, updatedReplicas: 1 }],
  ['nothing is known', {}],
])('it is under way while %s', (_name, status) => {
  expect(progress(deployment(status)).done).toBe(false);
});
