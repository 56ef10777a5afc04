import type { AppDeployment, OrderBook } from '@sluice/api';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { registerResourceMetrics, resourceMetrics, type SluiceResource } from './resource-metrics.ts';

const noneSevered = { severedByDeadline: 0, severedByNode: 0, unknown: 0, podsWithoutReport: 0 };
const app = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'AppDeployment',
  metadata: { namespace: 'demo', name: 'go-app' },
  spec: { version: '1.1.0', replicas: 3 },
  status: {
    conditions: [{ type: 'Ready', status: 'False', reason: 'RollingOut', message: '', lastTransitionTime: '' }],
    readyReplicas: 3,
    updatedReplicas: 1,
    drainingPods: 2,
    openConnections: 17,
    lastRollout: {
      to: '1.1.0',
      startTime: '2026-11-21T09:00:00Z',
      connections: { drained: 4, closedByApp: 1, ...noneSevered },
    },
  },
} as unknown as AppDeployment;
const book = {
  apiVersion: 'sluice.dev/v1alpha1',
  kind: 'OrderBook',
  metadata: { namespace: 'demo', name: 'spot' },
  spec: { version: '1.0.0', replicas: 1 },
} as unknown as OrderBook;

/** The samples of a scrape, without comments. */
async function scrape(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test('shows what is in the status, and leaves out what is not there yet', async () => {
  const registry = new Registry();
  registerResourceMetrics(registry, () => [app, book]);
  expect(await scrape(registry)).toEqual([
    'sluice_resource_info{kind="AppDeployment",namespace="demo",name="go-app",version="1.1.0"} 1',
    'sluice_resource_info{kind="OrderBook",namespace="demo",name="spot",version="1.0.0"} 1',
    'sluice_resource_condition{kind="AppDeployment",namespace="demo",name="go-app",type="Ready"} 0',
    'sluice_resource_replicas{kind="AppDeployment",namespace="demo",name="go-app"} 3',
    'sluice_resource_replicas{kind="OrderBook",namespace="demo",name="spot"} 1',
    'sluice_resource_ready_replicas{kind="AppDeployment",namespace="demo",name="go-app"} 3',
    'sluice_app_updated_replicas{namespace="demo",name="go-app"} 1',
    'sluice_app_draining_pods{namespace="demo",name="go-app"} 2',
    'sluice_app_draining_connections{namespace="demo",name="go-app"} 17',
    'sluice_app_last_rollout_connections{namespace="demo",name="go-app",outcome="drained"} 4',
    'sluice_app_last_rollout_connections{namespace="demo",name="go-app",outcome="closedByApp"} 1',
    'sluice_app_last_rollout_connections{namespace="demo",name="go-app",outcome="severedByDeadline"} 0',
    'sluice_app_last_rollout_connections{namespace="demo",name="go-app",outcome="severedByNode"} 0',
    'sluice_app_last_rollout_connections{namespace="demo",name="go-app",outcome="unknown"} 0',
  ]);
});

test('a deleted resource leaves no series behind', async () => {
  const registry = new Registry();
  let resources: SluiceResource[] = [app, book];
  registerResourceMetrics(registry, () => resources);
  await scrape(registry);
  resources = [book];
  expect((await scrape(registry)).filter((line) => line.includes('go-app'))).toEqual([]);
});

test('every gauge is registered under its name', () => {
  const registry = new Registry();
  registerResourceMetrics(registry, () => []);
  const names = Object.values(resourceMetrics).map(({ name }) => name);
  expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual(names);
});
