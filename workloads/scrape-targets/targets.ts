import type { Pod } from '@sluice/runtime';

/** One entry of Prometheus' http_sd format: where to scrape, and the labels its series get. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** Every container port named `metrics` of every pod that has an address and has not ended. */
export function scrapeTargets(pods: readonly Pod[]): TargetGroup[] {
  return pods.flatMap(({ metadata, spec, status }) => {
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    const address = status?.podIP;
    if (ended || address === undefined) return [];
    const ports = (spec?.containers ?? []).flatMap(({ ports = [] }) => ports.filter(({ name }) => name === 'metrics'));
    return ports.map(({ containerPort }) => ({
      targets: [address.includes(':') ? `[${address}]:${containerPort}` : `${address}:${containerPort}`],
      labels: {
        namespace: metadata.namespace ?? '',
        pod: metadata.name,
        node: spec?.nodeName ?? '',
        app: metadata.labels?.['app.kubernetes.io/name'] ?? '',
        name: metadata.labels?.['app.kubernetes.io/instance'] ?? '',
      },
    }));
  });
}
