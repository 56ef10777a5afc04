import { SequenceCounter, type SequenceCounterSpec } from '@sluice/api';
import {
  ConfigMap,
  type KubeObject,
  Lease,
  Pod,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { type CounterLoadFigures, runCounterLoad } from '../workloads/sequence-counter/load/run-counter-load.ts';
import { type Cluster, conditionOf, killContainer, useCluster, waitFor, withNamespace } from './cluster.ts';

// Numbers taken through the data plane of the cluster while pods die, counted on the client's side.

let cluster: Cluster;

beforeAll(async () => {
  cluster = await useCluster();
});

/** A node port that the kind cluster maps to 127.0.0.1 and that nothing else here uses. */
const nodePort = 30088;
const baseUrl = `http://127.0.0.1:${nodePort}`;
const name = 'numbers';

async function create(namespace: string, spec: Partial<SequenceCounterSpec>): Promise<void> {
  const metadata = { name, namespace };
  const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'SequenceCounter', metadata, spec };
  await cluster.client.create(SequenceCounter, object as unknown as SequenceCounter);
  const service: KubeObject & Pick<Service, 'spec'> = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'test-numbers', namespace },
    spec: {
      type: 'NodePort',
      selector: { 'app.kubernetes.io/name': 'sequence-counter', 'app.kubernetes.io/instance': name },
      ports: [{ name: 'http', port: 8080, targetPort: 'http', nodePort }],
    },
  };
  await cluster.client.apply(Service, service, { fieldManager: 'test' });
}

async function read(namespace: string): Promise<SequenceCounter> {
  const counter = await cluster.client.get(SequenceCounter, { namespace, name });
  if (counter === undefined) throw new Error(`${name} is gone`);
  return counter;
}

function ready(namespace: string): Promise<SequenceCounter> {
  return waitFor(`${name} to be ready`, async () => {
    const counter = await read(namespace);
    return conditionOf(counter, 'Ready')?.status === 'True' ? counter : undefined;
  });
}

async function holderOf(namespace: string): Promise<string> {
  const ledger = await cluster.client.get(Lease, { namespace, name: `${name}-ledger` });
  const pod = ledger?.spec?.holderIdentity?.split('/', 1)[0];
  if (pod === undefined) throw new Error('no replica holds the ledger');
  return pod;
}

/** Takes numbers with two clients, and does something to the cluster after a tenth of them and after a half. */
async function loadWhile(
  numbers: number,
  disturbances: readonly [() => Promise<void>, () => Promise<void>],
): Promise<CounterLoadFigures> {
  const done: Promise<void>[] = [];
  const figures = await runCounterLoad({
    baseUrl,
    numbers,
    clients: 2,
    onProgress: ({ answers }) => {
      if (done.length === 0 && answers > numbers / 10) done.push(disturbances[0]());
      else if (done.length === 1 && answers > numbers / 2) done.push(disturbances[1]());
    },
  });
  expect(done).toHaveLength(2);
  await Promise.all(done);
  console.error(`numbers: ${JSON.stringify(figures)}`);
  return figures;
}

