import { EventEmitter } from 'node:events';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deposed, type Leadership } from '../election/leadership.ts';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import { type KubeObject, keyText, type ObjectKey } from '../kube/object.ts';
import { ConfigMap } from '../kube/resources.ts';
import { createQueue, type Queue } from '../queue/queue.ts';
import { createLogger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { controller, type Reconcile } from './builder.ts';
import type { CacheReader } from './context.ts';
import { controllerMetrics } from './metrics.ts';
import { type CaughtUp, createOwnWrites } from './own-writes.ts';
import { runWorkers } from './reconciler.ts';
import { done, requeueAfter, TerminalError } from './result.ts';
import { guardStrayRejections } from './stray-rejections.ts';

let clock: VirtualClock;
let queue: Queue<ObjectKey>;
let registry: Registry;
let stop: AbortController;
let ended: Promise<void>;
let caughtUp: CaughtUp;
let heldUntilMs: number;
let sent: string[];

const key = (name: string): ObjectKey => ({ namespace: 'ns', name });
const object = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', resourceVersion: '7' },
});
const client = {
  apply: async (_resource: unknown, wanted: KubeObject, { beforeSend }: { beforeSend?: () => void }) => {
    beforeSend?.();
    sent.push(wanted.metadata.name);
    return object(wanted.metadata.name);
  },
} as unknown as KubeClient;
/** Leads until `heldUntilMs`; like the real one it aborts the work in the call that finds out. */
const leadership: Leadership = {
  epoch: 3,
  isHeld() {
    if (clock.monotonic() >= heldUntilMs) stop.abort();
    return !stop.signal.aborted;
  },
  assertMayWrite() {
    if (!leadership.isHeld()) throw new Deposed('over');
  },
};

beforeEach(() => {
  clock = new VirtualClock();
  queue = createQueue<ObjectKey>({ clock, random: () => 1, text: keyText });
  registry = new Registry();
  stop = new AbortController();
  ended = Promise.resolve();
  caughtUp = async () => true;
  heldUntilMs = Number.POSITIVE_INFINITY;
  sent = [];
});

afterEach(async () => {
  stop.abort();
  await ended;
});

function start(reconcile: Reconcile, concurrency = 2): void {
  ended = runWorkers(
    controller(ConfigMap, { timeoutMs: 1_000 }).concurrency(concurrency).reconcile(reconcile),
    {
      clock,
      client,
      cache: {} as CacheReader,
      queue,
      ownWrites: createOwnWrites(),
      caughtUp: (write) => caughtUp(write),
      event: () => {},
      log: createLogger('test', 'silent'),
      metrics: createMetrics(controllerMetrics, registry),
    },
    leadership,
    stop.signal,
  );
}

async function count(name: string, labels: Record<string, string> = {}): Promise<number> {
  const values = (await registry.getSingleMetric(name)?.get())?.values ?? [];
  const matching = values.filter((value) =>
    Object.entries(labels).every(([label, want]) => value.labels[label] === want),
  );
  return matching.reduce((sum, { value }) => sum + value, 0);
}

test('a failure costs its own key a back-off that grows, and other keys nothing', async () => {
  const seen: string[] = [];
  start(async ({ name }) => {
    seen.push(`${name} ${clock.monotonic()}`);
    if (name === 'bad') throw new Error('no');
    return done();
  });
  queue.add(key('bad'), 'user', '');
  queue.add(key('good'), 'user', '');
  await clock.advance(40);
  expect(seen).toEqual(['bad 0', 'good 0', 'bad 5', 'bad 15', 'bad 35']);
  expect(await count('controller_runtime_reconcile_errors_total')).toBe(4);
});

