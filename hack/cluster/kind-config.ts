import { stringify } from 'yaml';

/** Host ports, on loopback only, that lead to the NodePorts of the same number. */
export const hostPorts: readonly number[] = Array.from({ length: 10 }, (_, index) => 30080 + index);

/** The regions that the workers stand for; each has one zone. */
export const regions = ['eu', 'us', 'ap'] as const;

/** Addresses of Services; kind's default, written down because nodes have a rule about them (node-rootfs.ts). */
export const serviceSubnet = '10.96.0.0/16';

/** What kind makes the cluster from: a control plane that holds the host ports, and one worker per region. */
export function kindConfig(): string {
  return stringify({
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    networking: { serviceSubnet },
    nodes: [
      {
        role: 'control-plane',
        extraPortMappings: hostPorts.map((port) => ({
          containerPort: port,
          hostPort: port,
          listenAddress: '127.0.0.1',
          protocol: 'TCP',
        })),
      },
      ...regions.map((region) => ({
        role: 'worker',
        labels: { 'topology.kubernetes.io/region': region, 'topology.kubernetes.io/zone': `${region}-1` },
      })),
    ],
  });
}

/** The names that kind gives the nodes of this configuration. */
export function nodeNames(cluster: string): string[] {
  const workers = regions.map((_, index) => `${cluster}-worker${index === 0 ? '' : index + 1}`);
  return [`${cluster}-control-plane`, ...workers];
}
