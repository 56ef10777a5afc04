import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { type ClusterEnv, context as contextName } from './environment.ts';
import type { Step } from './steps.ts';

const manifest = join(import.meta.dirname, 'metrics-server.yaml');

/** Installs metrics-server: `kubectl top` and horizontal autoscaling need it. Done while its Deployment is available. */
export function metricsServerStep({ env }: ClusterEnv, image: string, text: string): Step {
  const deployment = ['--namespace=kube-system', 'deployment/metrics-server'];
  const kubectl = ['--context', contextName];
  return {
    name: 'metrics-server-pod',
    version: '',
    inputs: [image, text],
    after: ['cluster'],
    outputs: [],
    present: async () => {
      const column = 'jsonpath={.status.availableReplicas} {.spec.template.spec.containers[0].image}';
      const question = [...kubectl, 'get', ...deployment, '--ignore-not-found', '--output', column];
      return (await run('kubectl', question, { env, timeoutMs: 10_000 })) === `1 ${image}`;
    },
    lane: 'fetch',
    run: async ({ log, signal }) => {
      const input = text.replace('IMAGE', image);
      await run('kubectl', [...kubectl, 'apply', '--filename', '-'], { env, log, signal, input });
      await run('kubectl', [...kubectl, 'rollout', 'status', ...deployment, '--timeout=150s'], { env, log, signal });
    },
  };
}

export async function metricsServerManifest(): Promise<string> {
  return readFile(manifest, 'utf8');
}
