import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { hostPorts, kindConfig, nodeNames } from './kind-config.ts';

interface Config {
  readonly nodes: readonly {
    readonly role: string;
    readonly labels?: Record<string, string>;
    readonly extraPortMappings?: readonly { containerPort: number; hostPort: number; listenAddress: string }[];
  }[];
}

const config = parse(kindConfig()) as Config;

test('one control plane holds host ports 30080 to 30089, on loopback only, each for the NodePort of its number', () => {
  const [controlPlane] = config.nodes.filter(({ role }) => role === 'control-plane');
  const mappings = controlPlane?.extraPortMappings ?? [];
  expect(mappings.map(({ hostPort }) => hostPort)).toEqual(hostPorts);
  expect(hostPorts).toHaveLength(10);
  expect([hostPorts[0], hostPorts[9]]).toEqual([30080, 30089]);
  for (const { containerPort, hostPort, listenAddress } of mappings) {
    expect([containerPort, listenAddress]).toEqual([hostPort, '127.0.0.1']);
  }
});

test('three workers stand in three regions with a zone each', () => {
  const labels = config.nodes.filter(({ role }) => role === 'worker').map((node) => node.labels);
  expect(labels).toEqual(
    ['eu', 'us', 'ap'].map((region) => ({
      'topology.kubernetes.io/region': region,
      'topology.kubernetes.io/zone': `${region}-1`,
    })),
  );
});

test('nodes have the names that kind gives them', () => {
  expect(nodeNames('sluice')).toEqual(['sluice-control-plane', 'sluice-worker', 'sluice-worker2', 'sluice-worker3']);
  expect(nodeNames('x')).toHaveLength(config.nodes.length);
});
