import { AppDeployment, OrderBook, SequenceCounter } from '@sluice/api';
import {
  type Controller,
  controllerReference,
  HorizontalPodAutoscaler,
  type KubeClient,
  Lease,
  Node,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  type Resource,
  Service,
  StatefulSet,
} from '@sluice/runtime';
import { ApiServerModel, createModelCluster, seededRandom, VirtualClock } from '@sluice/runtime/testing';
import { expect, test } from 'vitest';
import { appDeploymentController } from '../app-deployment/controller.ts';
import { podFinalizer, revisionLabels, revisionName, revisionOf } from '../app-deployment/names.ts';
import { orderBookController } from '../order-book/controller.ts';
import { sequenceCounterController } from '../sequence-counter/controller.ts';
import { ledgerFinalizer, ledgerName } from '../sequence-counter/names.ts';
import { cacheOf, contextOn } from './late-cache.ts';
import { catalog } from './scenarios/catalog.ts';
import { definitions } from './scenarios/definitions.ts';

// What the fault campaign found, as small as it gets: after a restart the cache of an operator may be older than what the
// operator before it wrote.

const key = { namespace: 'shop', name: 'a' };
const all: readonly Resource[] = [
  AppDeployment,
  HorizontalPodAutoscaler,
  Lease,
  Node,
  OrderBook,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  SequenceCounter,
  Service,
  StatefulSet,
];

function setUp(controller: Controller) {
  const clock = new VirtualClock();
  const model = new ApiServerModel({ clock, random: seededRandom(1), crds: definitions, namespaces: ['shop'] });
  const { client } = createModelCluster(model, { userAgent: 'user' });
  const now = (hidden: readonly Resource[] = []) => cacheOf(model, all, hidden);
  const reconcile = async (cache = now(), through = client): Promise<void> => {
    await controller.reconcile(key, contextOn(through, cache, clock.now()));
  };
  const remove = (resource: Resource, name: string) => {
    const uid = model.peek(resource, { ...key, name })?.metadata.uid ?? '';
    return client.delete(resource, { ...key, name }, { preconditions: { uid } });
  };
  return { clock, model, client, now, reconcile, remove };
}

// Counters.

const counters = () => setUp(sequenceCounterController({ catalog }));
const ledgerKey = { ...key, name: ledgerName(key.name) };
const counter = (): SequenceCounter =>
  ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'SequenceCounter',
    metadata: { ...key },
    spec: { counters: [{ name: 'invoices' }] },
  }) as unknown as SequenceCounter;
const ledgerOf = (owner: SequenceCounter): Lease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { ...ledgerKey, finalizers: [ledgerFinalizer], ownerReferences: [controllerReference(owner)] },
});

test('the ledger that was made for a counter that was gone by then is let go of', async () => {
  const { clock, model, client, reconcile, remove } = counters();
  const gone = await client.create(SequenceCounter, counter());
  await remove(SequenceCounter, key.name);
  await client.create(Lease, ledgerOf(gone));
  await clock.advance(1_000);
  expect(model.peek(Lease, ledgerKey)?.metadata.deletionTimestamp).toBeDefined();
  await reconcile();
  expect(model.peek(Lease, ledgerKey)).toBeUndefined();
});

test('also when there is another counter of its name', async () => {
  const { clock, model, client, reconcile, remove } = counters();
  const gone = await client.create(SequenceCounter, counter());
  await remove(SequenceCounter, key.name);
  await client.create(SequenceCounter, counter());
  await client.create(Lease, ledgerOf(gone));
  await clock.advance(1_000);
  await reconcile();
  expect(model.peek(Lease, ledgerKey)).toBeUndefined();
});

test('a ledger that somebody deleted stays for a counter that the cache does not show yet', async () => {
  const { model, client, now, reconcile, remove } = counters();
  await client.create(Lease, ledgerOf(await client.create(SequenceCounter, counter())));
  await remove(Lease, ledgerKey.name);
  await reconcile(now([SequenceCounter]));
  expect(model.peek(Lease, ledgerKey)?.metadata.finalizers).toEqual([ledgerFinalizer]);
});

// Books.

test('a book whose StatefulSet the cache does not show yet is not let go of before its volume knows the policy', async () => {
  const { client, model, now, reconcile, remove } = setUp(orderBookController({ catalog }));
  const made = await client.create(OrderBook, {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'OrderBook',
    metadata: { ...key },
    spec: { symbols: [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }], deletionPolicy: 'Delete' },
  } as unknown as OrderBook);
  await reconcile();
  expect(model.peek(StatefulSet, key)?.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted).toBe('Delete');
  await client.mergePatch(OrderBook, key, { spec: { deletionPolicy: 'Retain' } });
  await remove(OrderBook, key.name);
  await expect(reconcile(now([StatefulSet]))).rejects.toMatchObject({ status: 409 });
  expect(model.peek(OrderBook, key)?.metadata.uid).toBe(made.metadata.uid);
  await reconcile();
  expect(model.peek(StatefulSet, key)?.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted).toBe('Retain');
});

// Apps.

