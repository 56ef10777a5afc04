import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import { connectKubeconfig } from '../../kube/index.ts';
import { suite } from './suite.ts';
import { type Bed, createWorld, installWidgets } from './world.ts';

let bed: Bed;

beforeAll(async () => {
  bed = {
    cluster: await connectKubeconfig({ path: inject('kubeconfig') }, { userAgent: 'conformance/1.0' }),
    pass: () => sleep(20),
    // The API server has a store of its own to compact; what the cases then ask for, version 1, it has long forgotten.
    compact: async () => {},
  };
  await installWidgets(bed);
});

afterAll(() => bed.cluster.close());

for (const [topic, cases] of suite) {
  describe(topic, () => {
    for (const { name, run } of cases) {
      test(name, async () => run(await createWorld(bed, `case-${randomUUID().slice(0, 8)}`)));
    }
  });
}
