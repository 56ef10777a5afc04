import { get } from 'node:http';
import { AppDeployment, type ConnectionOutcomes } from '@sluice/api';
import { type KubeObject, Pod, PodDisruptionBudget, ReplicaSet, Service } from '@sluice/runtime';
import { beforeAll, expect, test } from 'vitest';
import { deployApps } from '../cli/deploy-apps.ts';
import { loadImages } from '../hack/cluster/env.ts';
import { buildImages } from '../hack/images/build.ts';
import {
  type HeldConnections,
  type HoldOptions,
  holdConnections,
} from '../workloads/node-app/load/hold-connections.ts';
import { type Cluster, conditionOf, killContainer, useCluster, waitFor, withNamespace } from './cluster.ts';

// Connections held by a real client over a real data plane, laid beside what status says about them.

let cluster: Cluster;

beforeAll(async () => {
  cluster = await useCluster();
});

/**
 * A namespace whose apps and node ports go before it does. Deleting a namespace looks again only after half the grace
 * period of its pods, however early they end.
 */
function withApps(body: (namespace: string) => Promise<void>): Promise<void> {
  return withNamespace(cluster, async (namespace) => {
    try {
      await body(namespace);
    } finally {
      await cluster.kubectl('-n', namespace, 'delete', 'services', '-l', testLabel);
    }
    await cluster.kubectl('-n', namespace, 'delete', 'appd', '--all', '--timeout=180s');
  });
}

const testLabel = 'made-by=test';

/** Node ports that the kind cluster maps to 127.0.0.1 and that nothing else here uses. */
const spare = { first: 30086, second: 30087 } as const;
const urlOf = (port: number) => `http://127.0.0.1:${port}`;

async function exposeAt(namespace: string, app: string, nodePort: number): Promise<void> {
  const object: KubeObject & Pick<Service, 'spec'> = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `test-${app}`, namespace, labels: { 'made-by': 'test' } },
    spec: {
      type: 'NodePort',
      selector: { 'app.kubernetes.io/name': 'app-deployment', 'app.kubernetes.io/instance': app },
      ports: [{ name: 'http', port: 8080, targetPort: 'http', nodePort }],
    },
  };
  await cluster.client.apply(Service, object, { fieldManager: 'test' });
  // Several answers in a row: every node has programmed the port.
  let answers = 0;
  await waitFor(`${app} at port ${nodePort}`, async () => {
    answers = (await answersAt(nodePort)) ? answers + 1 : 0;
    return answers >= 5;
  });
}

function answersAt(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const request = get(`${urlOf(port)}/?maxDelayMs=0`, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      response.once('end', () => settle(response.statusCode === 200));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', () => settle(false));
  });
}

const read = async (namespace: string, name: string): Promise<AppDeployment> => {
  const app = await cluster.client.get(AppDeployment, { namespace, name });
  if (app === undefined) throw new Error(`${name} is gone`);
  return app;
};

/** Every pod of the spec's revision is ready and every older one is draining or gone. */
function tookOver(namespace: string, name: string): Promise<AppDeployment> {
  return waitFor(`${name} to be taken over by its new pods`, async () => {
    const app = await read(namespace, name);
    const { spec, status } = app;
    const current = status?.revisions?.find(({ version }) => version === spec.version);
    const old = status?.revisions?.filter((revision) => revision !== current) ?? [];
    return current?.readyReplicas === spec.replicas && old.every(({ replicas }) => replicas === 0) ? app : undefined;
  });
}

function rolledOut(namespace: string, name: string): Promise<AppDeployment> {
  return waitFor(`the rollout of ${name}`, async () => {
    const app = await read(namespace, name);
    return conditionOf(app, 'Progressing')?.reason === 'RolloutComplete' ? app : undefined;
  });
}

const none: ConnectionOutcomes = {
  drained: 0,
  closedByApp: 0,
  severedByDeadline: 0,
  severedByNode: 0,
  unknown: 0,
  podsWithoutReport: 0,
};

