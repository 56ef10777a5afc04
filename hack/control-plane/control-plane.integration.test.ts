import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

let plane: ControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});

afterAll(() => plane.stop());

test('the shared control plane of the run serves the three resources', async () => {
  const resources = await plane.kubectl(
    '--kubeconfig',
    inject('kubeconfig'),
    'api-resources',
    '--api-group=sluice.dev',
    '-o',
    'name',
  );
  expect(resources.trim().split('\n').sort()).toEqual([
    'appdeployments.sluice.dev',
    'orderbooks.sluice.dev',
    'sequencecounters.sluice.dev',
  ]);
});

test('controllers run: a ReplicaSet gets its pods although there is no node', async () => {
  await plane.kubectl('create', 'deployment', 'web', '--image=web', '--replicas=2');
  await expect
    .poll(() => plane.kubectl('get', 'pods', '-l', 'app=web', '-o', 'name'), { timeout: 30_000, interval: 100 })
    .toMatch(/pod\/.+\npod\/.+\n/);
});

test('the API server comes back on the same port with the same data after it was killed', async () => {
  await plane.kubectl('create', 'configmap', 'kept', '--from-literal=a=1');
  await plane.restartApiServer();
  expect(await plane.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('1');
});

test('a second one runs beside the first, and stopping it leaves nothing', async () => {
  const second = await startControlPlane();
  expect(second.server).not.toBe(plane.server);
  const folder = second.directory.slice(tmpdir().length + 1);
  expect(readdirSync(tmpdir())).toContain(folder);
  await second.stop();
  expect(readdirSync(tmpdir())).not.toContain(folder);
  await expect(second.kubectl('get', 'namespaces')).rejects.toThrow();
});
