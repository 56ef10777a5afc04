import { type Cluster, connectKubeconfig, Namespace } from '@sluice/runtime';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { KindName } from './index.ts';
import { appDeploymentRefusals } from './testing/app-deployment-refusals.ts';
import { type DryRun, dryRun, refusal } from './testing/dry-run.ts';
import { maximalAppDeployment, maximalOrderBook, maximalSequenceCounter } from './testing/maximal-specs.ts';
import { orderBookRefusals } from './testing/order-book-refusals.ts';
import { sequenceCounterRefusals } from './testing/sequence-counter-refusals.ts';

const namespace = 'api-refusals';
const refusals = [...appDeploymentRefusals, ...sequenceCounterRefusals, ...orderBookRefusals];

let cluster: Cluster;
let attempt: DryRun;
beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  attempt = dryRun(cluster.client, namespace);
  await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});
afterAll(() => cluster.close());

test('there are at least 60 bad specs', () => {
  expect(refusals.length).toBeGreaterThanOrEqual(60);
});

describe.concurrent('the API server refuses with a sentence', () => {
  test.for(refusals.map((entry, index) => ({ ...entry, name: entry.name ?? `refused-${index}` })))(
    '$kind: $wrong',
    async ({ kind, name, spec, before, sentence }, { expect }) => {
      const call = before === undefined ? attempt.create(kind, name, spec) : attempt.update(kind, name, before, spec);
      expect(await refusal(call)).toContain(sentence);
    },
  );
});

test('an unknown field is refused, not dropped', async () => {
  const call = attempt.create('SequenceCounter', 'typo', { replica: 3 });
  await expect(call).rejects.toThrow('unknown field "spec.replica"');
});

describe('the API server accepts', () => {
  test.for<[KindName, unknown]>([
    ['AppDeployment', maximalAppDeployment],
    ['SequenceCounter', maximalSequenceCounter],
    ['OrderBook', maximalOrderBook],
  ])('%s with every field at its limit, and keeps it as written', async ([kind, spec]) => {
    expect(await attempt.create(kind, 'maximal', spec)).toMatchObject({ spec });
  });

  test('the type BlueGreen, which cannot stand beside Canary', async () => {
    const strategy = { type: 'BlueGreen', blueGreen: { autoPromote: false, scaleDownDelaySeconds: 0 } };
    const spec = { version: '1', image: 'app', ports: [{ name: 'http', containerPort: 80 }], strategy };
    expect(await attempt.create('AppDeployment', 'blue', spec)).toMatchObject({ spec });
  });

  test('changes that keep the data: a larger volume, another symbol, another counter', async () => {
    const symbol = { name: 'BTC-EUR', tickSize: '0.01', lotSize: '1' };
    await attempt.update(
      'OrderBook',
      'growing',
      { symbols: [symbol], storage: { size: '1Gi' } },
      { symbols: [symbol, { ...symbol, name: 'ETH-EUR' }], storage: { size: '1025Mi' } },
    );
    await attempt.update(
      'SequenceCounter',
      'growing',
      { counters: [{ name: 'a' }] },
      { counters: [{ name: 'b' }, { name: 'a' }] },
    );
  });
});

describe('the API server fills in what is left out', () => {
  test('AppDeployment', async () => {
    const least = { version: '1.0.0', image: 'app:1.0.0', ports: [{ name: 'http', containerPort: 8080 }] };
    expect(await attempt.create('AppDeployment', 'least', least)).toMatchObject({
      spec: {
        ...least,
        replicas: 1,
        strategy: { type: 'Rolling', rolling: { maxSurge: '25%', maxUnavailable: 0 } },
        drain: { mode: 'Auto', quietSeconds: 3, deadlineSeconds: 300, maxDraining: 10 },
        disruption: { maxUnavailable: 1 },
        progressDeadlineSeconds: 600,
        paused: false,
        revisionHistoryLimit: 5,
      },
    });
  });

  test('SequenceCounter', async () => {
    expect(await attempt.create('SequenceCounter', 'least', {})).toMatchObject({
      spec: {
        replicas: 3,
        ordering: 'Strict',
        version: '1.0.0',
        store: { type: 'Lease' },
        counters: [{ name: 'default', start: 1, step: 1 }],
        leaseDurationSeconds: 3,
        outageBudgetSeconds: 600,
      },
    });
  });

  test('OrderBook', async () => {
    const least = { symbols: [{ name: 'A', tickSize: '1', lotSize: '1' }] };
    expect(await attempt.create('OrderBook', 'least', least)).toMatchObject({
      spec: {
        ...least,
        version: '1.0.0',
        replicas: 1,
        journal: { fsync: 'EveryBatch' },
        storage: { size: '1Gi' },
        limits: {
          maxOrdersPerAccount: 10_000,
          ordersPerSecondPerAccount: 1000,
          maxOpenOrders: 250_000,
          maxPending: 10_000,
        },
        deletionPolicy: 'Retain',
      },
    });
  });
});
