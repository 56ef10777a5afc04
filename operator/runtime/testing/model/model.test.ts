import { expect, test } from 'vitest';
import { type ConfigMap, ConfigMap as ConfigMaps, isConflict } from '../../kube/index.ts';
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
