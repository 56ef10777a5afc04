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
  const informers = createInformers({ cluster: server, clock, random, log: createLogger('test', 'silent') });
  return { clock, server, informers, controller: new AbortController() };
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