test('3 × 200 connections held over a rollout of both apps: none broken, and status counts them', async () => {
  await withApps(async (namespace) => {
    const apps = ['go-app', 'node-app'];
    const deploy = (version: string) => deployApps({ apps, version, namespace });
    expect((await deploy('e2e-1')).map(({ succeeded }) => succeeded)).toEqual([true, true]);
    await exposeAt(namespace, 'go-app', spare.first);
    await exposeAt(namespace, 'node-app', spare.second);
    const options = { webSockets: 100, eventStreams: 100, slowRequests: 100, slowSeconds: 75 };
    const held = await Promise.all(
      [spare.first, spare.second].map((port) => holdConnections({ baseUrl: urlOf(port), ...options })),
    );
    for (const one of held) expect(one.ledger()).toEqual({ opened: 300, open: 300, completed: 0, broken: [] });

    const rollout = deploy('e2e-2');
    rollout.catch(() => undefined); // waited for below
    for (const app of apps) await tookOver(namespace, app);
    for (const [index, app] of apps.entries()) {
      await waitFor(`status of ${app} to count its open connections`, async () => {
        return (await read(namespace, app)).status?.openConnections === held[index]?.ledger().open;
      });
      expect(held[index]?.ledger()).toEqual({ opened: 300, open: 300, completed: 0, broken: [] });
    }
    for (const one of held) expect(await one.release()).toEqual({ opened: 300, open: 0, completed: 300, broken: [] });
    const released = performance.now();
    expect(await rollout).toMatchObject([{ succeeded: true }, { succeeded: true }]);
    console.log(`rollouts complete ${Math.round(performance.now() - released)} ms after the last connection closed`);
    for (const app of apps) {
      const { status } = await read(namespace, app);
      expect(status?.lastRollout).toMatchObject({ from: 'e2e-1', to: 'e2e-2', connections: { ...none, drained: 300 } });
    }
  });
});

/** An app of one file: an event stream that ends when the process does, which is at once on SIGTERM. */
const rude = `
  const { createServer } = require('node:http');
  createServer((request, response) => {
    if (request.url !== '/events') return response.end('ok');
    const say = () => response.write('data: ' + JSON.stringify({ version: process.env.APP_VERSION, pod: process.env.HOSTNAME }) + '\\n\\n');
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    say();
    const timer = setInterval(say, 1000);
    response.once('close', () => clearInterval(timer));
  }).listen(8080);
  process.on('SIGTERM', () => process.exit(1));`;

async function applyOne(namespace: string, name: string, spec: object): Promise<void> {
  const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'AppDeployment', metadata: { name, namespace }, spec };
  await cluster.client.apply(AppDeployment, object, { fieldManager: 'test' });
}

async function rudeApp(namespace: string, version: string, drain: object): Promise<void> {
  const { 'node-app': image } = await buildImages(['node-app']);
  await loadImages([image]);
  const container = {
    name: 'app',
    command: ['node', '-e', rude],
    env: [{ name: 'APP_VERSION', value: version }],
    resources: { requests: { cpu: '20m', memory: '48Mi' } },
  };
  const ports = [{ name: 'http', containerPort: 8080 }];
  await applyOne(namespace, 'rude', {
    version,
    image,
    replicas: 2,
    ports,
    drain,
    template: { spec: { containers: [container] } },
  });
}

/** Rolls the rude app from one version to the next while event streams are open; `body` says what becomes of them. */
async function rollRudeApp(
  drain: object,
  body: (namespace: string, held: HeldConnections) => Promise<void>,
  options: Partial<HoldOptions> = { eventStreams: 20 },
): Promise<void> {
  await withApps(async (namespace) => {
    await rudeApp(namespace, '1', drain);
    await rolledOut(namespace, 'rude');
    await exposeAt(namespace, 'rude', spare.first);
    const held = await holdConnections({ baseUrl: urlOf(spare.first), ...options });
    expect(held.ledger()).toMatchObject({ opened: 20, open: 20, broken: [] });
    await rudeApp(namespace, '2', drain);
    await body(namespace, held);
  });
}

