import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { type ClusterEnv, context as contextName } from './environment.ts';
import type { Step } from './steps.ts';

/** The two manifests: metrics-server itself, and what announces it to the API server. */
export interface Manifests {
  readonly server: string;
  readonly api: string;
}

export async function metricsServerManifests(): Promise<Manifests> {
  const read = (name: string): Promise<string> => readFile(join(import.meta.dirname, name), 'utf8');
  return { server: await read('metrics-server.yaml'), api: await read('metrics-api.yaml') };
}

/** Installs metrics-server: `kubectl top` and horizontal autoscaling need it. Done while it gives metrics. */
export function metricsServerStep({ env }: ClusterEnv, image: string, { server, api }: Manifests): Step {
  const kubectl = ['--context', contextName];
  const deployment = ['--namespace=kube-system', 'deployment/metrics-server'];
  const apiService = 'apiservice/v1beta1.metrics.k8s.io';
  return {
    name: 'metrics-server-pod',
    version: '',
    inputs: [image, server, api],
    after: ['cluster'],
    outputs: [],
    present: async () => {
      const column = 'jsonpath={.status.conditions[?(@.type=="Available")].status}';
      const question = [...kubectl, 'get', apiService, '--ignore-not-found', '--output', column];
      return (await run('kubectl', question, { env, timeoutMs: 10_000 })) === 'True';
    },
    lane: 'fetch',
    run: async ({ log, signal }) => {
      const options = { env, log, signal };
      const apply = [...kubectl, 'apply', '--filename', '-'];
      await run('kubectl', apply, { ...options, input: server.replace('IMAGE', image) });
      await run('kubectl', [...kubectl, 'rollout', 'status', ...deployment, '--timeout=150s'], options);
      await run('kubectl', apply, { ...options, input: api });
      await run('kubectl', [...kubectl, 'wait', '--for=condition=Available', apiService, '--timeout=60s'], options);
    },
  };
}
