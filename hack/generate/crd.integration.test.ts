import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { controlPlaneBinaries } from '../control-plane/binaries.ts';
import { samples } from './samples.ts';

// What a person sees of our kinds through kubectl, with the generated files as they are.

const namespace = 'generated-files';
const root = join(import.meta.dirname, '../..');

let hyperkube: string;

async function kubectl(...args: string[]): Promise<string> {
  const where = ['--kubeconfig', inject('kubeconfig'), '--namespace', namespace];
  const { stdout } = await promisify(execFile)(hyperkube, ['kubectl', ...args, ...where]);
  return stdout;
}

/** The text of `kubectl explain` with its line breaks undone. */
async function explain(field: string): Promise<string> {
  return (await kubectl('explain', field)).replaceAll(/\s+/g, ' ');
}

beforeAll(async () => {
  ({ hyperkube } = await controlPlaneBinaries());
  await kubectl('create', 'namespace', namespace);
});

describe('kubectl explain', () => {
  test.for([
    ['orderbook', 'A price-time-priority matching engine run as a managed database'],
    ['orderbook.spec', 'symbols <[]Object> -required- Symbols of the book, 1 to 256; more may be added, none removed.'],
    ['orderbook.spec', 'deletionPolicy <string> enum: Retain, Delete What deleting this resource does to its volumes'],
    [
      'ob.spec.replicas',
      'Number of members, 1 to 9. Default: 1. More than 1 is not built yet: refused with NotImplemented',
    ],
    ['ob.spec.backup', 'made on a schedule. Not built yet: refused with NotImplemented for now.'],
    ['seqc.spec.leaseDurationSeconds', '2 to 60 seconds; shorter is faster and more nervous. Default: 3.'],
    ['appd.spec.drain', 'How a pod of an old version is retired without interrupting its connections.'],
    ['appd.spec.drain.deadlineSeconds', 'remaining connections are cut and counted, 1 to 86400 seconds. Default: 300.'],
    ['appd.status.conditions', 'What is true about the resource now; Ready sums it up.'],
  ] as const)('%s says: %s', async ([field, sentence]) => {
    expect(await explain(field)).toContain(sentence);
  });
});

describe('kubectl get', () => {
  test.for([
    ['appd', ['NAME', 'VERSION', 'READY', 'UPDATED', 'DRAINING', 'OPEN-CONNECTIONS', 'AGE']],
    ['seqc', ['NAME', 'ORDERING', 'READY', 'HOLDER', 'HIGH-WATER', 'AGE']],
    ['ob', ['NAME', 'VERSION', 'READY', 'LEADER', 'SEQUENCE', 'LAG', 'BACKUP', 'AGE']],
  ] as const)('%s shows the columns %j', async ([shortName, columns]) => {
    await kubectl('apply', '-k', join(root, 'config/samples'));
    const [head] = (await kubectl('get', shortName)).split('\n');
    expect(head?.trim().split(/\s+/)).toEqual(columns);
  });

  test('all kinds by their category', async () => {
    await kubectl('apply', '-k', join(root, 'config/samples'));
    const names = (await kubectl('get', 'sluice', '-o', 'name')).trim().split('\n');
    expect(names).toEqual(
      expect.arrayContaining([
        'appdeployment.sluice.dev/go-app',
        'appdeployment.sluice.dev/node-app',
        'orderbook.sluice.dev/spot',
        'sequencecounter.sluice.dev/invoices',
      ]),
    );
  });
});

test.for(samples)('kubectl apply accepts config/samples/$file without a warning', async ({ file }) => {
  const sample = join(root, 'config/samples', file);
  const output = await kubectl('apply', '--server-side', '--dry-run=server', '--warnings-as-errors', '-f', sample);
  expect(output).toMatch(/serverside-applied \(server dry run\)/);
});

test('kubectl scale changes spec.replicas', async () => {
  await kubectl('apply', '-f', join(root, 'config/samples/appdeployment-go.yaml'));
  await kubectl('scale', 'appd/go-app', '--replicas=4');
  expect(await kubectl('get', 'appd/go-app', '-o', 'jsonpath={.spec.replicas}')).toBe('4');
});
