import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Greeting } from '../examples/greetings.ts';
import { type Cluster, KubeApiError } from '../kube/index.ts';
import { ApiServerModel, createModelCluster, type Fault, seededRandom, VirtualClock } from '../testing/index.ts';
import { Operator, type ResourceEvent, type ResourceMeta } from './index.ts';

const crdFile = join(import.meta.dirname, '../examples/greetings.crd.yaml');
const namespace = 'default';

/** What a handler may use of its operator. */
interface Tools {
  setStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null>;
  patchStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null>;
  finalize(event: ResourceEvent, finalizer: string, action: (event: ResourceEvent) => Promise<void>): Promise<boolean>;
}
type Handler = (event: ResourceEvent, tools: Tools) => Promise<void>;

class Recorder extends Operator {
  readonly events: string[] = [];
  readonly #handle: Handler;

  constructor(handle: Handler, options: ConstructorParameters<typeof Operator>[1]) {
    super(undefined, options);
    this.#handle = handle;
  }

  protected async init(): Promise<void> {
    const { group, versions, plural } = await this.registerCustomResourceDefinition(crdFile);
    const tools: Tools = {
      setStatus: (meta, status) => this.setResourceStatus(meta, status),
      patchStatus: (meta, status) => this.patchResourceStatus(meta, status),
      finalize: (event, finalizer, action) => this.handleResourceFinalizer(event, finalizer, action),
    };
    await this.watchResource(group, versions[0]?.name ?? '', plural, async (event) => {
      this.events.push(`${event.type} ${event.meta.name} ${event.object.metadata?.generation}`);
      await this.#handle(event, tools);
    });
  }
}

const running = new Set<Operator>();
afterEach(() => {
  for (const operator of running) operator.stop();
  running.clear();
});

async function setUp(handle: Handler = async () => {}, clock = new VirtualClock()) {
  const model = new ApiServerModel({ clock, random: seededRandom(1) });
  const faults: ((path: string) => Fault | undefined)[] = [];
  const fault = ({ path }: { path: string }) => faults.map((of) => of(path)).find((found) => found !== undefined);
  const user = createModelCluster(model, { userAgent: 'user' });
  const operator = new Recorder(handle, { cluster: discoverable(model, fault), clock, random: seededRandom(2) });
  const { client } = user;
  running.add(operator);
  const started = operator.start();
  await clock.advance(1_000);
  await started;
  const create = (name: string, names: string[]) =>
    client.create(Greeting, {
      apiVersion: 'example.org/v1',
      kind: 'Greeting',
      metadata: { name, namespace },
      spec: { names },
    });
  const change = (name: string, patch: object) => client.mergePatch(Greeting, { namespace, name }, patch);
  const remove = async (name: string) => {
    const uid = model.peek(Greeting, { namespace, name })?.metadata.uid ?? '';
    await client.delete(Greeting, { namespace, name }, { preconditions: { uid } });
  };
  const peek = (name: string) => model.peek(Greeting, { namespace, name });
  return { clock, model, operator, faults, create, change, remove, peek };
}

/** The model serves resources but does not list what it serves. */
function discoverable(model: ApiServerModel, fault: (request: { path: string }) => Fault | undefined): Cluster {
  const cluster = createModelCluster(model, { userAgent: 'operator', fault });
  const resources = [{ name: 'greetings', kind: 'Greeting', namespaced: true }];
  return { ...cluster, client: { ...cluster.client, raw: async () => ({ resources }) } };
}

test('an operator is told of objects that come, change and go', async () => {
  const { clock, operator, create, change, remove } = await setUp();
  await create('a', ['ann']);
  await clock.advance(1_000);
  await change('a', { spec: { names: ['ann', 'bob'] } });
  await clock.advance(1_000);
  await remove('a');
  await clock.advance(1_000);
  expect(operator.events).toEqual(['ADDED a 1', 'MODIFIED a 2', 'DELETED a 2']);
});

test('an object that was replaced by another of its name is a DELETED and an ADDED', async () => {
  const { clock, operator, create, remove } = await setUp();
  await create('a', ['ann']);
  await clock.advance(1_000);
  await remove('a');
  await create('a', ['bob']);
  await clock.advance(1_000);
  expect(operator.events).toEqual(['ADDED a 1', 'DELETED a 1', 'ADDED a 1']);
});

test('events come one at a time, also those of different objects', async () => {
  let busy = 0;
  let most = 0;
  const virtual = new VirtualClock();
  const { clock, operator, create } = await setUp(async () => {
    busy++;
    most = Math.max(most, busy);
    await new Promise<void>((resolve) => virtual.setTimer(100, resolve));
    busy--;
  }, virtual);
  for (const name of ['a', 'b', 'c']) await create(name, ['ann']);
  await clock.advance(5_000);
  expect(operator.events).toHaveLength(3);
  expect(most).toBe(1);
});

