import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addOutcomes, noConnections } from './drain-report.ts';
import { revisionOf } from './names.ts';
import { plan } from './plan.ts';
import { resolveLimits } from './rollout.ts';
import { World } from './testing/world.ts';

// A simulated cluster in which everybody moves at any time, the operator with an old view and crashing between two writes.
// Versions that begin with "bad" never become ready.

const behaviour = (version: string) => ({ broken: version.startsWith('bad'), connections: version.length });

type Step =
  | { readonly kind: 'look' | 'replicaSets' }
  | { readonly kind: 'act'; readonly crashAfter: number }
  | { readonly kind: 'kubelet'; readonly pod: number }
  | { readonly kind: 'tick'; readonly seconds: number }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'replicas'; readonly replicas: number }
  | { readonly kind: 'paused'; readonly paused: boolean }
  | { readonly kind: 'deadline'; readonly seconds: number };

const machine: fc.Arbitrary<Step>[] = [
  fc.constantFrom<Step>({ kind: 'look' }, { kind: 'replicaSets' }),
  fc.constantFrom(99, 99, 99, 0, 1, 2, 4, 5).map((crashAfter) => ({ kind: 'act', crashAfter })),
  fc.nat(20).map((pod) => ({ kind: 'kubelet', pod })),
  fc.nat(20).map((pod) => ({ kind: 'kubelet', pod })),
  fc.integer({ min: 1, max: 30 }).map((seconds) => ({ kind: 'tick', seconds })),
];
const newVersion: fc.Arbitrary<Step> = fc
  .constantFrom('v1', 'v22', 'bad')
  .map((version) => ({ kind: 'version', version }));
const anyStep = fc.oneof(
  { arbitrary: fc.oneof(...machine), weight: 12 },
  { arbitrary: newVersion, weight: 1 },
  { arbitrary: fc.nat(6).map((replicas): Step => ({ kind: 'replicas', replicas })), weight: 1 },
  { arbitrary: fc.boolean().map((paused): Step => ({ kind: 'paused', paused })), weight: 1 },
  { arbitrary: fc.integer({ min: 5, max: 300 }).map((seconds): Step => ({ kind: 'deadline', seconds })), weight: 1 },
);

const rolling = fc
  .record({
    maxSurge: fc.oneof(fc.nat(3), fc.constant('25%')),
    maxUnavailable: fc.oneof(fc.nat(2), fc.constant('25%')),
  })
  .filter(({ maxSurge, maxUnavailable }) => maxSurge !== 0 || maxUnavailable !== 0);

function move(world: World, step: Step): void {
  const pods = [...world.pods.keys()];
  switch (step.kind) {
    case 'look':
      world.look();
      return;
    case 'act':
      world.act(step.crashAfter);
      return;
    case 'replicaSets':
      world.replicaSetController();
      return;
    case 'kubelet': {
      const name = pods[step.pod % Math.max(1, pods.length)];
      if (name !== undefined) world.kubelet(name);
      return;
    }
    case 'tick':
      world.tick(step.seconds);
      return;
    case 'version':
      world.edit({ version: step.version, image: `shop:${step.version}` });
      return;
    case 'replicas':
      world.edit({ replicas: step.replicas });
      return;
    case 'paused':
      world.edit({ paused: step.paused });
      return;
    case 'deadline':
      world.edit({ drain: { ...world.app.spec.drain, deadlineSeconds: step.seconds } });
      return;
  }
}

/** Everybody does their work until nothing has moved for some rounds. */
function settle(world: World): void {
  const picture = () => JSON.stringify([world.app.status, [...world.replicaSets.values()], [...world.pods.values()]]);
  let before = picture();
  for (let round = 0, quiet = 0; quiet < 3; round += 1) {
    if (round === 300) throw new Error(`nothing settles: ${before}`);
    world.look();
    world.act();
    world.replicaSetController();
    for (const name of [...world.pods.keys()]) world.kubelet(name);
    world.tick(1);
    const after = picture();
    quiet = after === before ? quiet + 1 : 0;
    before = after;
  }
}

test('bounds hold at every step: surge, readiness and draining pods', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ arbitrary: fc.oneof(...machine), weight: 12 }, { arbitrary: newVersion, weight: 1 }), {
        minLength: 20,
        maxLength: 150,
      }),
      rolling,
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      (steps, limits, replicas, maxDraining) => {
        const world = new World(behaviour, {
          replicas,
          strategy: { type: 'Rolling', rolling: limits },
          drain: { mode: 'Auto', quietSeconds: 3, deadlineSeconds: 300, maxDraining },
        });
        settle(world);
        expect(world.ready()).toBe(replicas);
        const { maxSurge, maxUnavailable } = resolveLimits(replicas, limits);
        for (const step of steps) {
          move(world, step);
          expect(world.live().length).toBeLessThanOrEqual(replicas + maxSurge);
          expect(world.ready()).toBeGreaterThanOrEqual(replicas - maxUnavailable);
          expect(world.draining().length).toBeLessThanOrEqual(maxDraining);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('whatever was done, a good version ends up serving alone, and then nothing moves any more', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 120 }), rolling, (steps, limits) => {
      const world = new World(behaviour, { strategy: { type: 'Rolling', rolling: limits } });
      for (const step of steps) move(world, step);
      world.edit({ version: 'final', image: 'shop:final', paused: false });
      settle(world);
      const { status, spec } = world.app;
      expect(world.live().length).toBe(spec.replicas);
      expect(world.ready()).toBe(spec.replicas);
      expect(status?.revisions?.map(({ hash }) => hash)).toEqual([revisionOf(spec)]);
      expect(status?.lastRollout).toMatchObject({ to: 'final', completionTime: expect.any(String) });
      expect(status?.conditions?.map(({ type, status: value }) => [type, value])).toEqual([
        ['Accepted', 'True'],
        ['Progressing', 'True'],
        ['Ready', 'True'],
      ]);
      // Idempotent: planning again from there asks for what is there.
      const again = plan(world.observe(), world.nowMs);
      expect(again.status).toEqual(status);
      expect([again.delete, again.release, again.events]).toEqual([[], [], []]);
      for (const { object } of again.apply) {
        const stored = world.replicaSets.get(object.metadata.name);
        if (object.kind === 'ReplicaSet') expect(stored?.spec).toEqual((object as typeof stored)?.spec);
      }
      expect(world.services.size).toBe(2);
      expect(world.replicaSets.size).toBeLessThanOrEqual(1 + spec.revisionHistoryLimit);
    }),
    { numRuns: 200 },
  );
});

test('the report of a rollout counts every pod that ended in it exactly once, whatever crashes', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...machine), { minLength: 30, maxLength: 200 }), (steps) => {
      const world = new World(behaviour, { replicas: 4 });
      settle(world);
      world.ended.clear();
      world.edit({ version: 'v22', image: 'shop:v22' });
      for (const step of steps) move(world, step);
      settle(world);
      const total = [...world.ended.values()].reduce(addOutcomes, noConnections);
      expect(total.drained).toBe(8); // four pods of v1 with two connections each
      expect(world.app.status?.lastRollout?.connections).toEqual(total);
    }),
    { numRuns: 100 },
  );
});

test('a deleted app drains, is counted and leaves nothing', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const world = new World(behaviour);
      for (const step of steps) move(world, step);
      world.app.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
      settle(world);
      const last = world.act();
      expect(last).toMatchObject({ finalizer: false, apply: [], delete: [] });
      expect([world.pods.size, world.replicaSets.size]).toEqual([0, 0]);
    }),
    { numRuns: 100 },
  );
});
