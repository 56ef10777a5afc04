import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ProcessClock } from '../election/testing/lease-world.ts';
import { ConfigMap, Event, type KubeObject, Lease, type Resource } from '../kube/index.ts';
import { createLogger } from '../telemetry/log.ts';
import { ApiServerModel, createModelCluster, type ModelWrite, seededRandom, VirtualClock } from '../testing/index.ts';
import { controller, type Reconcile } from './builder.ts';
import { executePlan } from './execute-plan.ts';
import { runManager } from './manager.ts';
import { done } from './result.ts';

const namespace = 'default';
const lease = { namespace, name: 'operator' };
const card = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
const happened = { type: 'Normal', reason: 'Done', action: 'Finish', note: 'it is done' } as const;

/** An API server and processes of an operator, all in memory and in virtual time. */
function world() {
  const time = new VirtualClock();
  const random = seededRandom(1);
  const model = new ApiServerModel({ clock: time, random });
  const writes: ModelWrite[] = [];
  model.onWrite((write) => void writes.push(write));

  /** Starts a process whose one controller reconciles every ConfigMap whose name begins with `task`. */
  function start(user: string, reconcile: (clock: ProcessClock) => Reconcile) {
    const clock = new ProcessClock(time, 1, 0);
    const cluster = createModelCluster(model, { userAgent: user, clock });
    const stop = new AbortController();
    const registry = new Registry();
    const work = reconcile(clock);
    const tasks = controller(ConfigMap).reconcile(async (key, ctx) =>
      key.name.startsWith('task') ? work(key, ctx) : done(),
    );
    const who = { identity: user, reportingController: 'example.org/test', leaderElection: lease };
    const parts = { cluster, controllers: [tasks], log: createLogger(user, 'silent'), registry };
    const ended = runManager({ ...parts, ...who, clock, random }, stop.signal);
    const refused = async () =>
      (await registry.getSingleMetric('leader_election_refused_writes_total')?.get())?.values[0]?.value;
    return { clock, stop, ended, refused };
  }

  const person = createModelCluster(model, { userAgent: 'person' }).client;
  const apply = (object: KubeObject) => person.apply(ConfigMap, object, { fieldManager: 'person' });
  const written = (user: string) =>
    writes
      .filter((write) => write.user === user)
      .map(({ resource, key, verb }) => `${verb} ${resource.kind} ${key.name}`);
  return { time, model, writes, written, start, apply };
}

const sleep = (clock: ProcessClock, ms: number): Promise<void> => new Promise((resolve) => clock.setTimer(ms, resolve));

test('a stop in order: no new work, the work under way, its events, the Lease, nothing after that', async () => {
  const { time, model, written, start, apply } = world();
  const begun: string[] = [];
  const { stop, ended, clock } = start('a', (clock) => async (key, ctx) => {
    const { name } = key;
    begun.push(name);
    const task = { ...card(name, {}), metadata: { ...key, uid: name } };
    ctx.event(task, happened);
    await sleep(clock, 1_000);
    await ctx.client.apply(ConfigMap, card(`child-of-${name}`, {}), { fieldManager: 'a' });
    // The second of its kind: counted into the first, and written some time or when the process ends.
    ctx.event(task, happened);
    return done();
  });
  await time.advance(1_000);
  for (let i = 0; i < 6; i++) await apply(card(`task-${i}`, {}));
  await time.advance(500);
  expect(begun).toHaveLength(4);
  const before = written('a').length;
  stop.abort();
  await time.advance(5_000);
  await ended;
  expect(begun).toHaveLength(4);
  const after = written('a').slice(before);
  const kinds = after.map((write) => write.replace(/ \S+$/, ''));
  // It renews the Lease while the work winds down.
  const inOrder = kinds.filter((kind, i) => !kind.endsWith('Lease') || i === kinds.length - 1);
  expect(inOrder).toEqual([...Array(4).fill('apply ConfigMap'), ...Array(4).fill('patch Event'), 'update Lease']);
  expect(model.peek(Lease, lease)?.spec?.holderIdentity).toBe('');
  const count = written('a').length;
  await time.advance(3_600_000);
  expect(written('a')).toHaveLength(count);
  expect(clock.stopped).toBe(false);
});

test('a leader frozen in the middle of a plan writes nothing when it goes on, and its successor finishes the plan', async () => {
  const { time, model, writes, start, apply } = world();
  const work =
    (clock: ProcessClock): Reconcile =>
    async (key, ctx) => {
      const task = ctx.cache.get(ConfigMap, key);
      if (task === undefined) return done();
      for (const part of ['first', 'second']) {
        const parts = [{ resource: ConfigMap, object: card(`${part}-of-${key.name}`, { epoch: String(ctx.epoch) }) }];
        await executePlan(ctx, ConfigMap, task, { apply: parts, delete: [], status: undefined, events: [happened] });
        await sleep(clock, 4_000);
      }
      return done();
    };
  const first = start('first', work);
  await time.advance(1_000);
  const second = start('second', work);
  await apply(card('task', {}));
  await time.advance(1_000);
  first.clock.stop();
  await time.advance(40_000);
  const takenOver = writes.length;
  expect(model.peek(ConfigMap, { namespace, name: 'second-of-task' })?.data).toEqual({ epoch: '2' });
  first.clock.resume();
  await time.advance(5_000);
  expect(writes.slice(takenOver).filter(({ user }) => user === 'first')).toEqual([]);
  expect(await first.refused()).toBeGreaterThan(0);
  expect(model.objects(Event).length).toBeGreaterThan(0);
  first.stop.abort();
  second.stop.abort();
  await time.advance(5_000);
  await Promise.all([first.ended, second.ended]);
});

test('a status that somebody else wrote is looked at, our own is not', async () => {
  interface Task extends KubeObject {
    status?: { finished: boolean };
  }
  const Task: Resource<Task> = { group: 'example.org', version: 'v1', kind: 'Task', plural: 'tasks', namespaced: true };
  const time = new VirtualClock();
  const random = seededRandom(1);
  const model = new ApiServerModel({ clock: time, random, resources: [Task] });
  const stop = new AbortController();
  let reconciles = 0;
  const tasks = controller(Task).reconcile(async (key, ctx) => {
    const task = ctx.cache.get(Task, key);
    reconciles++;
    if (task === undefined) return done();
    await executePlan(ctx, Task, task, { apply: [], delete: [], status: { finished: true }, events: [] });
    return done();
  });
  const cluster = createModelCluster(model, { userAgent: 'operator', fault: () => ({ answerDelayMs: 50 }) });
  const ended = runManager(
    {
      cluster,
      controllers: [tasks],
      log: createLogger('operator', 'silent'),
      registry: new Registry(),
      identity: 'operator',
      reportingController: 'example.org/test',
      clock: time,
      random,
    },
    stop.signal,
  );
  const key = { namespace, name: 'task' };
  const person = createModelCluster(model, { userAgent: 'person' }).client;
  await time.advance(1_000);
  await person.create(Task, { apiVersion: 'example.org/v1', kind: 'Task', metadata: key });
  // The watch brings our status before the answer to its write is there.
  await time.advance(10_000);
  expect([reconciles, model.peek(Task, key)?.status]).toEqual([1, { finished: true }]);
  await person.mergePatch(Task, key, { status: { finished: false } }, { subresource: 'status' });
  await time.advance(10_000);
  expect([reconciles, model.peek(Task, key)?.status]).toEqual([2, { finished: true }]);
  stop.abort();
  await time.advance(5_000);
  await ended;
});
