import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import { controllerReference, type KubeObject, keyOf, type ObjectKey, type Resource } from '../kube/object.ts';
import { ConfigMap } from '../kube/resources.ts';
import { createLogger } from '../telemetry/log.ts';
import type { EventInput, ReconcileContext } from './context.ts';
import { defaultPlanSettings, executePlan } from './execute-plan.ts';
import type { Plan } from './plan.ts';

interface Thing extends KubeObject {
  spec?: { size: number };
  status?: { seen: number };
}
const Thing: Resource<Thing> = {
  group: 'example.org',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
};
const { finalizer } = defaultPlanSettings;

/** Objects of one namespace in memory, behind the calls that `executePlan` makes. Can fail after so many writes. */
class World {
  readonly objects = new Map<string, KubeObject & { data?: Record<string, string>; status?: unknown }>();
  readonly writes: string[] = [];
  readonly events: EventInput[] = [];
  writesUntilCrash = Number.POSITIVE_INFINITY;
  // The first write to an etcd makes revision 2.
  #version = 1;

  idOf(resource: Resource, { name }: ObjectKey): string {
    return `${resource.kind}/${name}`;
  }

  put(resource: Resource, object: KubeObject): KubeObject {
    const { metadata } = object;
    const stored = {
      ...object,
      metadata: { uid: `uid-${metadata.name}`, ...metadata, resourceVersion: `${++this.#version}` },
    };
    this.objects.set(this.idOf(resource, keyOf(object)), stored);
    return stored;
  }

  #write(what: string, id: string): void {
    if (this.writesUntilCrash-- <= 0) throw new Error('crash');
    this.writes.push(`${what} ${id}`);
  }

  /** As the API server does: every precondition must hold, and a uid needs an object to be compared with. */
  #check(id: string, { uid, resourceVersion }: Partial<KubeObject['metadata']>): void {
    const live = this.objects.get(id);
    expect(resourceVersion, `${id}: a write without a precondition`).toBeDefined();
    const mismatch = live === undefined ? uid !== undefined : live.metadata.resourceVersion !== resourceVersion;
    if (mismatch || (uid !== undefined && uid !== live?.metadata.uid)) throw new KubeApiError(409, 'Conflict', id);
  }

  readonly client = {
    get: async (resource: Resource, key: ObjectKey) => this.objects.get(this.idOf(resource, key)),
    apply: async (
      resource: Resource,
      object: KubeObject & { status?: unknown },
      { subresource }: { subresource?: string },
    ) => {
      const id = this.idOf(resource, keyOf(object));
      this.#write(subresource ?? 'apply', id);
      const live = this.objects.get(id);
      this.#check(id, object.metadata);
      if (subresource !== undefined)
        return this.put(resource, { ...(live as KubeObject), ...{ status: object.status } });
      const metadata = { ...live?.metadata, ...object.metadata };
      return this.put(resource, { ...live, ...object, metadata });
    },
    mergePatch: async (resource: Resource, key: ObjectKey, patch: { metadata: Partial<KubeObject['metadata']> }) => {
      const id = this.idOf(resource, key);
      this.#write('patch', id);
      const live = this.objects.get(id) as KubeObject;
      this.#check(id, patch.metadata);
      return this.put(resource, { ...live, metadata: { ...live.metadata, ...patch.metadata } });
    },
    delete: async (
      resource: Resource,
      key: ObjectKey,
      { preconditions }: { preconditions: { uid: string; resourceVersion?: string } },
    ) => {
      const id = this.idOf(resource, key);
      this.#write('delete', id);
      this.#check(id, preconditions);
      return this.objects.delete(id);
    },
  } as unknown as KubeClient;

  get context(): ReconcileContext {
    return {
      client: this.client,
      cache: {
        get: (resource: Resource, key: ObjectKey) => this.objects.get(this.idOf(resource, key)),
      } as ReconcileContext['cache'],
      event: (_object, event) => void this.events.push(event),
      conditions: () => [],
      log: createLogger('test', 'silent'),
      signal: new AbortController().signal,
      epoch: 0,
      nowMs: 0,
      reason: 'test',
    };
  }

  get primary(): Thing {
    return this.objects.get('Thing/shop') as Thing;
  }
}

let world: World;
beforeEach(() => {
  world = newWorld();
});

