import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import {
  type Cluster,
  ConfigMap,
  connectKubeconfig,
  isConflict,
  KubeApiError,
  Namespace,
  Pod,
  Service,
} from './index.ts';

let cluster: Cluster;
const namespace = `client-${randomUUID().slice(0, 8)}`;
const key = (name: string) => ({ namespace, name });
const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

afterAll(() => cluster.close());

test('what does not exist is undefined, not an error', async () => {
  expect(await cluster.client.get(ConfigMap, key('nothing'))).toBeUndefined();
});

test('a list follows its pages and gives every item its type', async () => {
  await Promise.all(Array.from({ length: 12 }, (_, i) => cluster.client.create(ConfigMap, configMap(`page-${i}`, {}))));
  const { items, resourceVersion } = await cluster.client.list(ConfigMap, { namespace });
  expect(items.filter((item) => item.metadata.name.startsWith('page-'))).toHaveLength(12);
  expect(items.every((item) => item.kind === 'ConfigMap' && item.apiVersion === 'v1')).toBe(true);
  expect(resourceVersion).toMatch(/^[0-9]+$/);
});

test('replace is a compare-and-swap: the second writer of one version gets a conflict', async () => {
  const first = await cluster.client.create(ConfigMap, configMap('swap', { a: '1' }));
  await cluster.client.replace(ConfigMap, { ...first, data: { a: '2' } });
  const late = cluster.client.replace(ConfigMap, { ...first, data: { a: '3' } });
  expect(await late.catch((error: unknown) => isConflict(error))).toBe(true);
  expect((await cluster.client.get(ConfigMap, key('swap')))?.data).toEqual({ a: '2' });
});

test('apply owns fields; without force the other owner is named', async () => {
  await cluster.client.apply(ConfigMap, configMap('applied', { a: 'ours' }), { fieldManager: 'first' });
  const other = cluster.client.apply(ConfigMap, configMap('applied', { a: 'theirs' }), {
    fieldManager: 'second',
    force: false,
  });
  const refused = await other.catch((error: unknown) => error);
  expect(String(refused)).toContain('conflict with "first"');
  expect(refused).toMatchObject({ conflicts: [{ manager: 'first', field: '.data.a' }] });
  const forced = await cluster.client.apply(ConfigMap, configMap('applied', { a: 'theirs' }), {
    fieldManager: 'second',
  });
  expect((forced as ConfigMap).data).toEqual({ a: 'theirs' });
});

test('a delete meant for another object does nothing', async () => {
  const made = await cluster.client.create(ConfigMap, configMap('kept', {}));
  const wrong = cluster.client.delete(ConfigMap, key('kept'), { preconditions: { uid: randomUUID() } });
  expect(await wrong.catch((error: unknown) => isConflict(error))).toBe(true);
  const { uid = '' } = made.metadata;
  expect(await cluster.client.delete(ConfigMap, key('kept'), { preconditions: { uid } })).toBe(true);
  expect(await cluster.client.delete(ConfigMap, key('kept'), { preconditions: { uid } })).toBe(false);
});

test('a refusal carries status, reason and the sentence of the server', async () => {
  const bad = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'UPPER', namespace }, spec: {} } as Service;
  const error = await cluster.client.create(Service, bad).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(KubeApiError);
  expect(error).toMatchObject({ status: 422, reason: 'Invalid' });
  expect(String(error)).toContain('UPPER');
});

test('an aborted call ends with the reason of its signal', async () => {
  const controller = new AbortController();
  controller.abort(new Error('enough'));
  await expect(cluster.client.list(Pod, { namespace, signal: controller.signal })).rejects.toThrow('enough');
});

test('many calls at once share one connection', async () => {
  const answers = await Promise.all(
    Array.from({ length: 300 }, () => cluster.client.get(Namespace, { namespace: '', name: namespace })),
  );
  expect(answers.every((answer) => answer?.metadata.name === namespace)).toBe(true);
});
