import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { ConfigMap } from '../kube/resources.ts';
import { createLogger } from '../telemetry/log.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { createFaultyServer } from '../watch/testing/faulty-server.ts';
import { createInformers } from './informers.ts';

function world() {
  const clock = new VirtualClock();
  const random = seededRandom(1);
  const server = createFaultyServer(clock, random, 0);
  const registry = new Registry();
  const log = createLogger('test', 'silent');
  const informers = createInformers({ cluster: server, clock, random, log, registry });
  const gauge = async (name: string) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value;
  return { clock, server, informers, gauge, controller: new AbortController() };
}

test('a declared index finds objects, also through the reader; one that throws finds nothing and harms nobody', async () => {
  const { clock, server, informers, controller } = world();
  const informer = informers.informer(ConfigMap);
  informer.index('last letter', ({ metadata }) => [metadata.name.slice(-1)]);
  informer.index('broken', () => {
    throw new Error('a bug');
  });
  for (const name of ['web-a', 'web-b', 'api-a']) server.write(name);
  informers.start(controller.signal);
  await clock.advance(1_000);
  const names = (value: string) => informer.byIndex('last letter', value).map(({ metadata }) => metadata.name);
  expect(names('a')).toEqual(['api-a', 'web-a']);
  server.remove('web-a');
  await clock.advance(1_000);
  expect(names('a')).toEqual(['api-a']);
  expect(informers.reader.byIndex(ConfigMap, 'last letter', 'b')).toHaveLength(1);
  expect(informer.byIndex('broken', '')).toEqual([]);
  controller.abort();
});

test('the size of a cache is visible: its objects, and about how many bytes they are', async () => {
  const { clock, server, informers, gauge, controller } = world();
  informers.informer(ConfigMap);
  for (let i = 0; i < 200; i++) server.write(`object-${i}`);
  informers.start(controller.signal);
  await clock.advance(1_000);
  const size = () => informers.reader.list(ConfigMap, '').reduce((sum, each) => sum + JSON.stringify(each).length, 0);
  expect(await gauge('reflector_objects')).toBe(200);
  expect((await gauge('reflector_objects_bytes')) ?? 0).toBeGreaterThan(size() * 0.9);
  expect((await gauge('reflector_objects_bytes')) ?? 0).toBeLessThan(size() * 1.1);
  for (let i = 0; i < 200; i++) server.remove(`object-${i}`);
  await clock.advance(1_000);
  expect([await gauge('reflector_objects'), await gauge('reflector_objects_bytes')]).toEqual([0, 0]);
  controller.abort();
});
