import { HorizontalPodAutoscaler, ReplicaSet } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { revisionOf } from './names.ts';
import { plan } from './plan.ts';
import { World } from './testing/world.ts';

const good = () => ({ broken: false, connections: 2 });

/** Rounds in which everybody does their work. `drain`: pods that are being deleted may end. */
function rounds(world: World, count: number, { drain = true } = {}): void {
  for (let round = 0; round < count; round += 1) {
    world.look();
    world.act();
    world.replicaSetController();
    for (const pod of [...world.pods.values()]) {
      if (drain || pod.metadata.deletionTimestamp === undefined) world.kubelet(pod.metadata.name);
    }
    world.tick(1);
  }
}

const sizes = (world: World) =>
  Object.fromEntries([...world.replicaSets.values()].map(({ metadata, spec }) => [metadata.name, spec?.replicas]));
const condition = (world: World, type: string) => world.app.status?.conditions?.find((one) => one.type === type);

test('an image that never becomes ready stalls the rollout, and the old revision keeps serving', () => {
  const world = new World((version) => ({ broken: version === 'bad', connections: 1 }), {
    progressDeadlineSeconds: 60,
  });
  rounds(world, 4);
  world.edit({ version: 'bad', image: 'nowhere:bad' });
  rounds(world, 20);
  expect(condition(world, 'Progressing')).toMatchObject({ status: 'True', reason: 'RollingOut' });
  const { requeueAfterMs } = plan(world.observe(), world.nowMs);
  expect(requeueAfterMs).toBeGreaterThan(0);
  world.nowMs += requeueAfterMs ?? 0;
  rounds(world, 3);
  expect(condition(world, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
  expect(condition(world, 'Ready')).toMatchObject({ status: 'True' });
  expect(world.ready()).toBe(3);
  // Setting the version back ends it: the broken pod goes, no good pod was touched.
  const before = world.live().filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/version'] === 'v1');
  world.edit({ version: 'v1', image: 'registry.example/shop:v1' });
  rounds(world, 10);
  expect(condition(world, 'Progressing')).toMatchObject({ status: 'True', reason: 'RolloutComplete' });
  expect(world.live().map(({ metadata }) => metadata.name)).toEqual(before.map(({ metadata }) => metadata.name));
  expect(world.app.status?.lastRollout).toMatchObject({ from: 'bad', to: 'v1' });
});

test('maxDraining holds the rollout until earlier pods have drained, and that is not a stall', () => {
  const world = new World(good, {
    progressDeadlineSeconds: 10,
    drain: { mode: 'Auto', quietSeconds: 3, deadlineSeconds: 3600, maxDraining: 1 },
  });
  rounds(world, 4);
  world.edit({ version: 'v2', image: 'shop:v2' });
  rounds(world, 60, { drain: false });
  expect(world.draining()).toHaveLength(1);
  expect(condition(world, 'Progressing')).toMatchObject({ status: 'True', reason: 'RollingOut' });
  expect(world.app.status).toMatchObject({ drainingPods: 1 });
  rounds(world, 20);
  expect(condition(world, 'Progressing')).toMatchObject({ reason: 'RolloutComplete' });
  expect(world.app.status?.lastRollout?.connections).toMatchObject({ drained: 6, podsWithoutReport: 0 });
});

test('another deadline restarts no pod: it holds for the pods that come', () => {
  const world = new World(good);
  rounds(world, 4);
  const before = [...world.pods.keys()];
  world.edit({ drain: { ...world.app.spec.drain, deadlineSeconds: 900 } });
  rounds(world, 5);
  expect([...world.pods.keys()]).toEqual(before);
  world.edit({ replicas: 4 });
  rounds(world, 5);
  const deadlines = world.live().map(({ metadata }) => metadata.annotations?.['sluice.dev/drain-deadline-seconds']);
  expect(deadlines.sort()).toEqual(['300', '300', '300', '900']);
  expect(Object.keys(sizes(world))).toHaveLength(1);
});

test('paused holds both revisions where they are; what is scaled meanwhile goes to the larger', () => {
  const world = new World(good, { replicas: 4 });
  rounds(world, 4);
  world.edit({ version: 'v2', image: 'shop:v2' });
  rounds(world, 2);
  world.edit({ paused: true });
  const held = sizes(world);
  rounds(world, 10);
  expect(sizes(world)).toEqual(held);
  expect(condition(world, 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'Paused' });
  world.edit({ replicas: 8 });
  rounds(world, 10);
  expect(world.live()).toHaveLength(8);
  world.edit({ replicas: 0 });
  rounds(world, 10);
  expect(world.live()).toHaveLength(0);
});

test('an unbuilt field or an impossible template is refused, and what runs keeps running', () => {
  const world = new World(good);
  rounds(world, 4);
  const before = sizes(world);
  world.edit({ version: 'v2', strategy: { ...world.app.spec.strategy, type: 'BlueGreen' } });
  rounds(world, 5);
  expect(sizes(world)).toEqual(before);
  expect(condition(world, 'Accepted')).toMatchObject({ status: 'False', reason: 'NotImplemented' });
  expect(condition(world, 'Accepted')?.message).toContain('spec.strategy.type: BlueGreen');
  expect(condition(world, 'Ready')).toMatchObject({ status: 'False', reason: 'NotAccepted' });
  expect(world.app.status?.lastRollout?.to).toBe('v1');
  world.edit({ strategy: { ...world.app.spec.strategy, type: 'Rolling' }, template: { spec: { hostNetwork: true } } });
  rounds(world, 5);
  expect(sizes(world)).toEqual(before);
  expect(condition(world, 'Accepted')).toMatchObject({ status: 'False', reason: 'UnsupportedTemplate' });
});

test('the drain agent of a revision stays what it was when the operator brings a new one', () => {
  const world = new World(good);
  rounds(world, 4);
  const made = plan({ ...world.observe(), drainImage: 'sluice/drain:2' }, world.nowMs);
  const replicaSet = made.apply.find(({ resource }) => resource === ReplicaSet)?.object as ReplicaSet;
  expect(replicaSet.spec?.template?.spec?.initContainers?.[0]?.image).toBe('sluice/drain:1');
});

test('an autoscaler comes and goes with its field', () => {
  const world = new World(good, {
    autoscaling: { minReplicas: 2, maxReplicas: 9, targetCPUUtilizationPercentage: 60 },
  });
  rounds(world, 4);
  expect([...world.autoscalers.values()].map(({ spec }) => spec?.scaleTargetRef.kind)).toEqual(['AppDeployment']);
  const { autoscaling, ...without } = world.app.spec;
  expect(autoscaling).toBeDefined();
  world.app = { ...world.app, spec: without };
  expect(plan(world.observe(), world.nowMs).delete.map(({ resource }) => resource)).toEqual([HorizontalPodAutoscaler]);
});

test('old revisions are kept to the limit, the newest of them, without Services', () => {
  const world = new World(good, { revisionHistoryLimit: 2 });
  for (const version of ['a', 'b', 'c', 'd', 'e']) {
    world.edit({ version, image: `shop:${version}` });
    rounds(world, 20);
  }
  const versions = [...world.replicaSets.values()].map(({ metadata }) => metadata.annotations?.['sluice.dev/version']);
  expect(versions.sort()).toEqual(['c', 'd', 'e']);
  expect([...world.services.keys()].sort()).toEqual(['shop', `shop-${revisionOf(world.app.spec)}`]);
});

test.each([
  ['is marked by the node controller', 1],
  ['is not even marked, long after the grace', 20],
])('a pod on a node that %s holds up neither the rollout nor its report', (_name, tickSeconds) => {
  const world = new World(good);
  rounds(world, 4);
  world.edit({ version: 'v2', image: 'shop:v2' });
  rounds(world, 10, { drain: false });
  const lost = world.draining()[0];
  if (lost?.spec === undefined) throw new Error('nothing drains');
  lost.spec.nodeName = 'dark';
  if (tickSeconds === 1) world.lostNodes.add('dark');
  for (let round = 0; round < 30; round += 1) {
    world.look();
    world.act();
    world.replicaSetController();
    for (const name of [...world.pods.keys()]) if (name !== lost.metadata.name) world.kubelet(name);
    world.tick(tickSeconds);
  }
  expect(world.app.status?.lastRollout).toMatchObject({
    completionTime: expect.any(String),
    connections: { drained: 4, podsWithoutReport: 1 },
  });
});
