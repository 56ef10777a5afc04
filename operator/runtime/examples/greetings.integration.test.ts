import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { type Cluster, ConfigMap, connectKubeconfig, Namespace } from '../index.ts';
import { Greeting } from './greetings.ts';
import { endProcess, serveGreetings } from './testing/real-server.ts';

const namespace = `greetings-${randomUUID().slice(0, 8)}`;
const soon = { timeout: 30_000, interval: 50 };
let cluster: Cluster;

beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  const { client } = cluster;
  await serveGreetings(client);
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

afterAll(() => cluster.close());

/** The example as its own process, as a user would run it. */
interface Operator {
  readonly process: ChildProcess;
  /** Sum of the series of a metric whose labels match. */
  metric(name: string, labels?: RegExp): Promise<number>;
  /** Requests that change something, as it counts them itself. */
  writes(): Promise<number>;
}

let operator: Operator;
afterEach(() => endProcess(operator.process, 'SIGTERM'));

async function startOperator(): Promise<Operator> {
  const env = { ...process.env, KUBECONFIG: inject('kubeconfig'), METRICS_PORT: '0' };
  const started = spawn(process.execPath, [join(import.meta.dirname, 'greetings.ts')], { env, stdio: 'pipe' });
  let errors = '';
  started.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(started.stdout).on('line', (line) => {
      const { port } = JSON.parse(line) as { port?: number };
      if (port !== undefined) resolve(port);
    });
    started.once('exit', (code) => reject(new Error(`the operator ended with ${code}: ${errors}`)));
  });
  const metric = async (name: string, labels = /./): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const series = text.split('\n').filter((line) => line.startsWith(`${name}{`) && labels.test(line));
    return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  };
  return { process: started, metric, writes: () => metric('rest_client_requests_total', /method="(?!GET)/) };
}

/** What the operator had to write at its start for Greetings that other tests have left on this API server. */
async function writesForOthers(): Promise<number> {
  const busy = async () =>
    (await operator.metric('workqueue_depth')) + (await operator.metric('controller_runtime_active_workers'));
  await expect.poll(busy, soon).toBe(0);
  return operator.writes();
}

const create = (name: string, names: string[]) =>
  cluster.client.create(Greeting, {
    apiVersion: 'example.org/v1',
    kind: 'Greeting',
    metadata: { name, namespace },
    spec: { names },
  });
const change = (name: string, patch: object) => cluster.client.mergePatch(Greeting, { namespace, name }, patch);
const cardOf = async (name: string) => (await cluster.client.get(ConfigMap, { namespace, name }))?.data;
const greeted = async (name: string) => (await cluster.client.get(Greeting, { namespace, name }))?.status?.greeted;

test('it converges, and in a world that is as wanted any number of reconciles writes nothing', async () => {
  operator = await startOperator();
  const others = await writesForOthers();
  const names = Array.from({ length: 30 }, (_, i) => `idle-${i}`);
  await Promise.all(names.map((name) => create(name, ['ann', 'bob'])));
  for (const name of names) await expect.poll(() => greeted(name), soon).toBe(2);
  expect(await cardOf('idle-7')).toEqual({ ann: 'Hello, ann!', bob: 'Hello, bob!' });
  // One ConfigMap and one status each, no more.
  expect((await operator.writes()) - others).toBe(60);
  const before = await operator.metric('controller_runtime_reconcile_total');
  for (const name of names) await change(name, { metadata: { annotations: { looked: 'again' } } });
  await expect
    .poll(() => operator.metric('controller_runtime_reconcile_total'), soon)
    .toBeGreaterThanOrEqual(before + 30);
  expect((await operator.writes()) - others).toBe(60);
});

test('it follows the spec, takes back what it no longer wants, and mends what others break', async () => {
  operator = await startOperator();
  await create('drift', ['ann', 'bob']);
  await expect.poll(() => cardOf('drift'), soon).toEqual({ ann: 'Hello, ann!', bob: 'Hello, bob!' });
  await change('drift', { spec: { names: ['bob', 'eve'] } });
  await expect.poll(() => cardOf('drift'), soon).toEqual({ bob: 'Hello, bob!', eve: 'Hello, eve!' });
  await cluster.client.mergePatch(ConfigMap, { namespace, name: 'drift' }, { data: { eve: 'Go away!' } });
  await expect.poll(() => cardOf('drift'), soon).toEqual({ bob: 'Hello, bob!', eve: 'Hello, eve!' });
  const uid = (await cluster.client.get(ConfigMap, { namespace, name: 'drift' }))?.metadata.uid ?? '';
  await cluster.client.delete(ConfigMap, { namespace, name: 'drift' }, { preconditions: { uid } });
  await expect.poll(() => cardOf('drift'), soon).toEqual({ bob: 'Hello, bob!', eve: 'Hello, eve!' });
});

test('killed without notice, it catches up with what happened meanwhile and touches nothing else', async () => {
  operator = await startOperator();
  await create('changed', ['ann']);
  await create('kept', ['ann']);
  await create('left', ['ann']);
  for (const name of ['changed', 'kept', 'left']) await expect.poll(() => greeted(name), soon).toBe(1);
  await endProcess(operator.process, 'SIGKILL');
  await change('changed', { spec: { names: ['ann', 'bob'] } });
  const uid = (await cluster.client.get(Greeting, { namespace, name: 'left' }))?.metadata.uid ?? '';
  await cluster.client.delete(Greeting, { namespace, name: 'left' }, { preconditions: { uid } });
  // The garbage collector looks for new kinds of owners every 30 s.
  await expect.poll(() => cardOf('left'), { ...soon, timeout: 90_000 }).toBeUndefined();
  operator = await startOperator();
  await expect.poll(() => greeted('changed'), soon).toBe(2);
  await expect.poll(() => operator.metric('workqueue_depth'), soon).toBe(0);
  expect(await operator.writes()).toBe(2);
});

test('it stops in order on SIGTERM', async () => {
  operator = await startOperator();
  operator.process.kill('SIGTERM');
  expect(await once(operator.process, 'exit')).toEqual([0, null]);
});