function newWorld(): World {
  const made = new World();
  made.put(Thing, { apiVersion: 'example.org/v1', kind: 'Thing', metadata: { name: 'shop', namespace: 'ns' } });
  return made;
}

const card = (name: string, data: Record<string, string>): KubeObject =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns' }, data }) as KubeObject;
const planOf = (more: Partial<Plan<Thing['status']>>): Plan<Thing['status']> => ({
  apply: [],
  delete: [],
  status: undefined,
  events: [],
  ...more,
});
const applyOf = (...objects: KubeObject[]) => objects.map((object) => ({ resource: ConfigMap, object }));
const run = (plan: Partial<Plan<Thing['status']>>) => executePlan(world.context, Thing, world.primary, planOf(plan));

test('nothing is made for a primary that only a late cache still shows', async () => {
  const plan = { finalizer: true, apply: applyOf(card('a', { x: '1' })) };
  await run(plan);
  const shown = world.primary;
  world.objects.clear();
  await expect(executePlan(world.context, Thing, shown, planOf(plan))).rejects.toMatchObject({ status: 409 });
  expect([...world.objects]).toEqual([]);
  // One that is there has its child made again.
  world.put(Thing, shown);
  await executePlan(world.context, Thing, shown, planOf(plan));
  expect([...world.objects.keys()]).toContain('ConfigMap/a');
});

test('nothing is made, changed or deleted for what the primary wanted before', async () => {
  await run({ finalizer: true, apply: applyOf(card('a', { x: '1' }), card('b', { x: '1' })) });
  const late = world.primary;
  world.put(Thing, { ...late, metadata: { ...late.metadata, generation: 2 } });
  const b = world.objects.get('ConfigMap/b') as KubeObject;
  const before = [...world.objects];
  for (const wanted of [
    { apply: applyOf(card('c', {})) },
    { apply: applyOf(card('a', { x: '2' })) },
    { delete: [{ resource: ConfigMap, object: b }] },
  ]) {
    const plan = planOf({ finalizer: true, ...wanted });
    await expect(executePlan(world.context, Thing, late, plan)).rejects.toMatchObject({ status: 409 });
  }
  expect([...world.objects]).toEqual(before);
});

test('what was decided on a cache that has gone on since is refused', async () => {
  await run({ finalizer: true, apply: applyOf(card('a', { x: '1' })) });
  const stale = { ...world.objects.get('ConfigMap/a') } as KubeObject;
  await run({ apply: applyOf(card('a', { x: '3' })) });
  for (const observed of [stale, undefined]) {
    const apply = [{ resource: ConfigMap, object: card('a', { x: '2' }), observed }];
    await expect(run({ apply })).rejects.toMatchObject({ status: 409 });
  }
  expect(world.objects.get('ConfigMap/a')).toMatchObject({ data: { x: '3' } });
});

test('a child of a new primary is not taken back for the one before it', async () => {
  const held = (uid: string) => ({
    ...world.primary,
    metadata: { ...world.primary.metadata, uid, finalizers: [finalizer] },
  });
  const ownedBy = (primary: Thing): KubeObject => {
    const { metadata, ...rest } = card('a', {});
    return { ...rest, metadata: { ...metadata, ownerReferences: [controllerReference(primary)] } };
  };
  const [old, now] = [held('old'), held('new')];
  world.put(Thing, now);
  world.put(ConfigMap, ownedBy(now));
  const plan = planOf({ finalizer: true, apply: applyOf(ownedBy(old)) });
  await expect(executePlan(world.context, Thing, old, plan)).rejects.toMatchObject({ status: 409 });
  expect(world.writes).toEqual([]);
});

test('the order: finalizer, applies, deletes, status; and nothing the second time', async () => {
  const old = world.put(ConfigMap, card('old', {}));
  const plan = {
    finalizer: true,
    apply: applyOf(card('a', { x: '1' }), card('b', { y: '2' })),
    delete: [{ resource: ConfigMap, object: old }],
    status: { seen: 2 },
  };
  await run(plan);
  const order = [
    'patch Thing/shop',
    'apply ConfigMap/a',
    'apply ConfigMap/b',
    'delete ConfigMap/old',
    'status Thing/shop',
  ];
  expect(world.writes).toEqual(order);
  await run({ ...plan, delete: [] });
  expect(world.writes).toEqual(order);
});

