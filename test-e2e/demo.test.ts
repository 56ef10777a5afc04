import { join, resolve } from 'node:path';
import { AppDeployment } from '@sluice/api';
import { Lease, Pod } from '@sluice/runtime';
import { beforeAll, expect, test } from 'vitest';
import { attempt, type CommandResult, run } from '../hack/cluster/command.ts';
import { clusterEnv } from '../hack/cluster/env.ts';
import { demoNamespace, urls } from '../hack/demo/places.ts';
import { dashboardQueries } from '../hack/generate/dashboards/index.ts';
import { type Cluster, killContainer, useCluster, waitFor } from './cluster.ts';

const root = resolve(import.meta.dirname, '..');
let cluster: Cluster;

beforeAll(async () => {
  cluster = await useCluster();
});

function demo(...args: readonly string[]): Promise<CommandResult> {
  return attempt(process.execPath, [join(root, 'hack/demo/main.ts'), ...args], { cwd: root, timeoutMs: 500_000 });
}

/** All figures are there and right; a wrong one is marked ✗ and makes the exit code 1. */
function expectRight({ code, stdout, stderr }: CommandResult): void {
  expect(`${stdout}\n${stderr}`).not.toContain('✗');
  expect(stdout).toMatch(/✓ acknowledged orders missing, of the last 500 +0\n/);
  expect(stdout).toMatch(/✓ numbers given out twice +0\n/);
  expect(stdout).toMatch(/✓ connections held over both rollouts +50\n/);
  expect(stdout).toMatch(/✓ connections broken +0\n/);
  expect(code).toBe(0);
}

test('the demo ends with the figures that it promises', async () => {
  expectRight(await demo());
});

async function wantedVersion(): Promise<string | undefined> {
  return (await cluster.client.get(AppDeployment, { namespace: demoNamespace, name: 'go-app' }))?.spec.version;
}

async function killOperator(): Promise<void> {
  const namespace = 'sluice-system';
  const lease = await cluster.client.get(Lease, { namespace, name: 'sluice-operator' });
  const holder = lease?.spec?.holderIdentity ?? '';
  const { items } = await cluster.client.list(Pod, { namespace });
  const leading = items.find(({ metadata }) => holder.startsWith(metadata.name));
  await killContainer(cluster, namespace, leading?.metadata.name ?? `the holder ${holder}`);
}

async function killWorkerOfTheBook(): Promise<void> {
  const { env } = await clusterEnv();
  const pod = await cluster.client.get(Pod, { namespace: demoNamespace, name: 'spot-0' });
  await run('docker', ['kill', pod?.spec?.nodeName ?? 'the node of spot-0'], { env });
}

test.each([
  ['kill -9 of the leading operator', killOperator],
  ['kill -9 of the order book', () => killContainer(cluster, demoNamespace, 'spot-0')],
  ['docker kill of the worker that holds the order book', killWorkerOfTheBook],
])('%s in the middle of the demo: it still ends right', async (_name, fault) => {
  const before = await wantedVersion();
  const running = demo();
  await waitFor('the rollouts have begun', async () => (await wantedVersion()) !== before, 400_000);
  await fault();
  expectRight(await running);
});

test('every query of every dashboard has data in the Prometheus that watched the demo', async () => {
  const queries = dashboardQueries({}, '5m');
  expect(queries.length).toBeGreaterThan(50);
  // What is only there after a rollout appears when its last pod is gone: for the one before, a worker had to come back.
  await waitFor('every query to have data', async () => {
    const empty: string[] = [];
    for (const { dashboard, panel, expr } of queries) {
      const response = await fetch(`${urls.prometheus}/api/v1/query?query=${encodeURIComponent(expr)}`);
      const { data } = (await response.json()) as { data?: { result: unknown[] } };
      if (data === undefined || data.result.length === 0) empty.push(`${dashboard}, ${panel}: ${expr}`);
    }
    if (empty.length > 0) throw new Error(empty.join('; '));
    return true;
  });
});
