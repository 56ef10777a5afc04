import type { Step } from '../screen/screen.ts';
import type { Kubectl } from './kubectl.ts';

const deadlineMs = 180_000;
const pollMs = 500;

interface Deployment {
  metadata: { generation: number };
  spec: { replicas: number };
  status?: { observedGeneration?: number; replicas?: number; updatedReplicas?: number; availableReplicas?: number };
}

/** Waits until all pods of a Deployment are new and available. Rejects after three minutes with the newest pod's words. */
export async function rolledOut(kubectl: Kubectl, namespace: string, name: string, step: Step): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const deployment = JSON.parse(await kubectl('get', name, '-n', namespace, '-o', 'json')) as Deployment;
    const { done, text } = progress(deployment);
    step.update(`${name}: ${text}`);
    if (done) return;
    if (performance.now() > until) {
      const logs = await kubectl('logs', name, '-n', namespace, '--tail=5').catch((error: Error) => error.message);
      throw new Error(`${name} is not available after ${deadlineMs / 1000} s (${text}); it says:\n${logs}`);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Exported for tests. The same rule as `kubectl rollout status`. */
export function progress({ metadata, spec, status = {} }: Deployment): { done: boolean; text: string } {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const done =
    observedGeneration >= metadata.generation &&
    updatedReplicas === spec.replicas &&
    replicas === spec.replicas &&
    availableReplicas === spec.replicas;
  return { done, text: `${updatedReplicas} new, ${availableReplicas} available of ${spec.replicas}` };
}
