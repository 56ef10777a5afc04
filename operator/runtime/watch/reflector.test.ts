import { expect, test } from 'vitest';
import { createInformers } from '../cache/informers.ts';
import type { KubeObject } from '../kube/object.ts';
import { ConfigMap } from '../kube/resources.ts';
import { createLogger } from '../telemetry/log.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { createFaultyServer } from './testing/faulty-server.ts';

const SEEDS = Array.from({ length: 300 }, (_, i) => i + 1);

type StreamedLists = Parameters<typeof createFaultyServer>[3];

/** With `streamed`, collections are asked for as streams, and it says what the server makes of that. */
function world(seed: number, faultRate: number, streamed?: StreamedLists) {
  const clock = new VirtualClock();
  const random = seededRandom(seed);
  const server = createFaultyServer(clock, random, faultRate, streamed);
  const log = createLogger('test', 'silent');
  const informers = createInformers({ cluster: server, clock, random, log, streamedLists: streamed !== undefined });
  const informer = informers.informer(ConfigMap);
  const told = new Map<string, KubeObject>();
  informer.subscribe((change) => {
    const { name } = change.object.metadata;
    if (change.type === 'deleted') told.delete(name);
    else told.set(name, change.object);
  });
  const controller = new AbortController();
  return { clock, random, server, informers, informer, told, controller };
}

const versions = (objects: Iterable<KubeObject>) =>
  [...objects].map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();

test('after any faults the watch lives and the cache is complete', async () => {
  const total = new Map<string, number>();
  for (const seed of SEEDS) {
    const streamed = ([undefined, 'served', undefined, 'refused'] as const)[seed % 4];
    const { clock, random, server, informers, told, controller } = world(seed, 0.25, streamed);
    for (let i = 0; i < 600; i++) server.write(`first-${i}`);
    informers.start(controller.signal);
    for (let i = 0; i < 40; i++) {
      const name = `later-${Math.floor(random() * 10)}`;
      if (random() < 0.3) server.remove(name);
      else server.write(name);
      if (random() < 0.1) server.compact();
      await clock.advance(random() * 4_000);
    }
    server.calm();
    // The longest back-off and the slowest list; after that the watch must be live again.
    await clock.advance(60_000);
    server.write('last');
    await clock.advance(1_000);
    const expected = versions(server.objects.values());
    expect(versions(informers.reader.list(ConfigMap, 'n')), `seed ${seed}`).toEqual(expected);
    expect(versions(told.values()), `changes told, seed ${seed}`).toEqual(expected);
    controller.abort();
    await clock.advance(0);
    expect(clock.pending, `timers left, seed ${seed}`).toBe(0);
    for (const [fault, count] of server.faults) total.set(fault, (total.get(fault) ?? 0) + count);
  }
  expect(total.size).toBe(17);
  expect(Math.min(...total.values())).toBeGreaterThan(50);
}, 120_000);

test.each([
  ['served', 0, 1],
  ['refused', 1, 1],
  // A server that never heard of it sends objects and no end: after a minute they are read in pages.
  ['unknown', 1, 1],
] as const)('a collection is read as a stream; by a server where that is %s', async (streamed, lists, watches) => {
  const { clock, server, informers, controller } = world(5, 0, streamed);
  for (let i = 0; i < 600; i++) server.write(`first-${i}`);
  const paged: string[] = [];
  const opened: string[] = [];
  const { request, stream } = server.transport;
  server.transport.request = (call) => {
    paged.push(call.path);
    return request(call);
  };
  server.transport.stream = (call) => {
    opened.push(call.path);
    return stream(call);
  };
  informers.start(controller.signal);
  await clock.advance(65_000);
  expect(informers.reader.list(ConfigMap, 'n')).toHaveLength(600);
  server.write('later');
  server.remove('first-0');
  await clock.advance(100);
  expect(versions(informers.reader.list(ConfigMap, 'n'))).toEqual(versions(server.objects.values()));
  expect(paged).toHaveLength(lists * 2);
  expect(opened.filter((path) => path.includes('sendInitialEvents=true'))).toHaveLength(1);
  expect(opened.filter((path) => path.includes('resourceVersion='))).toHaveLength(lists * watches);
  controller.abort();
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test('a stream that fell silent is given up a little after the time asked for', async () => {
  const { clock, server, informers, controller } = world(7, 0);
  const silent = { ...server.transport };
  let opened = 0;
  let deadlineMs = 0;
  silent.stream = async function* (request) {
    opened++;
    deadlineMs = request.timeoutMs;
    yield* [];
    await new Promise((_, reject) => clock.setTimer(request.timeoutMs, () => reject(new Error('deadline'))));
  };
  server.transport.stream = silent.stream;
  informers.start(controller.signal);
  await clock.advance(1_000);
  expect(opened).toBe(1);
  expect(deadlineMs).toBeGreaterThan(261_000);
  expect(deadlineMs).toBeLessThan(340_000);
  await clock.advance(340_000);
  expect(opened).toBe(2);
  controller.abort();
});

test('a quiet hour costs one list; watches come back from the last bookmark', async () => {
  const { clock, server, informers, controller } = world(11, 0);
  server.write('a');
  const lists: string[] = [];
  const { request } = server.transport;
  server.transport.request = (call) => {
    lists.push(call.path);
    return request(call);
  };
  informers.start(controller.signal);
  await clock.advance(3_600_000);
  expect(lists).toHaveLength(1);
  controller.abort();
});

test('waiting for an own write ends when the watch has brought it, or in time', async () => {
  const { clock, server, informers, informer, controller } = world(13, 0);
  informers.start(controller.signal);
  await clock.advance(100);
  const answers: boolean[] = [];
  const wait = (version: string) => {
    void informer.caughtUp({ namespace: 'n', name: 'a' }, version, 500).then((answer) => answers.push(answer));
  };
  wait('99999');
  server.write('a');
  wait(server.version());
  await clock.advance(10);
  expect(answers).toEqual([true]);
  server.write('a');
  server.remove('a');
  const gone = server.version();
  await clock.advance(10);
  wait(gone);
  await clock.advance(500);
  expect(answers).toEqual([true, true, false]);
  controller.abort();
});

test('a handler that throws harms neither the cache nor the other handlers', async () => {
  const { clock, server, informers, informer, controller } = world(17, 0);
  informer.subscribe(() => {
    throw new Error('a bug');
  });
  const seen: string[] = [];
  informer.subscribe(({ object }) => seen.push(object.metadata.name));
  server.write('a');
  informers.start(controller.signal);
  await clock.advance(1_000);
  server.write('b');
  await clock.advance(1_000);
  expect(seen).toEqual(['a', 'b']);
  controller.abort();
});

test('reading what nobody watches, and asking for a watch after the start, are errors of the program', () => {
  const { informers, controller } = world(19, 0);
  informers.start(controller.signal);
  expect(() =>
    informers.reader.get({ ...ConfigMap, kind: 'Secret', plural: 'secrets' }, { namespace: '', name: 'a' }),
  ).toThrow('Secret is not in the cache');
  expect(() => informers.informer({ ...ConfigMap, plural: 'secrets' })).toThrow('before the start');
  controller.abort();
});
