import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { type Cluster, ConfigMap, connectKubeconfig, Event, Namespace } from '../kube/index.ts';
import { createLogger } from '../telemetry/log.ts';
import { createEventRecorder } from './recorder.ts';

let cluster: Cluster;
const namespace = `events-${randomUUID().slice(0, 8)}`;

beforeAll(async () => {
  cluster = await connectKubeconfig({ path: inject('kubeconfig') });
  await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
});

afterAll(() => cluster.close());

test('the API server takes what the recorder writes, first as an event and then as a series', async () => {
  const registry = new Registry();
  const recorder = createEventRecorder({
    client: cluster.client,
    clock: systemClock,
    log: createLogger('test', 'silent'),
    reportingController: 'example.org/operator',
    reportingInstance: 'operator-0',
    registry,
  });
  const object = await cluster.client.create(ConfigMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'shop', namespace },
  });
  const signal = new AbortController().signal;
  const again = { type: 'Warning', reason: 'Failed', action: 'Reconcile', note: `${'€'.repeat(1_000)}` } as const;
  recorder.record(object, again);
  await recorder.flush(signal);
  for (let i = 0; i < 4; i++) recorder.record(object, again);
  await recorder.flush(signal);
  const { items } = await cluster.client.list(Event, { namespace });
  expect(items).toMatchObject([
    { reason: 'Failed', regarding: { name: 'shop', uid: object.metadata.uid }, series: { count: 5 } },
  ]);
  expect(await registry.metrics()).not.toContain('result="failed"');
});
