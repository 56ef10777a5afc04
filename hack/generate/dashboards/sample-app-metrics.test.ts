import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createAppMetrics } from '../../../workloads/node-app/metrics.ts';
import { sampleAppMetrics } from './sample-app-metrics.ts';

const root = join(import.meta.dirname, '../../..');

describe.each(Object.values(sampleAppMetrics))('$name', ({ name, type }) => {
  test('is exported by the Node.js app', async () => {
    const exported = createAppMetrics('1.0.0').registry.getMetricsAsArray();
    expect(exported.map((metric) => [metric.name, metric.type])).toContainEqual([name, type]);
  });

  test('is exported by the Go app', () => {
    expect(readFileSync(join(root, 'workloads/go-app/metrics.go'), 'utf8')).toContain(`family("${name}", "${type}",`);
  });
});
