import type { OrderBookSpec } from '@sluice/api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plan } from './plan.ts';
import { quantityBytes } from './quantity.ts';
import { images, limitsOf, publishTo, specOf, World } from './testing/world.ts';

const steps = {
  reconcile: (world: World) => void world.reconcile(),
  controlStatefulSet: (world: World) => world.controlStatefulSet(),
  runPod: (world: World) => world.runPod(),
  trade: (world: World) => world.trade(),
  killPod: (world: World) => world.killPod(),
  wait: (world: World) => {
    world.nowMs += 4_000;
  },
  loseBroker: (world: World) => {
    world.publishing = { state: 'SLUICE_BROKER_UNAVAILABLE', sentence: 'No route.' };
  },
  missSecret: (world: World) => {
    world.publishing = { state: 'SLUICE_PUBLISH_SECRET', sentence: '' };
  },
  findBroker: (world: World) => {
    world.publishing = { state: 'ok' };
  },
  knowNothing: (world: World) => {
    world.publishing = undefined;
  },
  publishNoMore: (world: World) => world.publishNoMore(),
  letVolumesGrow: (world: World) => {
    world.canGrow = true;
  },
} as const;

const edit: fc.Arbitrary<Partial<OrderBookSpec>> = fc.oneof(
  fc.record({ version: fc.constantFrom('1.0.0', '1.1.0', '6.6.6', '9.9.9') }),
  fc.record({ replicas: fc.constantFrom(1, 3) }),
  fc.constantFrom('trades.a', 'trades.b').map((subject) => ({ publish: publishTo(subject) })),
  fc.record({ binary: fc.constantFrom({ port: 8090 }, { port: 9000 }) }),
  fc.constantFrom('10', '0.00001').map((maxQuantity) => ({ accounts: [limitsOf('alice', maxQuantity)] })),
  fc.record({ deletionPolicy: fc.constantFrom('Retain' as const, 'Delete' as const) }),
  fc.constantFrom('1Gi', '2Gi', '5Gi').map((size) => ({ storage: { size } })),
  fc.constantFrom(1, 2, 3).map((count) => ({
    symbols: Array.from({ length: count }, (_, index) => ({ name: `S${index}`, tickSize: '1', lotSize: '1' })),
  })),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])) },
  { weight: 1, arbitrary: edit },
);

function play(world: World, tape: readonly (keyof typeof steps | Partial<OrderBookSpec>)[]): void {
  for (const item of tape) {
    if (typeof item === 'string') steps[item](world);
    else if (canEdit(world, item)) world.edit(item);
  }
}

/** The CRD refuses a smaller volume. */
function canEdit(world: World, { storage }: Partial<OrderBookSpec>): boolean {
  const before = quantityBytes(world.book?.spec.storage.size ?? '') ?? 0;
  return storage === undefined || (quantityBytes(storage.size) ?? 0) >= before;
}

function settle(world: World): void {
  for (let round = 0; round < 12; round++) {
    world.reconcile();
    world.controlStatefulSet();
    world.runPod();
    world.nowMs += 11_000;
  }
}

it('whatever happened, a book whose spec can be met becomes Ready, and then nothing is written any more', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (tape) => {
      const world = new World();
      world.create(specOf());
      play(world, tape);
      world.publishing = { state: 'ok' };
      world.edit({ version: '1.1.0', replicas: 1, accounts: [] });
      settle(world);
      const { status, spec } = world.book ?? {};
      const of = (type: string) => status?.conditions?.find((condition) => condition.type === type);
      expect(of('Accepted')).toMatchObject({ status: 'True' });
      expect(of('Ready')).toMatchObject({ status: 'True', reason: 'LeaderServes' });
      expect(status).toMatchObject({ version: '1.1.0', leader: 'spot-0', readyReplicas: 1 });
      expect(of('Published')?.status).toBe(spec?.publish === undefined ? undefined : 'True');
      expect(status?.tradesWaiting).toBe(spec?.publish === undefined ? undefined : '0');
      const grown = world.claim?.spec?.resources?.requests?.storage === spec?.storage.size;
      expect(of('VolumeSized')?.status).toBe(grown ? 'True' : 'False');
      expect(grown || !world.canGrow).toBe(true);

      const writes = world.writes;
      const before = JSON.stringify([world.statefulSet, world.claim, [...world.others]]);
      world.reconcile();
      world.nowMs += 60_000;
      world.reconcile();
      expect(world.writes).toBe(writes);
      expect(JSON.stringify([world.statefulSet, world.claim, [...world.others]])).toBe(before);
    }),
    { numRuns: 500 },
  );
});