test('Strict: 10,000 numbers for two clients while the holder is killed and a pod is deleted; nothing is left behind', async () => {
  await withNamespace(cluster, async (namespace) => {
    await create(namespace, { replicas: 3 });
    const counter = await ready(namespace);
    expect(conditionOf(counter, 'Authenticated')?.reason).toBe('NoAuthentication');
    await runCounterLoad({ baseUrl, numbers: 20, clients: 2 });

    const figures = await loadWhile(10_000, [
      async () => killContainer(cluster, namespace, await holderOf(namespace)),
      async () => {
        const pod = await cluster.client.get(Pod, { namespace, name: await holderOf(namespace) });
        const { uid = '' } = pod?.metadata ?? {};
        const key = { namespace, name: pod?.metadata.name ?? '' };
        await cluster.client.delete(Pod, key, { preconditions: { uid }, gracePeriodSeconds: 0 });
      },
    ]);
    expect(figures).toMatchObject({ answers: 10_000, duplicates: 0, inverted: false });

    const { status } = await waitFor('the mark in the status', async () => {
      const now = await read(namespace);
      return BigInt(now.status?.highWater ?? '0') >= 10_020n ? now : undefined;
    });
    expect(BigInt(status?.epoch ?? '0')).toBeGreaterThanOrEqual(3n);
    expect(conditionOf(await ready(namespace), 'LedgerRegressed')?.status).toBe('False');

    const { metadata } = await read(namespace);
    await cluster.client.delete(SequenceCounter, { namespace, name }, { preconditions: { uid: metadata.uid ?? '' } });
    await waitFor('everything to be gone', async () => {
      const left: string[] = [];
      for (const resource of [
        Pod,
        StatefulSet,
        Lease,
        Service,
        PodDisruptionBudget,
        Role,
        RoleBinding,
        ConfigMap,
        ServiceAccount,
      ]) {
        const { items } = await cluster.client.list<KubeObject>(resource, { namespace });
        left.push(...items.map((object) => `${object.kind}/${object.metadata.name}`));
      }
      const others = ['Service/test-numbers', 'ConfigMap/kube-root-ca.crt', 'ServiceAccount/default'];
      const ours = left.filter((object) => !others.includes(object));
      if (ours.length > 0) throw new Error(ours.join(', '));
      return true;
    });
  });
});

test('Strict: a rolling change of all pods under load, with tokens, gives no number twice and keeps the order', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const key = { kid: 'e2e', kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' } as const;
  expect([kty, crv]).toEqual(['EC', 'P-256']);
  const jwt = { issuer: 'https://e2e.example', audience: 'numbers', jwks: { keys: [key] } };
  const token = (): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'e2e' })
      .setIssuer(jwt.issuer)
      .setAudience(jwt.audience)
      .setSubject('test')
      .setExpirationTime('10m')
      .sign(privateKey);

  await withNamespace(cluster, async (namespace) => {
    await create(namespace, { replicas: 3, auth: { jwt } });
    await ready(namespace);
    // The Service is new: until its rules are on every node, connections are accepted and closed.
    const refused = await waitFor('an answer', () => fetch(`${baseUrl}/v1/next`, { method: 'POST' }));
    expect(refused.status).toBe(401);
    // The load lasts as long as the change: until every pod was replaced and one was taken away.
    const over = new AbortController();
    const load = runCounterLoad({ baseUrl, numbers: 1_000_000, clients: 2, token, signal: over.signal });
    await cluster.client.mergePatch(
      SequenceCounter,
      { namespace, name },
      { spec: { leaseDurationSeconds: 4, replicas: 2 } },
    );
    const { status } = await ready(namespace);
    over.abort();
    const figures = await load;
    console.error(`numbers: ${JSON.stringify(figures)}`);
    expect(figures).toMatchObject({ duplicates: 0, inverted: false });
    expect(figures.answers).toBeGreaterThan(1_000);
    expect(status).toMatchObject({ replicas: 2, readyReplicas: 2 });
  });
});

test('Unique: several counters, each by its own start and step', async () => {
  await withNamespace(cluster, async (namespace) => {
    const counters = [
      { name: 'tickets', start: 1, step: 1 },
      { name: 'refunds', start: 1_000_000, step: 10 },
    ];
    await create(namespace, { replicas: 2, ordering: 'Unique', counters });
    await ready(namespace);
    const [tickets, refunds] = await Promise.all([
      runCounterLoad({ baseUrl, numbers: 2_000, clients: 2 }),
      runCounterLoad({ baseUrl, numbers: 2_000, clients: 2, counter: 'refunds' }),
    ]);
    expect([tickets.duplicates, refunds.duplicates]).toEqual([0, 0]);
    const response = await fetch(`${baseUrl}/v1/next`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ counter: 'refunds', count: 3 }),
    });
    const { values } = (await response.json()) as { values: string[] };
    expect(values.every((value) => Number(value) >= 1_000_000 && Number(value) % 10 === 0)).toBe(true);
  });
});