test('a handler that throws is called again, with the newest state, as often as it takes', async () => {
  let failures = 3;
  const { clock, operator, create } = await setUp(async () => {
    if (failures-- > 0) throw new Error('not yet');
  });
  await create('a', ['ann']);
  await create('b', ['ann']);
  await clock.advance(10_000);
  expect(operator.events.filter((event) => event === 'ADDED a 1')).toHaveLength(2);
  expect(operator.events.filter((event) => event.startsWith('ADDED'))).toHaveLength(5);
});

test('what a handler has not taken yet stays ADDED, and what it has heard of is DELETED even so', async () => {
  let fails = true;
  const { clock, operator, create, change, remove } = await setUp(async () => {
    if (fails) throw new Error('not yet');
  });
  await create('a', ['ann']);
  await clock.advance(50);
  await change('a', { spec: { names: ['bob'] } });
  await clock.advance(400);
  expect(operator.events.at(-1)).toBe('ADDED a 2');
  await remove('a');
  fails = false;
  await clock.advance(10_000);
  expect(operator.events.at(-1)).toBe('DELETED a 2');
});

test('after the watch broke and all was listed anew, only what has changed is told', async () => {
  const { clock, model, operator, faults, create, change } = await setUp();
  for (const name of ['a', 'b', 'c']) await create(name, ['ann']);
  await clock.advance(1_000);
  expect(operator.events).toHaveLength(3);
  const lists: string[] = [];
  faults.push((path) => {
    if (path.includes('watch=')) return { breakAfterMs: 5_000 };
    lists.push(path);
    return undefined;
  });
  // The watch that is open ends in its own time; what it missed is compacted away, so that it must list.
  await clock.advance(600_000);
  await change('b', { spec: { names: ['bob'] } });
  model.compact();
  await clock.advance(600_000);
  expect(operator.events.slice(3)).toEqual(['MODIFIED b 2']);
  expect(lists.length).toBeGreaterThan(0);
});

test('a status that the server refuses is null, and the event comes again until it is taken', async () => {
  const answers: unknown[] = [];
  const { clock, operator, faults, create, peek } = await setUp(async ({ meta, object }, { setStatus }) => {
    const { spec, status } = object as unknown as Greeting;
    if (status?.greeted !== spec.names.length) answers.push(await setStatus(meta, { greeted: spec.names.length }));
  });
  let refusals = 2;
  faults.push((path) =>
    path.endsWith('/status') && refusals-- > 0 ? { refuse: new KubeApiError(403, 'Forbidden', 'no') } : undefined,
  );
  await create('a', ['ann', 'bob']);
  await clock.advance(10_000);
  expect(answers).toEqual([null, null, expect.objectContaining({ name: 'a', id: 'greetings.example.org/v1' })]);
  expect(peek('a')?.status).toEqual({ greeted: 2 });
  expect(operator.events.at(-1)).toBe('MODIFIED a 1');
});

test('patchResourceStatus changes what it names and no more', async () => {
  const { clock, create, peek } = await setUp(async ({ type, meta }, { patchStatus }) => {
    if (type === 'ADDED') await patchStatus(meta, { greeted: 7 });
  });
  await create('a', ['ann']);
  await clock.advance(1_000);
  expect(peek('a')).toMatchObject({ spec: { names: ['ann'] }, status: { greeted: 7 } });
});

test('a finalizer holds an object until the delete action has succeeded, and leaves the finalizers of others', async () => {
  const action = vi.fn(async () => {
    if (action.mock.calls.length === 1) throw new Error('not yet');
  });
  const { clock, create, change, remove, peek } = await setUp(async (event, { finalize }) => {
    await finalize(event, 'example.org/ours', action);
  });
  await create('a', ['ann']);
  await clock.advance(1_000);
  await change('a', { metadata: { finalizers: ['example.org/ours', 'example.org/theirs'] } });
  await remove('a');
  await clock.advance(10_000);
  expect(action).toHaveBeenCalledTimes(2);
  expect(peek('a')?.metadata.finalizers).toEqual(['example.org/theirs']);
});

test('an operator whose init fails is stopped and says why', async () => {
  const clock = new VirtualClock();
  const cluster = discoverable(new ApiServerModel({ clock, random: seededRandom(1) }), () => undefined);
  const close = vi.fn();
  class Broken extends Operator {
    protected async init(): Promise<void> {
      throw new Error('no settings');
    }
  }
  await expect(new Broken(undefined, { cluster: { ...cluster, close }, clock }).start()).rejects.toThrow('no settings');
  expect(close).toHaveBeenCalledOnce();
});

test('after stop nothing is delivered any more', async () => {
  const { clock, operator, create } = await setUp();
  operator.stop();
  await create('a', ['ann']);
  await clock.advance(10_000);
  expect(operator.events).toEqual([]);
});
