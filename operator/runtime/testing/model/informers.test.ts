import { expect, test } from 'vitest';
import { createInformers } from '../../cache/informers.ts';
import { ConfigMap, KubeApiError, type KubeObject } from '../../kube/index.ts';
import { createLogger } from '../../telemetry/log.ts';
import { seededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { ApiServerModel, createModelCluster, type Fault } from './index.ts';

const SEEDS = Array.from({ length: 60 }, (_, index) => index + 1);
const namespace = 'default';

const path = (name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`;

/** Somebody else who writes: without faults, and at once. */
function createWriter(model: ApiServerModel) {
  const send = (method: 'POST' | 'PATCH' | 'DELETE', to: string, body?: object): void => {
    try {
      model.handle({ method, path: to, body, contentType: 'application/merge-patch+json', user: 'writer' });
    } catch (error) {
      // It was there already, or gone already.
      if (!(error instanceof KubeApiError) || ![404, 409].includes(error.status)) throw error;
    }
  };
  return {
    create: (name: string) =>
      send('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace },
      }),
    change: (name: string, x: string) => send('PATCH', path(name), { data: { x } }),
    remove: (name: string) => send('DELETE', path(name)),
  };
}

const refused = new KubeApiError(503, 'ServiceUnavailable', 'not now');

/** Everything that can go wrong between a reflector and its server. */
function troubleFrom(random: () => number, isCalm: () => boolean) {
  return (): Fault | undefined => {
    if (isCalm()) return undefined;
    const dice = random();
    if (dice < 0.1) return { refuse: refused };
    if (dice < 0.2) return { lose: 'request' };
    if (dice < 0.3) return { lose: 'answer', breakAfterMs: 100 };
    if (dice < 0.5) return { delayMs: random() * 3_000, eventDelayMs: () => random() * 2_000 };
    return { breakAfterMs: random() * 20_000 };
  };
}

const states = (objects: Iterable<KubeObject>) =>
  [...objects].map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).sort();

for (const [mode, settings] of [
  ['pages', { streamedLists: false }],
  ['streamed lists', { streamedLists: true }],
] as const) {
  test(`a cache over the model ends complete after any faults, with ${mode}`, async () => {
    for (const seed of SEEDS) {
      const clock = new VirtualClock();
      const random = seededRandom(seed);
      const model = new ApiServerModel({ clock, random: seededRandom(seed) });
      let calm = false;
      const fault = troubleFrom(random, () => calm);
      const cluster = createModelCluster(model, { userAgent: 'cache', fault });
      const informers = createInformers({ cluster, clock, random, log: createLogger('test', 'silent'), ...settings });
      informers.informer(ConfigMap);
      const writer = createWriter(model);
      for (let index = 0; index < 600; index++) writer.create(`first-${index}`);
      const stop = new AbortController();
      informers.start(stop.signal);
      for (let index = 0; index < 40; index++) {
        const name = `later-${Math.floor(random() * 8)}`;
        if (random() < 0.3) writer.remove(name);
        else writer.create(name);
        writer.change(name, String(index));
        if (random() < 0.1) model.compact();
        await clock.advance(random() * 4_000);
      }
      calm = true;
      // Longer than any back-off, and than what is still delayed.
      await clock.advance(120_000);
      writer.create('last');
      // A watch that was opened in worse times still tells late.
      await clock.advance(3_000);
      expect(states(informers.reader.list(ConfigMap, namespace)), `seed ${seed}`).toEqual(
        states(model.objects(ConfigMap)),
      );
      stop.abort();
      await clock.advance(10_000);
      expect(clock.pending, `timers left, seed ${seed}`).toBe(0);
    }
  });
}