async function killOperator(): Promise<void> {
  const namespace = 'sluice-system';
  const labelSelector = 'app.kubernetes.io/name=sluice-operator';
  const { items } = await cluster.client.list(Pod, { namespace, labelSelector });
  await Promise.all(items.map(({ metadata }) => killContainer(cluster, namespace, metadata.name)));
}

test('an app that dies on SIGTERM and an operator that is killed break nothing; idle pods do not linger', async () => {
  await rollRudeApp({ deadlineSeconds: 120 }, async (namespace, held) => {
    await tookOver(namespace, 'rude');
    await killOperator();
    expect(held.ledger()).toMatchObject({ open: 20, broken: [] });
    expect(await held.release()).toMatchObject({ completed: 20, broken: [] });
    const { status } = await rolledOut(namespace, 'rude');
    expect(status?.lastRollout?.connections).toEqual({ ...none, drained: 20 });
    // Nothing is open any more: a pod that is scaled away now is gone as soon as endpoints had time to spread.
    const started = performance.now();
    await cluster.kubectl('-n', namespace, 'scale', 'appd/rude', '--replicas=1');
    await waitFor('one pod', async () => (await cluster.client.list(Pod, { namespace })).items.length === 1);
    console.log(`an idle pod was gone after ${Math.round(performance.now() - started)} ms`);
  });
});

test('what a deadline cuts is counted as cut, on both sides', async () => {
  await rollRudeApp({ deadlineSeconds: 15 }, async (namespace, held) => {
    const { status } = await rolledOut(namespace, 'rude');
    expect(status?.lastRollout?.connections).toEqual({ ...none, severedByDeadline: 20 });
    expect(held.ledger().broken).toHaveLength(20);
    await held.release();
  });
});

test('mode Request: the app finishes its requests after SIGTERM, and what it finished is counted as its own', async () => {
  await withApps(async (namespace) => {
    const { 'node-app': image } = await buildImages(['node-app']);
    await loadImages([image]);
    const spec = { image, replicas: 2, ports: [{ name: 'http', containerPort: 8080 }], drain: { mode: 'Request' } };
    await applyOne(namespace, 'polite', { ...spec, version: '1' });
    await rolledOut(namespace, 'polite');
    await exposeAt(namespace, 'polite', spare.first);
    // The later ones keep the app alive while it finishes the earlier ones.
    const held = await Promise.all(
      [15, 20].map((slowSeconds) => holdConnections({ baseUrl: urlOf(spare.first), slowRequests: 10, slowSeconds })),
    );
    await applyOne(namespace, 'polite', { ...spec, version: '2' });
    for (const one of held) expect(await one.release()).toMatchObject({ opened: 10, completed: 10, broken: [] });
    const { status } = await rolledOut(namespace, 'polite');
    const { drained, closedByApp, unknown, ...others } = status?.lastRollout?.connections ?? none;
    expect(drained + closedByApp + unknown).toBe(20);
    expect(closedByApp).toBeGreaterThan(0);
    expect(others).toEqual({ severedByDeadline: 0, severedByNode: 0, podsWithoutReport: 0 });
  });
});

test('kubectl delete leaves nothing behind', async () => {
  await withApps(async (namespace) => {
    await rudeApp(namespace, '1', { deadlineSeconds: 30 });
    await rolledOut(namespace, 'rude');
    await cluster.kubectl('-n', namespace, 'delete', 'appd/rude', '--timeout=60s');
    const labelSelector = 'app.kubernetes.io/instance=rude';
    await waitFor('every child to be gone', async () => {
      const lists = await Promise.all(
        [Pod, ReplicaSet, Service, PodDisruptionBudget].map((kind) => {
          return cluster.client.list<KubeObject>(kind, { namespace, labelSelector });
        }),
      );
      return lists.every(({ items }) => items.length === 0);
    });
  });
});