it('a delete does to the volume what the policy said last, whenever it was changed', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom('Retain' as const, 'Delete' as const),
      (tape, last) => {
        const world = new World();
        world.create(specOf());
        play(world, tape);
        const volume = world.claim?.metadata.uid;
        world.edit({ deletionPolicy: last });
        world.delete();
        settle(world);
        expect(world.book).toBeUndefined();
        expect(world.statefulSet).toBeUndefined();
        if (volume !== undefined) expect(world.claim?.metadata.uid).toBe(last === 'Retain' ? volume : undefined);
      },
    ),
    { numRuns: 500 },
  );
});

it('nothing is ever deleted by a plan, and a spec that is not accepted touches nothing', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (tape) => {
      const world = new World();
      world.create(specOf());
      play(world, tape);
      const observed = world.observed();
      if (observed === undefined) return;
      const made = plan(observed, world.nowMs);
      expect(made.delete).toEqual([]);
      const { version, replicas, accounts = [] } = observed.book.spec;
      const wrongLimit = JSON.stringify(accounts).includes('0.00001');
      if (replicas > 1 || wrongLimit || !Object.hasOwn(images, version)) expect(made.apply).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

it('while it trades, the sequence reaches the status at most every ten seconds; idle, nothing is written', () => {
  const world = new World();
  world.create(specOf());
  settle(world);
  let { writes } = world;
  for (let second = 0; second < 120; second += 2) {
    world.trade();
    world.runPod();
    world.reconcile();
    world.nowMs += 2_000;
  }
  expect(world.writes - writes).toBeLessThanOrEqual(13);
  expect(world.writes - writes).toBeGreaterThanOrEqual(10);
  settle(world);
  writes = world.writes;
  for (let second = 0; second < 120; second += 2) {
    world.runPod();
    world.reconcile();
    world.nowMs += 2_000;
  }
  expect(world.writes).toBe(writes);
});

it('while the broker is away, what waits reaches the status at most every ten seconds; so do new words, and its return at once', () => {
  const world = new World();
  world.create(specOf());
  world.edit({ publish: publishTo('trades') });
  settle(world);
  const published = () => world.book?.status?.conditions?.find(({ type }) => type === 'Published');
  let { writes } = world;
  for (let second = 0; second < 120; second += 2) {
    world.publishing = { state: 'SLUICE_BROKER_UNAVAILABLE', sentence: `Attempt ${second}.` };
    if (second < 60) world.trade();
    world.runPod();
    world.reconcile();
    expect(published()?.status).toBe('False');
    world.nowMs += 2_000;
  }
  expect(world.writes - writes).toBeLessThanOrEqual(14);
  expect(world.writes - writes).toBeGreaterThanOrEqual(10);
  expect(world.book?.status?.tradesWaiting).toBe('90');
  expect(published()?.message).toMatch(/^90 trades wait\. SLUICE_BROKER_UNAVAILABLE: Attempt 1\d\d\.$/);

  world.publishing = { state: 'ok' };
  world.runPod();
  world.reconcile();
  expect(published()?.status).toBe('True');
  settle(world);
  expect(world.book?.status?.tradesWaiting).toBe('0');
  writes = world.writes;
  settle(world);
  expect(world.writes).toBe(writes);
});
