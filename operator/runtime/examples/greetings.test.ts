import { baselineOf, converges, type Scenario, type Simulator } from '@sluice/runtime/testing';
import { expect, test } from 'vitest';
import { ConfigMap } from '../index.ts';
import { Greeting, greetings } from './greetings.ts';

const key = { namespace: 'default', name: 'hello' };
const greeting: Greeting = {
  apiVersion: 'example.org/v1',
  kind: 'Greeting',
  metadata: { ...key },
  spec: { names: ['ann', 'bob'] },
};

/** People make a Greeting, change it, and change its ConfigMap by hand. */
const scenario: Scenario = {
  name: 'greetings',
  calm: true,
  resources: [Greeting, ConfigMap],
  definitions: [],
  prepare: async () => {},
  simulate: (): Simulator => ({ failures: [] }),
  controllers: () => [greetings],
  actions: [
    {
      what: 'make it',
      act: async (stage) => void (await stage.client('user').create(Greeting, greeting)),
      until: 'quiet',
    },
    {
      what: 'name somebody else',
      act: async (stage) =>
        void (await stage.client('user').mergePatch(Greeting, key, { spec: { names: ['bob', 'eve'] } })),
      until: 'quiet',
    },
    {
      what: 'edit the ConfigMap',
      act: async (stage) => void (await stage.client('user').mergePatch(ConfigMap, key, { data: { eve: 'Go away!' } })),
      until: 'quiet',
    },
  ],
  isNoise: () => false,
  forbids: () => undefined,
  destroys: () => undefined,
  essence: (object) => (object.metadata.name === key.name ? withoutVersions(object) : undefined),
  verdict(stage) {
    const data = stage.find(ConfigMap, key)?.data;
    return data?.eve === 'Hello, eve!' && data.ann === undefined ? [] : [`the card says ${JSON.stringify(data)}`];
  },
};

function withoutVersions(object: object): unknown {
  const { spec, data, status } = object as { spec?: unknown; data?: unknown; status?: unknown };
  return { spec, data, status };
}

test('whatever fails, crashes, comes late or gets lost, it ends as it does when nothing does', async () => {
  const baseline = await baselineOf(scenario);
  for (let seed = 1; seed <= 20; seed++) {
    const { failures, trace } = await converges(scenario, seed, baseline);
    expect({ seed, failures, trace: failures.length > 0 ? trace : [] }).toEqual({ seed, failures: [], trace: [] });
  }
});
