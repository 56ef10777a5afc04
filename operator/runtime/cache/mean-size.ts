import type { KubeObject } from '../kube/object.ts';

/** Every how many objects one is measured. Writing out an object costs about as much as reading it did. */
const EVERY = 64;
/** How much a measurement counts against those before it. */
const WEIGHT = 1 / 16;

/** How large the objects of a cache are as JSON on average, from a sample of those that came in. */
export interface MeanSize {
  saw(object: KubeObject): void;
  bytes(): number;
}

export function createMeanSize(): MeanSize {
  let seen = 0;
  let mean = 0;
  return {
    saw(object) {
      if (seen++ % EVERY !== 0) return;
      const size = JSON.stringify(object).length;
      mean = mean === 0 ? size : mean + (size - mean) * WEIGHT;
    },
    bytes: () => mean,
  };
}