test('after a success the back-off starts small again', async () => {
  const times: number[] = [];
  start(async () => {
    times.push(clock.monotonic());
    if (times.length !== 4) throw new Error('no');
    return requeueAfter(100);
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(150);
  expect(times).toEqual([0, 5, 15, 35, 135, 140, 150]);
});

test('a terminal error is not retried, a change of the object is', async () => {
  let runs = 0;
  start(async () => {
    runs++;
    throw new TerminalError('never');
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(3_600_000);
  expect(runs).toBe(1);
  expect(await count('controller_runtime_terminal_reconcile_errors_total')).toBe(1);
  queue.add(key('a'), 'user', '');
  await clock.advance(1);
  expect(runs).toBe(2);
});

test('a bug in the reconcile is a failure like any other, and counted as a bug', async () => {
  let runs = 0;
  start(() => {
    runs++;
    if (runs === 1) return (undefined as unknown as { f(): never }).f();
    return Promise.resolve(done());
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(10);
  expect(runs).toBe(2);
  expect(await count('controller_runtime_reconcile_panics_total')).toBe(1);
});

test('at its deadline a reconcile is told by its signal, and tried again', async () => {
  let runs = 0;
  start(async (_key, { signal }) => {
    if (runs++ > 0) return done();
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(999);
  expect(runs).toBe(1);
  await clock.advance(10);
  expect(runs).toBe(2);
  expect(await count('controller_runtime_reconcile_timeouts_total')).toBe(1);
});

test('a reconcile that ignores its deadline blocks its own key until it ends, and no other', async () => {
  const seen: string[] = [];
  let finish = (): void => {};
  start(async ({ name }) => {
    seen.push(name);
    if (name === 'stuck' && seen.length === 1) await new Promise<void>((resolve) => (finish = resolve));
    return done();
  }, 1);
  queue.add(key('stuck'), 'user', '');
  await clock.advance(1_500);
  queue.add(key('stuck'), 'user', '');
  queue.add(key('other'), 'user', '');
  await clock.advance(10_000);
  expect(seen).toEqual(['stuck', 'other']);
  finish();
  await clock.advance(10);
  expect(seen).toEqual(['stuck', 'other', 'stuck']);
});

test('the next reconcile of a key waits for its own last write to show, other keys do not', async () => {
  const seen: string[] = [];
  let show = (_seen: boolean): void => {};
  const shown = new Promise<boolean>((resolve) => {
    show = resolve;
  });
  caughtUp = async ({ key: { name } }) => name !== 'child' || shown;
  start(async ({ name }, ctx) => {
    seen.push(name);
    if (name === 'a') await ctx.client.apply(ConfigMap, object('child'), { fieldManager: 'test' });
    return done();
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(1);
  queue.add(key('a'), 'owner', '');
  queue.add(key('b'), 'owner', '');
  await clock.advance(100);
  expect(seen).toEqual(['a', 'b']);
  show(true);
  await clock.advance(1);
  expect(seen).toEqual(['a', 'b', 'a']);
});

test('no worker waits for the cache: one is enough for many keys whose writes do not show yet', async () => {
  const seen: string[] = [];
  caughtUp = () => new Promise(() => {});
  start(async ({ name }, ctx) => {
    seen.push(name);
    await ctx.client.apply(ConfigMap, object(`child-of-${name}`), { fieldManager: 'test' });
    return done();
  }, 1);
  for (const name of ['a', 'b', 'c']) queue.add(key(name), 'user', '');
  await clock.advance(1);
  for (const name of ['a', 'b', 'c']) queue.add(key(name), 'owner', '');
  queue.add(key('d'), 'owner', '');
  await clock.advance(100);
  expect(seen).toEqual(['a', 'b', 'c', 'd']);
});

test('a cache that stays behind puts the key off again and again, and says so in a metric', async () => {
  let runs = 0;
  caughtUp = async () => false;
  start(async (_key, ctx) => {
    runs++;
    await ctx.client.apply(ConfigMap, object('child'), { fieldManager: 'test' });
    return done();
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(1);
  queue.add(key('a'), 'user', '');
  await clock.advance(3_100);
  expect(runs).toBe(1);
  expect(await count('stale_sync_skips_total')).toBe(4);
  caughtUp = async () => true;
  await clock.advance(1_000);
  expect(runs).toBe(2);
});

test('what a lost leadership interrupts is in the queue for the next one, without a failure', async () => {
  start(async (_key, { signal, epoch }) => {
    expect(epoch).toBe(3);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(10);
  stop.abort();
  await ended;
  await clock.advance(1);
  expect(queue.depth()).toBe(1);
  expect(await count('controller_runtime_reconcile_errors_total')).toBe(0);
});

test('a process that is frozen past its lease in the middle of a reconcile writes nothing more, and starts none', async () => {
  heldUntilMs = 10_000;
  const started: string[] = [];
  start(async ({ name }, ctx) => {
    started.push(name);
    await ctx.client.apply(ConfigMap, object('before'), { fieldManager: 'test' });
    clock.freeze(20_000);
    await ctx.client.apply(ConfigMap, object('after'), { fieldManager: 'test' });
    return done();
  }, 1);
  queue.add(key('a'), 'user', '');
  queue.add(key('b'), 'user', '');
  await clock.advance(0);
  await ended;
  expect(sent).toEqual(['before']);
  expect(started).toEqual(['a']);
  expect(queue.depth()).toBe(2);
});

test.each([
  ['that ends', 500, 1],
  ['that ignores it, for a while', 1_900, 200],
])('a stop waits for a reconcile %s', async (_how, waitsMs, thenMs) => {
  let finish = (): void => {};
  let over = false;
  start(async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return done();
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(1);
  stop.abort();
  void ended.then(() => (over = true));
  await clock.advance(waitsMs);
  expect(over).toBe(false);
  if (thenMs === 1) finish();
  await clock.advance(thenMs);
  expect(over).toBe(true);
});

test('a conflict is tried again soon and is no error, unless it stays', async () => {
  let tries = 0;
  start(async () => {
    tries++;
    throw new KubeApiError(409, 'Conflict', 'it has changed');
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(400);
  expect(tries).toBe(7);
  expect(await count('controller_runtime_reconcile_errors_total')).toBe(0);
  expect(await count('controller_runtime_reconcile_total', { result: 'requeue' })).toBe(7);
  await clock.advance(5_000);
  expect(await count('controller_runtime_reconcile_errors_total')).toBeGreaterThan(0);
});

test('a reconcile function that is no promise, or gives no result, is a bug of its key and of no other', async () => {
  const seen: string[] = [];
  start(((key: ObjectKey) => {
    seen.push(key.name);
    if (key.name === 'throws') throw new TypeError('at once');
    return key.name === 'nothing' ? undefined : done();
  }) as unknown as Reconcile);
  for (const name of ['throws', 'nothing', 'fine']) queue.add(key(name), 'user', '');
  await clock.advance(1);
  expect(seen).toEqual(['throws', 'nothing', 'fine']);
  expect(await count('controller_runtime_reconcile_panics_total')).toBe(2);
  await clock.advance(39);
  expect(
    seen.filter((name) => name === 'nothing'),
    'with a back-off that grows',
  ).toHaveLength(4);
  expect(await count('controller_runtime_reconcile_total', { result: 'success' })).toBe(1);
});

test('a promise that a reconcile forgot is a bug of its key: counted, and the key is looked at again', async () => {
  const process = new EventEmitter();
  const unguard = guardStrayRejections(process as unknown as NodeJS.Process);
  const times: number[] = [];
  start(async () => {
    times.push(clock.monotonic());
    // What Node does, in the same context, when the rejection of such a promise was handled by nobody.
    if (times.length === 1) process.emit('unhandledRejection', new Error('forgotten'));
    return done();
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(10_000);
  expect(times).toEqual([0, 10_000]);
  expect(await count('controller_runtime_reconcile_panics_total')).toBe(1);
  unguard();
});

test('conditions are set at the generation of the object and the time of the reconcile', async () => {
  const made: unknown[] = [];
  const ready = { type: 'Ready', status: 'True', reason: 'Made', message: 'all is there' } as const;
  start(async (_key, ctx) => {
    const before = object('a');
    const thing = { ...before, metadata: { ...before.metadata, generation: 4 } };
    made.push(...ctx.conditions(thing, [ready]));
    return done();
  });
  queue.add(key('a'), 'user', '');
  await clock.advance(1);
  expect(made).toEqual([{ ...ready, observedGeneration: 4, lastTransitionTime: '2026-01-01T00:00:00Z' }]);
});
