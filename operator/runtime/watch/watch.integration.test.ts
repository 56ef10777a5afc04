import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, expect, inject, test } from 'vitest';
import { startControlPlane } from '../../../hack/control-plane/index.ts';
import type { InformerOptions } from '../cache/index.ts';
import { createInformers } from '../cache/informers.ts';
import { systemClock } from '../clock.ts';
import { connectCluster } from '../kube/cluster.ts';
import { type Cluster, ConfigMap, connectKubeconfig, Namespace } from '../kube/index.ts';
import { kubeconfigCredentials } from '../kube/kubeconfig.ts';
import type { Transport } from '../kube/transport.ts';
import { createLogger } from '../telemetry/log.ts';
import { createRegistry } from '../telemetry/metrics.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';

const patience = { timeout: 30_000, interval: 20 };
const random = Math.random;
const cleanup: (() => void | Promise<void>)[] = [];

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

interface WatcherOptions extends InformerOptions {
  readonly streamedLists?: boolean;
  readonly connected?: Cluster;
}

async function watcher(kubeconfig: string, { streamedLists = false, connected, ...options }: WatcherOptions = {}) {
  const cluster = connected ?? (await connectKubeconfig({ path: kubeconfig }));
  const registry = createRegistry();
  const log = createLogger('test', 'silent');
  const informers = createInformers({ cluster, clock: systemClock, random, log, registry, streamedLists });
  const informer = informers.informer(ConfigMap, options);
  const controller = new AbortController();
  cleanup.push(() => {
    controller.abort();
    cluster.close();
  });
  informers.start(controller.signal);
  await informers.whenSynced(AbortSignal.timeout(30_000));
  const count = async (metric: string): Promise<number> => {
    const found = await registry.getSingleMetric(metric)?.get();
    return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0);
  };
  return { cluster, informers, informer, count };
}

async function newNamespace(cluster: Cluster): Promise<string> {
  const name = `watch-${randomUUID().slice(0, 8)}`;
  await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

function configMap(namespace: string, name: string, data: Record<string, string> = {}): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

let kubeconfig: string;
beforeAll(() => {
  kubeconfig = inject('kubeconfig');
});

test('the cache follows creates, changes and deletes, and a write is waited for', async () => {
  const { cluster, informers, informer } = await watcher(kubeconfig);
  const namespace = await newNamespace(cluster);
  const key = { namespace, name: 'a' };
  const created = await cluster.client.create(ConfigMap, configMap(namespace, 'a', { text: 'zäh' }));
  expect(await informer.caughtUp(key, created.metadata.resourceVersion ?? '', 5_000)).toBe(true);
  const cached = informers.reader.get(ConfigMap, key);
  expect(cached).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { text: 'zäh' } });
  expect(cached?.metadata).not.toHaveProperty('managedFields');
  const changed = await cluster.client.mergePatch(ConfigMap, key, { data: { text: 'neu' } });
  expect(await informer.caughtUp(key, changed.metadata.resourceVersion ?? '', 5_000)).toBe(true);
  expect(informers.reader.get(ConfigMap, key)?.data).toEqual({ text: 'neu' });
  await cluster.client.delete(ConfigMap, key, { preconditions: { uid: created.metadata.uid ?? '' } });
  await expect.poll(() => informers.reader.get(ConfigMap, key), patience).toBeUndefined();
});

test('a collection of several pages is read whole', async () => {
  const first = await connectKubeconfig({ path: kubeconfig });
  cleanup.push(() => first.close());
  const namespace = await newNamespace(first);
  const names = Array.from({ length: 1_100 }, (_, i) => `m-${i}`);
  const writer = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      await first.client.create(ConfigMap, configMap(namespace, name));
    }
  };
  await Promise.all(Array.from({ length: 20 }, writer));
  const { informers, count } = await watcher(kubeconfig, { namespace });
  // The cluster itself puts one more, kube-root-ca.crt, into each namespace.
  const ours = informers.reader.list(ConfigMap, namespace).filter(({ metadata }) => metadata.name.startsWith('m-'));
  expect(ours).toHaveLength(1_100);
  expect(await count('reflector_lists_total')).toBe(1);
  expect(await count('reflector_objects')).toBeGreaterThanOrEqual(1_100);
});