const apps = () => setUp(appDeploymentController({ catalog, poll: async () => undefined }));
const app = (version: string): AppDeployment =>
  ({
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'AppDeployment',
    metadata: { ...key },
    spec: { version, image: `shop:${version}`, replicas: 2, ports: [{ name: 'http', containerPort: 8080 }] },
  }) as unknown as AppDeployment;

/** A pod of the app that has ended and waits to be counted. */
async function endPod({ client, model, remove }: ReturnType<typeof apps>, owner: AppDeployment): Promise<void> {
  const labels = revisionLabels(key.name, revisionOf(owner.spec));
  await client.create(Pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...key, name: 'pod', labels, finalizers: [podFinalizer] },
    spec: { containers: [{ name: 'app', image: owner.spec.image }] },
  });
  await client.mergePatch(Pod, { ...key, name: 'pod' }, { status: { phase: 'Succeeded' } }, { subresource: 'status' });
  await remove(Pod, 'pod');
  expect(model.peek(Pod, { ...key, name: 'pod' })?.metadata.deletionTimestamp).toBeDefined();
}

const death = new Error('killed');

/** An operator that dies after it has written the status, before it lets go of a pod. */
function dying(client: KubeClient): KubeClient {
  const mergePatch: KubeClient['mergePatch'] = (resource, ...rest) =>
    resource.plural === Pod.plural ? Promise.reject(death) : client.mergePatch(resource, ...rest);
  return { ...client, mergePatch };
}

test('pods of an app that was removed by force are let go of', async () => {
  const world = apps();
  const owner = await world.client.create(AppDeployment, app('v1'));
  await world.remove(AppDeployment, key.name);
  await endPod(world, owner);
  await world.reconcile();
  expect(world.model.objects(Pod)).toEqual([]);
});

test('pods of an app that the cache does not show yet are not let go of', async () => {
  const world = apps();
  await endPod(world, await world.client.create(AppDeployment, app('v1')));
  await world.reconcile(world.now([AppDeployment]));
  expect(world.model.objects(Pod)).toHaveLength(1);
});

test('no pod is let go of for a status that counted it and was replaced since', async () => {
  const world = apps();
  const { client, model, now, reconcile } = world;
  await endPod(world, await client.create(AppDeployment, app('v1')));
  await expect(reconcile(now(), dying(client))).rejects.toBe(death);
  const late = now();
  expect(JSON.stringify(model.peek(AppDeployment, key)?.status)).toContain('"draining":[{');
  await client.mergePatch(AppDeployment, key, { status: { revisions: [] } }, { subresource: 'status' });
  await expect(reconcile(late)).rejects.toMatchObject({ status: 409 });
  expect(model.objects(Pod)).toHaveLength(1);
});

test('a pod that the cache does not show yet is not counted twice', async () => {
  const world = apps();
  const { client, model, now, reconcile } = world;
  await endPod(world, await client.create(AppDeployment, app('v1')));
  await expect(reconcile(now(), dying(client))).rejects.toBe(death);
  const entries = () => model.peek(AppDeployment, key)?.status?.revisions?.flatMap(({ draining = [] }) => draining);
  expect(entries()).toMatchObject([{ pod: 'pod' }]);
  await expect(reconcile(now([Pod]), dying(client))).rejects.toBe(death);
  expect(entries()).toMatchObject([{ pod: 'pod' }]);
});

test('an app whose pods the cache does not show yet is not let go of', async () => {
  const world = apps();
  const { client, model, now, reconcile, remove } = world;
  await endPod(world, await client.create(AppDeployment, app('v1')));
  await reconcile(now([Pod]));
  await remove(AppDeployment, key.name);
  await reconcile(now([Pod, ReplicaSet]));
  expect(model.peek(AppDeployment, key)).toBeDefined();
});

/** A ReplicaSet of an earlier revision, as large as the app. */
function earlier(owner: AppDeployment): ReplicaSet {
  const labels = revisionLabels(key.name, 'earlier');
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...key,
      name: revisionName(key.name, 'earlier'),
      labels,
      ownerReferences: [controllerReference(owner)],
    },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels } } },
  };
}

test('no Service is made for a revision that is gone', async () => {
  const { client, model, now, reconcile, remove } = apps();
  const { metadata } = await client.create(ReplicaSet, earlier(await client.create(AppDeployment, app('v2'))));
  const late = now();
  await remove(ReplicaSet, metadata.name);
  await reconcile(late);
  expect(model.peek(ReplicaSet, { ...key, name: metadata.name })).toBeUndefined();
  expect(model.peek(Service, { ...key, name: metadata.name })).toBeUndefined();
  expect(model.peek(Service, key)).toBeDefined();
});

test('no Service is taken from a revision that is used', async () => {
  const { client, model, now, reconcile } = apps();
  const { metadata } = await client.create(ReplicaSet, earlier(await client.create(AppDeployment, app('v2'))));
  const { name, labels = {}, ownerReferences = [] } = metadata;
  await client.create(Service, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...key, name, labels, ownerReferences },
    spec: { selector: labels },
  });
  await reconcile(now([ReplicaSet]));
  expect(model.peek(Service, { ...key, name })).toBeDefined();
});
