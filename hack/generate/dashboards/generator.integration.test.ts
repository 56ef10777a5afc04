import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { controlPlaneBinaries } from '../../control-plane/binaries.ts';
import { dashboards } from './index.ts';

test('kustomize makes one ConfigMap that a dashboard sidecar finds', async () => {
  const { hyperkube } = await controlPlaneBinaries();
  const folder = join(import.meta.dirname, '../../../config/grafana');
  const { stdout } = await promisify(execFile)(hyperkube, ['kubectl', 'kustomize', folder]);
  const objects = parseAllDocuments(stdout).map((document) => document.toJS());
  expect(objects).toMatchObject([
    { kind: 'ConfigMap', metadata: { name: 'sluice-dashboards', labels: { grafana_dashboard: '1' } } },
  ]);
  expect(Object.keys(objects[0].data).sort()).toEqual(dashboards.map(({ uid }) => `${uid}.json`).sort());
});
