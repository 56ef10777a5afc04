import { AppDeployment, OrderBook, SequenceCounter } from '@sluice/api';
import { type KubeObject, Lease, Node, Pod, type Resource } from '@sluice/runtime';
import { beforeAll, expect, test } from 'vitest';
import { run } from '../hack/cluster/command.ts';
import { clusterEnv, loadImages } from '../hack/cluster/env.ts';
import { buildImages } from '../hack/images/build.ts';
import { type Cluster, conditionOf, killContainer, useCluster, waitFor, withNamespace } from './cluster.ts';

const operatorNamespace = 'sluice-system';
const operatorAccount = `system:serviceaccount:${operatorNamespace}:sluice-operator`;

let cluster: Cluster;
let goApp = '';

beforeAll(async () => {
  cluster = await useCluster();
  goApp = (await buildImages(['go-app']))['go-app'];
  await loadImages([goApp]);
});

const counter = (namespace: string) => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'SequenceCounter',
  metadata: { name: 'numbers', namespace },
  spec: { replicas: 2 },
});

const book = (namespace: string) => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'OrderBook',
  metadata: { name: 'spot', namespace },
  spec: {
    symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }],
    storage: { size: '100Mi' },
    deletionPolicy: 'Delete',
  },
});

const app = (namespace: string) => ({
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'AppDeployment',
  metadata: { name: 'web', namespace },
  spec: { version: '1.0.0', image: goApp, replicas: 2, ports: [{ name: 'http', containerPort: 8080 }] },
});

async function apply<T extends KubeObject>(resource: Resource<T>, object: KubeObject): Promise<void> {
  await cluster.client.apply(resource, object, { fieldManager: 'e2e' });
}

/** The condition Ready of the newest spec is True. */
async function isReady(resource: Resource, namespace: string, name: string): Promise<boolean> {
  const object = await cluster.client.get(resource, { namespace, name });
  return conditionOf(object, 'Ready')?.status === 'True';
}

async function allReady(namespace: string, deadlineMs = 180_000): Promise<void> {
  await waitFor('the counter is Ready', () => isReady(SequenceCounter, namespace, 'numbers'), deadlineMs);
  await waitFor('the book is Ready', () => isReady(OrderBook, namespace, 'spot'), deadlineMs);
  await waitFor('the app is Ready', () => isReady(AppDeployment, namespace, 'web'), deadlineMs);
}

async function leader(): Promise<string> {
  const lease = await cluster.client.get(Lease, { namespace: operatorNamespace, name: 'sluice-operator' });
  return lease?.spec?.holderIdentity ?? '';
}

test('kill -9 of the leading operator: somebody else leads, and what is applied meanwhile converges', async () => {
  const before = await waitFor('an operator leads', async () => (await leader()) || undefined);
  const { items } = await cluster.client.list(Pod, { namespace: operatorNamespace });
  const pod = items.find(({ metadata }) => before.startsWith(metadata.name));
  expect(pod, `a pod for the holder ${before}`).toBeDefined();
  await withNamespace(cluster, async (namespace) => {
    await killContainer(cluster, operatorNamespace, pod?.metadata.name ?? '');
    await apply(SequenceCounter, counter(namespace));
    await waitFor('another process leads', async () => ![before, ''].includes(await leader()));
    await waitFor('the counter is Ready', () => isReady(SequenceCounter, namespace, 'numbers'));
  });
});

test.each([
  ['get', 'secrets', ''],
  ['list', 'secrets', ''],
  ['watch', 'secrets', ''],
  ['create', 'pods', 'exec'],
  ['create', 'serviceaccounts', 'token'],
  ['delete', 'nodes', ''],
  ['delete', 'namespaces', ''],
  ['patch', 'clusterroles', ''],
  ['escalate', 'roles', ''],
  ['impersonate', 'users', ''],
])('the operator may not %s %s/%s', async (verb, resource, subresource) => {
  const group = { clusterroles: 'rbac.authorization.k8s.io', roles: 'rbac.authorization.k8s.io' }[resource] ?? '';
  const review = await cluster.client.raw('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: operatorAccount, resourceAttributes: { verb, group, resource, subresource, namespace: 'default' } },
  });
  expect(review).toMatchObject({ status: { allowed: false } });
});

/** Everything in a namespace but events, as `kind/name`. */
async function inventory(namespace: string): Promise<string[]> {
  const types = await cluster.kubectl('api-resources', '--verbs=list', '--namespaced', '-o', 'name');
  const listed = types.split('\n').filter((type) => type !== '' && !/^events(\.|$)|metrics\.k8s\.io$/.test(type));
  const names = await cluster.kubectl('get', listed.join(','), '-n', namespace, '-o', 'name', '--ignore-not-found');
  return names.split('\n').filter(Boolean).sort();
}

test('deleting one of each kind leaves nothing behind', async () => {
  await withNamespace(cluster, async (namespace) => {
    const empty = await waitFor('the namespace is furnished', async () => {
      const found = await inventory(namespace);
      return found.includes('configmap/kube-root-ca.crt') && found.includes('serviceaccount/default')
        ? found
        : undefined;
    });
    await apply(SequenceCounter, counter(namespace));
    await apply(OrderBook, book(namespace));
    await apply(AppDeployment, app(namespace));
    await allReady(namespace);
    expect((await inventory(namespace)).length).toBeGreaterThan(empty.length + 10);
    await cluster.kubectl('delete', 'appd,seqc,ob', '--all', '-n', namespace, '--timeout=120s');
    await waitFor('all is gone', async () => (await inventory(namespace)).join() === empty.join());
  });
});

test('docker kill of the worker that holds the book: after its return all three kinds are Ready', async () => {
  const { env } = await clusterEnv();
  await withNamespace(cluster, async (namespace) => {
    await apply(SequenceCounter, counter(namespace));
    await apply(OrderBook, book(namespace));
    await apply(AppDeployment, app(namespace));
    await allReady(namespace);
    const { items } = await cluster.client.list(Pod, {
      namespace,
      labelSelector: 'app.kubernetes.io/name=order-book',
    });
    const worker = items[0]?.spec?.nodeName ?? '';
    await run('docker', ['kill', worker], { env });
    try {
      await waitFor('the book is not Ready', async () => !(await isReady(OrderBook, namespace, 'spot')));
    } finally {
      await run('docker', ['start', worker], { env });
    }
    await waitFor('the node is Ready', async () => {
      const node = await cluster.client.get(Node, { namespace: '', name: worker });
      return node?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    });
    await allReady(namespace, 300_000);
  });
});