test('a collection is read as a stream where the server can do that', async () => {
  const writer = await connectKubeconfig({ path: kubeconfig });
  cleanup.push(() => writer.close());
  const namespace = await newNamespace(writer);
  for (const name of ['a', 'b', 'c']) await writer.client.create(ConfigMap, configMap(namespace, name));
  const paths: string[] = [];
  const { transport, ...rest } = await connectKubeconfig({ path: kubeconfig });
  const listened: Transport = {
    ...transport,
    request: (call) => {
      paths.push(`${call.method} ${call.path}`);
      return transport.request(call);
    },
  };
  const connected = { ...rest, transport: listened };
  const { informers, informer, cluster } = await watcher(kubeconfig, { namespace, streamedLists: true, connected });
  const { items } = await cluster.client.list(ConfigMap, { namespace });
  const uids = (objects: readonly ConfigMap[]) => objects.map(({ metadata }) => metadata.uid).sort();
  expect(uids(informers.reader.list(ConfigMap, namespace))).toEqual(uids(items));
  expect(items.length).toBeGreaterThanOrEqual(3);
  const later = await writer.client.create(ConfigMap, configMap(namespace, 'd'));
  expect(await informer.caughtUp({ namespace, name: 'd' }, later.metadata.resourceVersion ?? '', 5_000)).toBe(true);
  expect(paths.filter((path) => path.startsWith('GET'))).toEqual([]);
});

test('a half-open connection is found, and the watch goes on where it was, without a list', async () => {
  const direct = await connectKubeconfig({ path: kubeconfig });
  cleanup.push(() => direct.close());
  const namespace = await newNamespace(direct);
  const credentials = await kubeconfigCredentials({ path: kubeconfig });
  const { hostname, port } = new URL(credentials.server);
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  cleanup.push(() => proxy.stop());
  const connected = connectCluster({ ...credentials, server: `https://127.0.0.1:${proxy.port}` });
  const { informers, count } = await watcher(kubeconfig, { namespace, connected });
  proxy.freeze();
  await direct.client.create(ConfigMap, configMap(namespace, 'during'));
  await expect.poll(() => informers.reader.get(ConfigMap, { namespace, name: 'during' }), patience).toBeDefined();
  expect(proxy.accepted).toBe(2);
  expect(await count('reflector_lists_total')).toBe(1);
});

test('a metadata-only cache holds the metadata under the type of the resource, and nothing else', async () => {
  const { cluster, informers, informer } = await watcher(kubeconfig, { metadataOnly: true });
  const namespace = await newNamespace(cluster);
  const created = await cluster.client.create(ConfigMap, configMap(namespace, 'a', { big: 'x'.repeat(1000) }));
  const key = { namespace, name: 'a' };
  expect(await informer.caughtUp(key, created.metadata.resourceVersion ?? '', 5_000)).toBe(true);
  const cached = informers.reader.get(ConfigMap, key);
  expect(Object.keys(cached ?? {}).sort()).toEqual(['apiVersion', 'kind', 'metadata']);
  expect(cached?.kind).toBe('ConfigMap');
});

test('the watch outlives a kill of the API server, and the cache is complete again', async () => {
  const plane = await startControlPlane();
  cleanup.push(() => plane.stop());
  const { cluster, informers, count } = await watcher(plane.kubeconfigPath);
  const namespace = await newNamespace(cluster);
  await cluster.client.create(ConfigMap, configMap(namespace, 'before'));
  await expect.poll(() => informers.reader.get(ConfigMap, { namespace, name: 'before' }), patience).toBeDefined();
  await plane.restartApiServer();
  await plane.kubectl('create', 'configmap', 'after', '-n', namespace);
  await expect.poll(() => informers.reader.get(ConfigMap, { namespace, name: 'after' }), patience).toBeDefined();
  expect(await count('reflector_watches_total')).toBeGreaterThan(1);
  // A server that starts may or may not know the version we come back with: one list at the most.
  expect(await count('reflector_lists_total')).toBeLessThanOrEqual(2);
  const { items } = await cluster.client.list(ConfigMap);
  const keys = (objects: readonly ConfigMap[]) => objects.map(({ metadata }) => metadata.uid).sort();
  await expect.poll(() => keys(informers.reader.list(ConfigMap, '')), patience).toEqual(keys(items));
});
