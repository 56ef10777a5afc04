import { randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Cluster, ConfigMap, connectKubeconfig, done, Namespace, runManager } from '../index.ts';
import { connectCluster } from '../kube/cluster.ts';
import { kubeconfigCredentials } from '../kube/kubeconfig.ts';
import { createLogger, createRegistry } from '../telemetry/index.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';
import { controller } from './builder.ts';
import type { ManagerOptions } from './manager.ts';

const namespace = `manager-${randomUUID().slice(0, 8)}`;
const soon = { timeout: 30_000, interval: 20 };
let cluster: Cluster;

beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

afterAll(() => cluster.close());

const create = (name: string) =>
  cluster.client.create(ConfigMap, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace } });

/** A manager whose one controller only notes which ConfigMaps of the namespace it was asked to look at. */
function startManager(identity: string, more: Partial<ManagerOptions> = {}) {
  const reconciled: string[] = [];
  const registry = createRegistry();
  const stop = new AbortController();
  let port = 0;
  const notes = controller(ConfigMap).reconcile(async ({ namespace: of, name }) => {
    if (of === namespace) reconciled.push(name);
    return done();
  });
  const options: ManagerOptions = {
    cluster,
    controllers: [notes],
    log: createLogger(identity, 'silent'),
    registry,
    identity,
    reportingController: 'example.org/test',
    metricsPort: 0,
    onReady: (started) => {
      port = started.port;
    },
    ...more,
  };
  const ended = runManager(options, stop.signal);
  const page = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`);
    return { status: answer.status, text: await answer.text() };
  };
  const isReady = async (): Promise<boolean> => port !== 0 && (await page('/readyz')).status === 200;
  return { reconciled, page, isReady, ended, stop: () => stop.abort() };
}

test('a standby is ready but idle, and when the leader stops it has everything in its queue', async () => {
  const leaderElection = { namespace, name: 'operator' };
  const first = startManager('first', { leaderElection });
  await create('before');
  await expect.poll(() => first.reconciled, soon).toContain('before');
  const second = startManager('second', { leaderElection });
  await expect.poll(second.isReady, soon).toBe(true);
  await create('during');
  await expect.poll(() => first.reconciled, soon).toContain('during');
  expect(second.reconciled).toEqual([]);
  expect((await second.page('/metrics')).text).toContain('leader_election_master_status{name="operator"} 0');
  first.stop();
  await first.ended;
  await expect.poll(() => second.reconciled, soon).toEqual(expect.arrayContaining(['before', 'during']));
  expect((await second.page('/metrics')).text).toContain('leader_election_master_status{name="operator"} 1');
  second.stop();
  await second.ended;
});

test('it works on after its connections were reset, and after they went silent', async () => {
  const credentials = await kubeconfigCredentials({ path: inject('kubeconfig') });
  const { hostname, port } = new URL(credentials.server);
  const proxy = await startFaultProxy({ host: hostname, port: Number(port) });
  const faulty = connectCluster({ ...credentials, server: `https://127.0.0.1:${proxy.port}` });
  const manager = startManager('behind-proxy', { cluster: faulty });
  await create('at-first');
  await expect.poll(() => manager.reconciled, soon).toContain('at-first');
  proxy.cut();
  await create('after-reset');
  await expect.poll(() => manager.reconciled, soon).toContain('after-reset');
  proxy.freeze();
  await create('after-silence');
  await expect.poll(() => manager.reconciled, soon).toContain('after-silence');
  manager.stop();
  await manager.ended;
  faulty.close();
  await proxy.stop();
});

test('its metrics have the names and labels of the Go runtime', async () => {
  const registered = createRegistry();
  const counted = await connectKubeconfig({ path: inject('kubeconfig') }, { registry: registered });
  const manager = startManager('metrics', { cluster: counted, registry: registered });
  await expect.poll(manager.isReady, soon).toBe(true);
  const { text } = await manager.page('/metrics');
  for (const series of [
    'controller_runtime_reconcile_total{controller="configmap",result="success"}',
    'controller_runtime_reconcile_errors_total{controller="configmap"}',
    'controller_runtime_terminal_reconcile_errors_total{controller="configmap"}',
    'controller_runtime_reconcile_panics_total{controller="configmap"}',
    'controller_runtime_reconcile_timeouts_total{controller="configmap"}',
    'controller_runtime_max_concurrent_reconciles{controller="configmap"} 4',
    'controller_runtime_active_workers{controller="configmap"}',
    'workqueue_depth{name="configmap",controller="configmap"}',
    'workqueue_adds_total{name="configmap",controller="configmap"}',
    'workqueue_retries_total{name="configmap",controller="configmap"}',
    'workqueue_unfinished_work_seconds{name="configmap",controller="configmap"}',
    'workqueue_longest_running_processor_seconds{name="configmap",controller="configmap"}',
    'rest_client_requests_total{method="GET",code="200",host="127.0.0.1:',
  ]) {
    expect(text).toContain(series);
  }
  expect(await manager.page('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  expect((await manager.page('/elsewhere')).status).toBe(404);
  manager.stop();
  await manager.ended;
  counted.close();
});

test('a port that is taken is an error before anything runs', async () => {
  const other = createServer().listen(0);
  const address = other.address();
  const metricsPort = address !== null && typeof address === 'object' ? address.port : 0;
  const manager = startManager('late', { metricsPort });
  await expect(manager.ended).rejects.toMatchObject({ code: 'EADDRINUSE' });
  other.close();
});
