import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Cluster, connectKubeconfig } from '../../kube/index.ts';
import { ApiServerModel, createModelCluster } from '../model/index.ts';
import { seededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { type Command, command, Player } from './differential.ts';
import { widgetDefinition } from './widget.ts';
import { type Bed, createWorld, installWidgets } from './world.ts';

/** Sequences of 250 requests; more of them: DIFFERENTIAL_RUNS. Another sequence: DIFFERENTIAL_SEED. */
const RUNS = Number(process.env.DIFFERENTIAL_RUNS ?? 4);
const LENGTH = 250;
const seed = Number(process.env.DIFFERENTIAL_SEED ?? 20_261_121);

const userAgent = 'conformance/1.0';
let real: Cluster;

beforeAll(async () => {
  real = await connectKubeconfig({ path: inject('kubeconfig') }, { userAgent });
  await installWidgets(realBed());
});

afterAll(() => real.close());

const realBed = (): Bed => ({ cluster: real, pass: () => sleep(20), compact: async () => {} });

function modelBed(): Bed {
  const clock = new VirtualClock();
  const options = { clock, random: seededRandom(1), crds: [widgetDefinition], showManagedFields: true };
  const cluster = createModelCluster(new ApiServerModel(options), { userAgent });
  return { cluster, pass: () => clock.advance(10), compact: async () => {} };
}

async function playBoth(commands: readonly Command[]): Promise<void> {
  const namespace = `diff-${randomUUID().slice(0, 8)}`;
  const onReal = new Player(await createWorld(realBed(), namespace));
  const onModel = new Player(await createWorld(modelBed(), namespace));
  for (const [index, sent] of commands.entries()) {
    const expected = await onReal.play(sent);
    expect({ index, sent, answer: await onModel.play(sent) }).toEqual({ index, sent, answer: expected });
  }
  expect(await onModel.end()).toEqual(await onReal.end());
}

test('the model answers any sequence of requests as the real server does, with the same owners of fields', async () => {
  const commands = fc.array(command, { minLength: LENGTH, maxLength: LENGTH });
  // A failure names the request at which the two part, so a shorter sequence would tell little more.
  await fc.assert(fc.asyncProperty(commands, playBoth), { numRuns: RUNS, seed, endOnFailure: true });
});
