import { expect, test } from 'vitest';
import { type ConfigMap, ConfigMap as ConfigMaps, isConflict, Pod, PodDisruptionBudget } from '../../kube/index.ts';
import { seededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { ApiServerModel, createModelCluster } from './index.ts';

const namespace = 'default';
const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

function setUp() {
  const clock = new VirtualClock();
  const model = new ApiServerModel({ clock, random: seededRandom(1) });
  return { clock, model, cluster: createModelCluster(model, { userAgent: 'test/1.0' }) };
}

test('an answer shares nothing with the model, and neither does a body', async () => {
  const { model, cluster } = setUp();
  const body = configMap('a', { key: 'kept' });
  const created = await cluster.client.create(ConfigMaps, body);
  body.data = { key: 'changed' };
  if (created.data !== undefined) created.data.key = 'changed';
  expect(model.peek(ConfigMaps, { namespace, name: 'a' })?.data).toEqual({ key: 'kept' });
});

test('a lost answer leaves the write done, a lost request does not', async () => {
  const { model } = setUp();
  const write = (name: string, lose: 'request' | 'answer') =>
    createModelCluster(model, { userAgent: 'test', fault: () => ({ lose }) }).client.create(
      ConfigMaps,
      configMap(name),
    );
  await expect(write('a', 'answer')).rejects.toThrow('before the answer was there');
  await expect(write('b', 'request')).rejects.toThrow('before the request was sent');
  expect(model.objects(ConfigMaps).map(({ metadata }) => metadata.name)).toEqual(['a']);
});

test('a stale read sees the past, and a write on it conflicts', async () => {
  const { model, cluster } = setUp();
  const { metadata } = await cluster.client.create(ConfigMaps, configMap('a', { key: '1' }));
  await cluster.client.mergePatch(ConfigMaps, { namespace, name: 'a' }, { data: { key: '2' } });
  const staleVersion = Number(metadata.resourceVersion);
  const late = createModelCluster(model, { userAgent: 'late', fault: () => ({ staleVersion }) });
  const { items } = await late.client.list(ConfigMaps, { namespace });
  expect(items.map(({ data }) => data)).toEqual([{ key: '1' }]);
  const [seen = configMap('none')] = items;
  expect(await late.client.replace(ConfigMaps, seen).catch(isConflict)).toBe(true);
});

test('what beforeSend throws ends the call, and nothing is written', async () => {
  const { model, cluster } = setUp();
  const beforeSend = () => {
    throw new Error('not the leader');
  };
  await expect(cluster.client.create(ConfigMaps, configMap('a'), { beforeSend })).rejects.toThrow('not the leader');
  expect(model.objects(ConfigMaps)).toEqual([]);
});

test('a closed connection answers nothing and ends its watches', async () => {
  const { cluster } = setUp();
  const path = `/api/v1/namespaces/${namespace}/configmaps?watch=true`;
  const watching = (async () => {
    for await (const _ of cluster.transport.stream({ path, timeoutMs: 60_000 })) expect.unreachable();
  })();
  const ended = expect(watching).rejects.toThrow('the connection was closed');
  cluster.close();
  await ended;
  await expect(cluster.client.create(ConfigMaps, configMap('a'))).rejects.toThrow('the connection was closed');
});

test('a refused eviction deletes nothing, an allowed one is counted', async () => {
  const { model, cluster } = setUp();
  const key = { namespace, name: 'a' };
  model.handle({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods`,
    body: { apiVersion: 'v1', kind: 'Pod', metadata: { ...key, labels: { app: 'x' } } },
    user: 'test',
  });
  const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { namespace, name: 'b' } };
  const spec = { minAvailable: 1, selector: { matchLabels: { app: 'x' } } };
  await cluster.client.create(PodDisruptionBudget, { ...budget, spec });
  const evict = () => cluster.client.evict(key);
  await expect(evict()).rejects.toMatchObject({ status: 429 });
  expect(model.peek(Pod, key)).toBeDefined();
  const status = { disruptionsAllowed: 1 };
  await cluster.client.mergePatch(PodDisruptionBudget, { namespace, name: 'b' }, { status }, { subresource: 'status' });
  await evict();
  expect(model.peek(Pod, key)).toBeUndefined();
  expect(model.peek(PodDisruptionBudget, { namespace, name: 'b' })?.status?.disruptionsAllowed).toBe(0);
});

test('every accepted write is told, also one that changes nothing', async () => {
  const { model, cluster } = setUp();
  const told: string[] = [];
  model.onWrite(({ user, verb, key, before, after }) => {
    const what = after === undefined ? 'gone' : after === before ? 'same' : before === undefined ? 'new' : 'changed';
    told.push(`${user} ${verb} ${key.name} ${what}`);
  });
  const { metadata } = await cluster.client.create(ConfigMaps, configMap('a', { x: '1' }));
  const key = { namespace, name: 'a' };
  await cluster.client.mergePatch(ConfigMaps, key, { data: { x: '1' } });
  await cluster.client.apply(ConfigMaps, configMap('a', { x: '2' }), { fieldManager: 'm' });
  await cluster.client.delete(ConfigMaps, key, { preconditions: { uid: metadata.uid ?? '' } });
  const who = 'test/1.0';
  expect(told).toEqual([
    `${who} create a new`,
    `${who} patch a same`,
    `${who} apply a changed`,
    `${who} delete a gone`,
  ]);
});
