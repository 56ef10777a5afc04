import { expect, test } from 'vitest';
import type { CallOptions, KubeClient } from '../kube/client.ts';
import { ConfigMap } from '../kube/resources.ts';
import { fenced } from './fence.ts';
import { Deposed } from './leadership.ts';

const key = { namespace: 'ns', name: 'a' };
const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key };
const preconditions = { uid: 'u' };

/** Every call reaches the wire after one turn of the event loop, as after a wait for a connection or for the next try. */
function setUp() {
  let held = true;
  const sent: string[] = [];
  const send = (verb: string, at: number) =>
    [
      verb,
      async (...args: unknown[]) => {
        sent.push(`called ${verb}`);
        await new Promise((resolve) => setImmediate(resolve));
        (args[at] as CallOptions | undefined)?.beforeSend?.();
        sent.push(`sent ${verb}`);
      },
    ] as const;
  const client = Object.fromEntries([
    send('get', 2),
    send('create', 2),
    send('replace', 2),
    send('apply', 2),
    send('mergePatch', 3),
    send('delete', 2),
    send('evict', 1),
    send('raw', 3),
  ]) as unknown as KubeClient;
  const assertMayWrite = (): void => {
    if (!held) throw new Deposed('over');
  };
  return { client: fenced(client, { assertMayWrite }), sent, depose: () => (held = false) };
}

const writes: Record<string, (client: KubeClient) => Promise<unknown>> = {
  create: (client) => client.create(ConfigMap, object),
  replace: (client) => client.replace(ConfigMap, object),
  apply: (client) => client.apply(ConfigMap, object, { fieldManager: 'x' }),
  mergePatch: (client) => client.mergePatch(ConfigMap, key, {}),
  delete: (client) => client.delete(ConfigMap, key, { preconditions }),
  evict: (client) => client.evict(key),
  raw: (client) => client.raw('POST', '/x', {}),
};

test.each(Object.entries(writes))(
  '%s: passes for a leader, is not even called for a deposed one',
  async (verb, write) => {
    const { client, sent, depose } = setUp();
    await write(client);
    expect(sent).toEqual([`called ${verb}`, `sent ${verb}`]);
    depose();
    await expect(write(client)).rejects.toThrow(Deposed);
    expect(sent).toHaveLength(2);
  },
);

test.each(Object.entries(writes))(
  '%s: is held back when leadership ends while it waits to be sent',
  async (verb, write) => {
    const { client, sent, depose } = setUp();
    const call = write(client);
    depose();
    await expect(call).rejects.toThrow(Deposed);
    expect(sent).toEqual([`called ${verb}`]);
  },
);

test('reads pass, and what the caller wants to know before sending it is asked as well', async () => {
  const { client, sent, depose } = setUp();
  const asked: string[] = [];
  const beforeSend = (): void => void asked.push('asked');
  await client.create(ConfigMap, object, { beforeSend });
  depose();
  await client.get(ConfigMap, key);
  await client.raw('GET', '/x');
  expect(asked).toEqual(['asked']);
  expect(sent.slice(-4)).toEqual(['called get', 'sent get', 'called raw', 'sent raw']);
});
