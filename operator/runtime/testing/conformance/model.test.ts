import { describe, test } from 'vitest';
import { ApiServerModel, createModelCluster } from '../model/index.ts';
import { seededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { suite } from './suite.ts';
import { type Bed, createWorld, installWidgets } from './world.ts';

/** A model of its own for each case: it costs nothing. */
async function modelBed(): Promise<Bed> {
  const clock = new VirtualClock();
  const model = new ApiServerModel({ clock, random: seededRandom(1) });
  const bed = {
    cluster: createModelCluster(model, { userAgent: 'conformance/1.0' }),
    pass: () => clock.advance(10),
    compact: async () => model.compact(),
  };
  await installWidgets(bed);
  return bed;
}

for (const [topic, cases] of suite) {
  describe(topic, () => {
    for (const { name, run } of cases) {
      test(name, async () => run(await createWorld(await modelBed(), 'case')));
    }
  });
}