test('a field that somebody else changed or that we no longer declare is written again', async () => {
  await run({ apply: applyOf(card('a', { x: '1', y: '2' })) });
  const live = world.objects.get('ConfigMap/a') as KubeObject;
  world.put(ConfigMap, { ...live, ...{ data: { x: 'theirs', y: '2' } } });
  await run({ apply: applyOf(card('a', { x: '1', y: '2' })) });
  expect(world.writes).toHaveLength(2);
  await run({ apply: applyOf(card('a', { x: '1' })) });
  expect(world.writes).toHaveLength(3);
});

test('an object that is going is neither applied nor deleted again', async () => {
  const going = {
    ...card('a', {}),
    metadata: { ...card('a', {}).metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  };
  const live = world.put(ConfigMap, going);
  await run({ apply: applyOf(card('a', { x: '1' })), delete: [{ resource: ConfigMap, object: live }] });
  expect(world.writes).toEqual([]);
});

test('a delete meant for an object that has changed since is refused', async () => {
  const observed = world.put(ConfigMap, card('a', {}));
  world.put(ConfigMap, card('a', { changed: 'since' }));
  const error = await run({ delete: [{ resource: ConfigMap, object: observed }] }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ status: 409 });
  expect(world.objects.has('ConfigMap/a')).toBe(true);
});

test('a delete of what was never observed is refused before it is sent', async () => {
  await expect(run({ delete: [{ resource: ConfigMap, object: card('a', {}) }] })).rejects.toThrow('was not observed');
  expect(world.writes).toEqual([]);
});

test('status and the end of our finalizer fit into one pass, and other finalizers stay', async () => {
  const { metadata } = world.primary;
  world.put(Thing, { ...world.primary, metadata: { ...metadata, finalizers: ['other/one', finalizer] } });
  await run({ finalizer: false, status: { seen: 0 } });
  expect(world.primary.metadata.finalizers).toEqual(['other/one']);
  expect(world.writes).toEqual(['status Thing/shop', 'patch Thing/shop']);
});

test('no finalizer is put on an object that is being deleted', async () => {
  const { metadata } = world.primary;
  world.put(Thing, { ...world.primary, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
  await run({ finalizer: true });
  expect(world.writes).toEqual([]);
});

test('events are recorded once per pass, after the status they speak of', async () => {
  const event = { type: 'Normal', reason: 'Made', action: 'Create', note: 'made it' } as const;
  world.writesUntilCrash = 0;
  await run({ status: { seen: 1 }, events: [event] }).catch(() => undefined);
  expect(world.events).toEqual([]);
  world.writesUntilCrash = 1;
  await run({ status: { seen: 1 }, events: [event] });
  expect(world.events).toEqual([event]);
});

const cards = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('a', 'b', 'c'), data: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.string()) }),
  { selector: ({ name }) => name },
);

test('stopped after any write and run again, it ends in the same world as without the stop', async () => {
  await fc.assert(
    fc.asyncProperty(cards, cards, fc.nat(5), fc.nat(8), async (before, wanted, seen, crashAfter) => {
      const settle = async (crash: number): Promise<Record<string, unknown>> => {
        world = newWorld();
        for (const { name, data } of before) world.put(ConfigMap, card(name, data));
        const planNow = (): Partial<Plan<Thing['status']>> => ({
          finalizer: true,
          apply: applyOf(...wanted.map(({ name, data }) => card(name, data))),
          delete: [...world.objects.values()]
            .filter(
              (object) => object.kind === 'ConfigMap' && !wanted.some(({ name }) => name === object.metadata.name),
            )
            .map((object) => ({ resource: ConfigMap, object })),
          status: { seen },
        });
        world.writesUntilCrash = crash;
        await run(planNow()).catch(() => undefined);
        world.writesUntilCrash = Number.POSITIVE_INFINITY;
        await run(planNow());
        const writes = world.writes.length;
        await run(planNow());
        expect(world.writes).toHaveLength(writes);
        const content = ({
          data,
          status,
          metadata: { name, finalizers },
        }: typeof world.objects extends Map<string, infer O> ? O : never) => ({ name, data, status, finalizers });
        return Object.fromEntries([...world.objects].sort().map(([id, object]) => [id, content(object)]));
      };
      expect(await settle(crashAfter)).toEqual(await settle(Number.POSITIVE_INFINITY));
    }),
    { numRuns: 300 },
  );
});
