import { randomBytes } from 'node:crypto';
import { AppDeployment } from '@sluice/api';
import {
  HorizontalPodAutoscaler,
  type KubeClient,
  Namespace,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
} from '@sluice/runtime';
import { afterAll, beforeAll, beforeEach, expect, inject, onTestFinished, test } from 'vitest';
import { type RunningController, startController } from '../testing/start-controller.ts';
import { appDeploymentController } from './controller.ts';
import { parseDrainReport } from './drain-report.ts';
import { drainReport, type KubeletBehaviour, playKubelet } from './testing/kubelet.ts';

// The controller on a real API server with a real controller-manager; this file plays the kubelets.

let running: RunningController;
let client: KubeClient;
let namespace: string;
/** Open connections that a draining pod shows, by pod name. */
const shown = new Map<string, number>();

beforeAll(async () => {
  const poll = async ({ metadata }: Pod) => {
    const open = shown.get(metadata.name);
    return open === undefined ? undefined : { ...parsed(), open };
  };
  const controller = appDeploymentController({ catalog: { drain: 'sluice/drain:1' }, poll });
  running = await startController(inject('kubeconfig'), controller);
  ({ client } = running);
});

afterAll(() => running.stop());

beforeEach(async () => {
  namespace = `appd-${randomBytes(4).toString('hex')}`;
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

function parsed() {
  const report = parseDrainReport(drainReport(0));
  if (report === undefined) throw new Error('the sample is no report');
  return { ...report, phase: 'holding' as const };
}

async function kubelet(behaviour?: KubeletBehaviour): Promise<void> {
  onTestFinished(await playKubelet(client, namespace, behaviour));
}

const key = () => ({ namespace, name: 'shop' });

async function apply(spec: object): Promise<void> {
  const defaults = { version: 'v1', image: 'shop:v1', replicas: 3, ports: [{ name: 'http', containerPort: 8080 }] };
  const object = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'AppDeployment',
    metadata: { name: 'shop', namespace },
    spec: { ...defaults, ...spec },
  };
  await client.apply(AppDeployment, object, { fieldManager: 'user' });
}

/** Waits until the status of the newest spec passes. */
async function reaches(what: string, passes: (app: AppDeployment) => boolean): Promise<AppDeployment> {
  let last: AppDeployment | undefined;
  await expect
    .poll(
      async () => {
        last = await client.get(AppDeployment, key());
        return last?.status?.observedGeneration === last?.metadata.generation && last !== undefined && passes(last);
      },
      { timeout: 30_000, interval: 100, message: what },
    )
    .toBe(true);
  if (last === undefined) throw new Error('unreachable');
  return last;
}

const reason = (app: AppDeployment, type: string) =>
  app.status?.conditions?.find((condition) => condition.type === type)?.reason;
const complete = (version: string) => (app: AppDeployment) =>
  reason(app, 'Progressing') === 'RolloutComplete' && app.status?.lastRollout?.to === version;
const names = async (resource: typeof Pod | typeof Service | typeof ReplicaSet | typeof PodDisruptionBudget) =>
  (await client.list(resource as typeof Pod, { namespace })).items.map(({ metadata }) => metadata.name);

test('an app comes up behind its Services, can be scaled, and is quiet at rest', async () => {
  await kubelet();
  await apply({});
  const app = await reaches('the first rollout', complete('v1'));
  expect(app.status).toMatchObject({
    replicas: 3,
    readyReplicas: 3,
    updatedReplicas: 3,
    version: 'v1',
    drainingPods: 0,
  });
  const hash = app.status?.currentRevision;
  expect((await names(Service)).sort()).toEqual(['shop', `shop-${hash}`]);
  expect(await names(PodDisruptionBudget)).toEqual(['shop']);
  const path = `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/appdeployments/shop/scale`;
  const scale = await client.raw('GET', path);
  expect(scale).toMatchObject({
    status: { replicas: 3, selector: 'app.kubernetes.io/name=app-deployment,app.kubernetes.io/instance=shop' },
  });
  await client.mergePatch(AppDeployment, key(), { spec: { replicas: 4 } }, { subresource: 'scale' });
  await reaches('four pods', ({ status }) => status?.readyReplicas === 4);

  const versions = async () => {
    const app = await client.get(AppDeployment, key());
    const { items } = await client.list(ReplicaSet, { namespace });
    const services = await client.list(Service, { namespace });
    return [app, ...items, ...services.items].map((object) => object?.metadata.resourceVersion);
  };
  let before = await versions();
  await expect
    .poll(
      async () => {
        const [was, is] = [before, await versions()];
        before = is;
        return is.join() === was.join();
      },
      { timeout: 20_000, interval: 2000 },
    )
    .toBe(true);
});

test('a rollout surges, drains pod by pod, shows what is open and reports what was drained', async () => {
  let held = true;
  await kubelet({ ends: () => (held ? undefined : drainReport(5)) });
  await apply({ drain: { maxDraining: 2 } });
  await reaches('the first rollout', complete('v1'));
  await apply({ version: 'v2', image: 'shop:v2', drain: { maxDraining: 2 } });
  const draining = await reaches('two draining pods', ({ status }) => status?.drainingPods === 2);
  expect(draining.status?.readyReplicas).toBeGreaterThanOrEqual(3);
  const pods = draining.status?.revisions?.flatMap((revision) => revision.draining ?? []) ?? [];
  expect(pods).toHaveLength(2);
  for (const { pod, deadlineTime } of pods) {
    expect(Date.parse(deadlineTime ?? '') - Date.now()).toBeGreaterThan(280_000);
    shown.set(pod, 5);
  }
  await reaches('ten open connections', ({ status }) => status?.openConnections === 10);
  held = false;
  const app = await reaches('the second rollout', complete('v2'));
  expect(app.status?.lastRollout).toMatchObject({
    from: 'v1',
    to: 'v2',
    connections: { drained: 15, severedByDeadline: 0, severedByNode: 0, unknown: 0, podsWithoutReport: 0 },
  });
  expect(app.status?.revisions).toHaveLength(1);
  expect((await client.list(ReplicaSet, { namespace })).items.map(({ spec }) => spec?.replicas).sort()).toEqual([0, 3]);
  expect((await names(Service)).sort()).toEqual(['shop', `shop-${app.status?.currentRevision}`]);
});

test('setting the version back in the middle of a rollout takes the new pods away and keeps the old ones', async () => {
  await kubelet({ starts: ({ spec }) => spec?.containers[0]?.image !== 'shop:bad' });
  await apply({ progressDeadlineSeconds: 10 });
  await reaches('the first rollout', complete('v1'));
  const before = (await names(Pod)).sort();
  await apply({ version: 'bad', image: 'shop:bad', progressDeadlineSeconds: 10 });
  const stalled = await reaches('the stall', (app) => reason(app, 'Progressing') === 'ProgressDeadlineExceeded');
  expect(reason(stalled, 'Ready')).toBe('AllRevisionsServed');
  await apply({ progressDeadlineSeconds: 10 });
  await reaches('the way back', complete('v1'));
  expect((await names(Pod)).sort()).toEqual(before);
});

test.each([
  ['breaks a rule', { ports: [{ containerPort: 99_999 }] }],
  ['has a field of the wrong type', { resources: { limits: { memory: 'lots' } } }],
  ['has an unknown field', { portz: [] }],
])('a template that %s is answered in status, and what runs keeps running', async (_name, container) => {
  await kubelet();
  await apply({});
  await reaches('the first rollout', complete('v1'));
  const before = (await names(Pod)).sort();
  await apply({ version: 'v2', template: { spec: { containers: [{ name: 'app', ...container }] } } });
  const refused = await reaches('the refusal', (app) => reason(app, 'Accepted') !== 'Valid');
  expect(reason(refused, 'Accepted')).toBe('InvalidTemplate');
  expect((await names(Pod)).sort()).toEqual(before);
  await apply({ version: 'v2', image: 'shop:v2' });
  await reaches('the mended rollout', complete('v2'));
});

test('an autoscaler and a deletion: everything goes, after the drain', async () => {
  let held = true;
  await kubelet({ ends: () => (held ? undefined : drainReport(1)) });
  await apply({ autoscaling: { maxReplicas: 5 } });
  await reaches('the first rollout', complete('v1'));
  expect(await client.get(HorizontalPodAutoscaler, key())).toBeDefined();
  const app = await client.get(AppDeployment, key());
  await client.delete(AppDeployment, key(), { preconditions: { uid: app?.metadata.uid ?? '' } });
  await reaches('three pods that drain', ({ status }) => status?.drainingPods === 3);
  // Endpoints need their Service until the last connection has ended.
  expect(await names(Service)).toContain('shop');
  held = false;
  await expect.poll(() => client.get(AppDeployment, key()), { timeout: 20_000 }).toBeUndefined();
  await expect
    .poll(
      async () => [
        ...(await names(Pod)),
        ...(await names(ReplicaSet)),
        ...(await names(Service)),
        ...(await names(PodDisruptionBudget)),
      ],
      {
        timeout: 20_000,
      },
    )
    .toEqual([]);
});

test('a namespace that ends takes the app with it, as its pods drain', async () => {
  let held = true;
  await kubelet({ ends: () => (held ? undefined : drainReport(1)) });
  await apply({});
  await reaches('the first rollout', complete('v1'));
  const found = await client.get(Namespace, { namespace: '', name: namespace });
  await client.delete(
    Namespace,
    { namespace: '', name: namespace },
    { preconditions: { uid: found?.metadata.uid ?? '' } },
  );
  await reaches('three pods that drain', ({ status }) => status?.drainingPods === 3);
  // Somebody tidies up by hand; nothing new can be made in a namespace that ends.
  const sets = await client.list(ReplicaSet, { namespace });
  for (const { metadata } of sets.items) {
    await client.delete(ReplicaSet, { namespace, name: metadata.name }, { preconditions: { uid: metadata.uid ?? '' } });
  }
  await reaches('the refusal', (app) => reason(app, 'Accepted') === 'NamespaceTerminating');
  held = false;
  await expect.poll(() => names(Pod), { timeout: 20_000 }).toEqual([]);
});
