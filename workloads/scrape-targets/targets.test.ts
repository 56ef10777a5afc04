import type { Pod } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { scrapeTargets } from './targets.ts';

type Ports = { name: string; containerPort: number }[];

function pod(status: NonNullable<Pod['status']>, ports: Ports): Pod {
  const labels = { 'app.kubernetes.io/name': 'order-book', 'app.kubernetes.io/instance': 'spot' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'spot-0', namespace: 'shop', labels },
    spec: { nodeName: 'worker', containers: [{ name: 'book', ports }] },
    status,
  };
}

const ports: Ports = [
  { name: 'http', containerPort: 8080 },
  { name: 'metrics', containerPort: 9090 },
];

test('a target is the metrics port of a pod, with where and what it is', () => {
  expect(scrapeTargets([pod({ phase: 'Running', podIP: '10.0.0.7' }, ports)])).toEqual([
    {
      targets: ['10.0.0.7:9090'],
      labels: { namespace: 'shop', pod: 'spot-0', node: 'worker', app: 'order-book', name: 'spot' },
    },
  ]);
});

test('an IPv6 address is bracketed', () => {
  expect(scrapeTargets([pod({ phase: 'Running', podIP: 'fd00::7' }, ports)])[0]?.targets).toEqual(['[fd00::7]:9090']);
});

test.each([
  ['without an address', { phase: 'Pending' }, ports],
  ['that has ended', { phase: 'Succeeded', podIP: '10.0.0.7' }, ports],
  ['without a metrics port', { phase: 'Running', podIP: '10.0.0.7' }, ports.slice(0, 1)],
])('a pod %s is no target', (_name, status, its) => {
  expect(scrapeTargets([pod(status, its)])).toEqual([]);
});
