import { expect, test } from 'vitest';
import type { Kubectl } from './kubectl.ts';
import { uninstallOperator } from './uninstall.ts';

const step = { update: () => undefined, done: () => undefined, fail: () => undefined };
const types = 'appdeployments.sluice.dev\norderbooks.sluice.dev\n';

/** A kubectl that answers these reads and notes what it was told to delete. */
function clusterWith(apiResources: string, resources: string) {
  const deleted: string[] = [];
  const kubectl: Kubectl = async (...args) => {
    if (args[0] === 'api-resources') return apiResources;
    if (args[0] === 'get') return resources;
    deleted.push(args[2] ?? '');
    return '';
  };
  return { kubectl, deleted };
}

test('nothing is removed while a resource is left, and it is named', async () => {
  const { kubectl, deleted } = clusterWith(types, 'OrderBook   shop   spot\n');
  await expect(uninstallOperator(kubectl, step)).rejects.toThrow(/OrderBook shop\/spot; delete them first/);
  expect(deleted).toEqual([]);
});

test('operator first, CRDs last', async () => {
  const { kubectl, deleted } = clusterWith(types, '');
  await uninstallOperator(kubectl, step);
  expect(deleted).toEqual(['config/default', 'crds/']);
});

test('without CRDs there is nothing to ask for', async () => {
  const { kubectl, deleted } = clusterWith('', 'not reached');
  await uninstallOperator(kubectl, step);
  expect(deleted).toEqual(['config/default', 'crds/']);
});
