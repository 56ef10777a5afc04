import { randomBytes } from 'node:crypto';
import { OrderBook } from '@sluice/api';
import {
  ConfigMap,
  type KubeClient,
  type KubeObject,
  Lease,
  Namespace,
  PersistentVolumeClaim,
  Pod,
  type Resource,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { type RunningController, startController } from '../testing/start-controller.ts';
import { orderBookController } from './controller.ts';

// The controller on a real API server with a real controller-manager; this file plays kubelet, volume binder and program.

let running: RunningController;
let client: KubeClient;
let namespace: string;
const images = { '1.0.0': 'sluice/order-book:1', '1.1.0': 'sluice/order-book:2' };

beforeAll(async () => {
  const controller = orderBookController({ catalog: { orderBook: images }, sequenceEveryMs: 2_000 });
  running = await startController(inject('kubeconfig'), controller);
  ({ client } = running);
});
afterAll(() => running.stop());
beforeEach(async () => {
  namespace = `ob-${randomBytes(4).toString('hex')}`;
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

const key = (name = 'spot') => ({ namespace, name });

async function apply(spec: object): Promise<void> {
  const symbols = [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' }];
  const object: KubeObject & { spec: object } = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'OrderBook',
    metadata: key(),
    spec: { symbols, ...spec },
  };
  await client.apply(OrderBook, object, { fieldManager: 'user' });
}

function condition(book: OrderBook | undefined, type: string) {
  const found = book?.status?.conditions?.find((item) => item.type === type);
  return found?.observedGeneration === book?.metadata.generation ? found : undefined;
}

async function reaches(what: string, passes: () => Promise<boolean | undefined>): Promise<void> {
  await expect.poll(passes, { timeout: 30_000, interval: 100, message: what }).toBe(true);
}

async function reachesCondition(type: string, expected: object): Promise<void> {
  await expect
    .poll(async () => condition(await client.get(OrderBook, key()), type), { timeout: 30_000, interval: 100 })
    .toMatchObject(expected);
}

interface Report {
  readonly version: string;
  readonly epoch: number;
  readonly sequence: number;
  /** What it says of its broker. */
  readonly publishing?: { readonly state: string; readonly waiting: number; readonly sentence?: string };
}

/** Runs the pod of the newest template: it gets ready, and the program in it takes the Lease. */
async function runPod(report: Report): Promise<void> {
  const image = images[report.version as keyof typeof images];
  await reaches(`a pod with ${image}`, async () => {
    const pod = await client.get(Pod, key('spot-0'));
    return pod?.metadata.deletionTimestamp === undefined && pod?.spec?.containers[0]?.image === image;
  });
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
  await client.mergePatch(Pod, key('spot-0'), { status }, { subresource: 'status' });
  await publish(report);
}

async function publish({ version, epoch, sequence, publishing }: Report): Promise<void> {
  const padded = (value: number): string => String(value).padStart(20, '0');
  const annotations = {
    'sluice.dev/version': version,
    'sluice.dev/epoch': padded(epoch),
    'sluice.dev/sequence': padded(sequence),
    ...(publishing !== undefined && {
      'sluice.dev/publish-state': publishing.state,
      'sluice.dev/trades-waiting': padded(publishing.waiting),
      'sluice.dev/publish-sentence': publishing.sentence ?? null,
    }),
  };
  const spec = { holderIdentity: 'spot-0', renewTime: new Date().toISOString().replace('Z', '000Z') };
  await client.mergePatch(Lease, key('spot-leader'), { metadata: { annotations }, spec });
}

/** No kubelet here confirms that a pod has ended. */
async function endPod(): Promise<void> {
  const pod = await client.get(Pod, key('spot-0'));
  const uid = pod?.metadata.uid;
  if (uid !== undefined) await client.delete(Pod, key('spot-0'), { preconditions: { uid }, gracePeriodSeconds: 0 });
}

const children: readonly Resource[] = [StatefulSet, Service, ConfigMap, ServiceAccount, Role, RoleBinding, Lease];

async function names(resource: Resource): Promise<string[]> {
  const { items } = await client.list(resource, { namespace });
  return items.map(({ metadata }) => metadata.name).filter((name) => name !== 'kube-root-ca.crt' && name !== 'default');
}

it('a book comes up, follows its leader, is quiet at rest and rolls to a new version', async () => {
  await apply({});
  await runPod({ version: '1.0.0', epoch: 1, sequence: 3 });
  await reachesCondition('Ready', { status: 'True', reason: 'LeaderServes' });
  await reachesCondition('Authenticated', { status: 'False', reason: 'NoAuthentication' });
  const book = await client.get(OrderBook, key());
  expect(book?.status).toMatchObject({ leader: 'spot-0', epoch: '1', sequence: '3', version: '1.0.0', lag: '0' });
  expect((await names(Service)).sort()).toEqual(['spot', 'spot-leader', 'spot-members']);
  expect(await names(PersistentVolumeClaim)).toEqual(['data-spot-0']);

  const versions = async () => {
    const all = await Promise.all(
      children.filter((kind) => kind !== Lease).map((kind) => client.list(kind, { namespace })),
    );
    const books = await client.list(OrderBook, { namespace });
    return [books, ...all].flatMap(({ items }) => items.map(({ metadata }) => metadata.resourceVersion));
  };
  const before = await versions();
  for (let renewal = 0; renewal < 5; renewal++) {
    await publish({ version: '1.0.0', epoch: 1, sequence: 3 });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expect(await versions()).toEqual(before);
  await publish({ version: '1.0.0', epoch: 1, sequence: 90 });
  await reaches('the newer sequence', async () => (await client.get(OrderBook, key()))?.status?.sequence === '90');

  await apply({ version: '1.1.0' });
  await reachesCondition('Ready', { status: 'False', reason: 'Progressing' });
  await endPod();
  await runPod({ version: '1.1.0', epoch: 2, sequence: 90 });
  await reachesCondition('Ready', { status: 'True' });
  expect((await client.get(OrderBook, key()))?.status).toMatchObject({ version: '1.1.0', epoch: '2' });
});

it('what is not built or not known is refused, and the book runs on as it was', async () => {
  await apply({});
  await runPod({ version: '1.0.0', epoch: 1, sequence: 3 });
  await reachesCondition('Ready', { status: 'True' });
  const set = await client.get(StatefulSet, key());
  await apply({ version: '7.0.0' });
  await reachesCondition('Accepted', {
    status: 'False',
    reason: 'UnknownVersion',
    message: 'spec.version 7.0.0 is not one of: 1.0.0, 1.1.0.',
  });
  await apply({ replicas: 3 });
  await reachesCondition('Accepted', { status: 'False', reason: 'NotImplemented' });
  expect((await client.get(StatefulSet, key()))?.metadata.generation).toBe(set?.metadata.generation);
  await apply({});
  await reachesCondition('Accepted', { status: 'True' });
});

it('a book is told of its broker without a secret, and says how publishing goes', async () => {
  const credentials = { secretName: 'nats-login' };
  const spec = {
    publish: { addresses: ['nats://nats:4222'], subject: 'trades.spot', credentials },
    binary: {},
    accounts: [{ name: 'alice', risk: [{ symbol: 'BTC-EUR', maxQuantity: '1' }] }],
  };
  await apply(spec);
  await runPod({ version: '1.0.0', epoch: 1, sequence: 3 });
  await reachesCondition('Ready', { status: 'True' });
  await reachesCondition('Published', { status: 'Unknown', reason: 'NotReported' });
  const pod = await client.get(Pod, key('spot-0'));
  expect(pod?.spec?.volumes?.find(({ name }) => name === 'broker')?.projected?.sources).toEqual([
    { secret: { name: 'nats-login', optional: true, items: [{ key: 'credentials', path: 'credentials' }] } },
  ]);
  expect(JSON.stringify(pod?.spec?.containers[0]?.env)).not.toContain('nats-login');
  for (const name of ['spot', 'spot-leader']) {
    const { ports = [] } = (await client.get(Service, key(name)))?.spec ?? {};
    expect(ports.map(({ port }) => port)).toEqual([8080, 8090]);
  }

  const report = { version: '1.0.0', epoch: 1, sequence: 9 };
  const sentence = 'The credentials for the broker cannot be read from /etc/sluice-broker/credentials (ENOENT).';
  await publish({ ...report, publishing: { state: 'SLUICE_PUBLISH_SECRET', waiting: 2, sentence } });
  await reachesCondition('Published', {
    status: 'False',
    reason: 'SecretMissing',
    message:
      '2 trades wait. Secret nats-login has no key credentials, or is not there. It is used within two minutes of its coming.',
  });
  await reachesCondition('Ready', { status: 'True' });
  await publish({ ...report, publishing: { state: 'SLUICE_BROKER_UNAVAILABLE', waiting: 4, sentence: 'No route.' } });
  await reachesCondition('Published', { status: 'False', reason: 'BrokerUnreachable' });
  await reaches('how many wait', async () => (await client.get(OrderBook, key()))?.status?.tradesWaiting === '4');
  await publish({ ...report, publishing: { state: 'ok', waiting: 0 } });
  await reachesCondition('Published', { status: 'True', reason: 'BrokerTakesTrades' });

  await apply({ ...spec, accounts: [{ name: 'alice', risk: [{ symbol: 'BTC-EUR', maxQuantity: '0.00001' }] }] });
  await reachesCondition('Accepted', { status: 'False', reason: 'InvalidLimit' });
  await apply({});
  await reachesCondition('Accepted', { status: 'True' });
  await endPod();
  await runPod({ version: '1.0.0', epoch: 2, sequence: 9 });
  await reachesCondition('Ready', { status: 'True' });
  const { conditions } = (await client.get(OrderBook, key()))?.status ?? {};
  expect(conditions?.map(({ type }) => type)).not.toContain('Published');
});

it('a class that does not let volumes grow is said; one that does grows them', async () => {
  const name = `fast-${namespace}`;
  const path = '/apis/storage.k8s.io/v1/storageclasses';
  await client.raw('POST', path, { metadata: { name }, provisioner: 'none.example', allowVolumeExpansion: false });
  // Only a bound claim may grow.
  await client.raw('POST', '/api/v1/persistentvolumes', {
    metadata: { name },
    spec: {
      storageClassName: name,
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/none' },
    },
  });
  await apply({ storage: { size: '1Gi', storageClassName: name } });
  await runPod({ version: '1.0.0', epoch: 1, sequence: 3 });
  await reachesCondition('VolumeSized', { status: 'True' });
  await apply({ storage: { size: '2Gi', storageClassName: name } });
  await reachesCondition('VolumeSized', { status: 'False', reason: 'GrowthNotSupported' });
  await reachesCondition('Ready', { status: 'True' });

  await client.raw('DELETE', `${path}/${name}`);
  await client.raw('POST', path, { metadata: { name }, provisioner: 'none.example', allowVolumeExpansion: true });
  await apply({ storage: { size: '3Gi', storageClassName: name } });
  await reaches('the larger claim', async () => {
    const claim = await client.get(PersistentVolumeClaim, key('data-spot-0'));
    return claim?.spec?.resources?.requests?.storage === '3Gi';
  });
  await reachesCondition('VolumeSized', { status: 'False', reason: 'Growing' });
  await client.raw('DELETE', `${path}/${name}`);
  await client.raw('DELETE', `/api/v1/persistentvolumes/${name}`);
});

it.each([
  ['Retain', 'Delete', []],
  ['Delete', 'Retain', ['data-spot-0']],
])('made with %s, changed to %s and deleted at once: volumes left %j, nothing else', async (first, last, left) => {
  await apply({ deletionPolicy: first });
  await runPod({ version: '1.0.0', epoch: 1, sequence: 3 });
  await reachesCondition('Ready', { status: 'True' });
  await apply({ deletionPolicy: last });
  const uid = (await client.get(OrderBook, key()))?.metadata.uid ?? '';
  await client.delete(OrderBook, key(), { preconditions: { uid } });
  await reaches('the end of the book', async () => (await client.get(OrderBook, key())) === undefined);
  for (const kind of children) {
    await reaches(`no ${kind.kind} is left`, async () => (await names(kind)).length === 0);
  }
  await endPod();
  await reaches('no pod is left', async () => (await names(Pod)).length === 0);
  // A claim that a pod used is held by a finalizer until the pod is gone.
  await reaches(
    `volumes ${left}`,
    async () => JSON.stringify(await names(PersistentVolumeClaim)) === JSON.stringify(left),
  );
});
