import { OrderBook, SequenceCounter } from '@sluice/api';
import { type Cluster, connectKubeconfig, type KubeClient, type KubeObject, type Resource } from '@sluice/runtime';
import { clusterEnv, loadImages, systemImage, up } from '../cluster/env.ts';
import type { Kubectl } from '../deploy/kubectl.ts';
import { installOperator, operatorImages } from '../deploy/operator.ts';
import { writeOverlay } from '../deploy/overlay.ts';
import { rolledOut } from '../deploy/rollout.ts';
import { buildImages } from '../images/build.ts';
import { during, type Screen, type Step } from '../screen/screen.ts';
import { demoNamespace, monitoringNamespace } from './places.ts';
import { apps, deployFirst, versions } from './rollouts.ts';

/** From nothing to: cluster, operator, Prometheus, issuer, the samples, and all three kinds Ready. What is there stays. */
export async function bringUp(screen: Screen, kubectl: Kubectl): Promise<Cluster> {
  await during(screen, 'cluster', (step) => up((line) => step.update(line)));
  const { kubeconfig, context } = await clusterEnv();
  const cluster = await connectKubeconfig({ path: kubeconfig, context });
  const refs = await during(screen, 'images', buildAll);
  await during(screen, 'operator', (step) => installOperator(kubectl, refs, step));
  await during(screen, 'demo namespace', async (step) => {
    await install(kubectl, 'demo', { 'sluice/issuer': refs.issuer }, step);
    await install(kubectl, 'prometheus', { 'prom/prometheus': refs.prometheus }, step);
    await rolledOut(kubectl, demoNamespace, 'deployment/sluice-issuer', step);
    await rolledOut(kubectl, monitoringNamespace, 'deployment/prometheus', step);
  });
  await during(screen, 'samples ready', async (step) => {
    await deployFirst(cluster.client, step);
    await ready(cluster.client, OrderBook, 'spot', step);
    await ready(cluster.client, SequenceCounter, 'invoices', step);
  });
  return cluster;
}

async function buildAll(step: Step) {
  const operator = await operatorImages(step, { load: false });
  const own = await buildImages(['issuer'], { report: (line) => step.update(line) });
  const prometheus = await systemImage('prometheus');
  const refs = { ...operator, ...own, prometheus };
  // Both versions of the apps now, so that the rollout later is nothing but a rollout.
  const rolled = [];
  for (const version of versions.slice(0, 2)) {
    rolled.push(...Object.values(await buildImages(apps, { version, report: (line) => step.update(line) })));
  }
  step.update('loading into the nodes');
  await loadImages([...Object.values(refs), ...rolled]);
  return refs;
}

async function install(
  kubectl: Kubectl,
  name: string,
  images: Readonly<Record<string, string>>,
  step: Step,
): Promise<void> {
  step.update(`config/${name}`);
  const folder = await writeOverlay({ name, base: `config/${name}`, images });
  await kubectl('apply', '--server-side', '--force-conflicts', '-k', folder);
}

type WithConditions = KubeObject & {
  status?: { conditions?: readonly { type: string; status: string; message: string; observedGeneration?: number }[] };
};

/** Waits until the condition Ready of the newest spec is True. Rejects after three minutes with the condition's message. */
export async function ready<T extends WithConditions>(
  client: KubeClient,
  resource: Resource<T>,
  name: string,
  step: Step,
  deadlineMs = 180_000,
): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const object = await client.get(resource, { namespace: demoNamespace, name });
    const condition = object?.status?.conditions?.find(({ type }) => type === 'Ready');
    const current = condition?.observedGeneration === object?.metadata.generation ? condition : undefined;
    step.update(`${resource.kind} ${name}: ${current?.message ?? 'not yet seen by the operator'}`);
    if (current?.status === 'True') return;
    if (performance.now() > until) {
      throw new Error(
        `${resource.kind} ${name} is not Ready after ${deadlineMs / 1000} s: ${current?.message ?? 'the operator has not seen it'}`,
      );
    }
    await new Promise((settle) => setTimeout(settle, 500));
  }
}
