import { type KubeClient, keyOf, Node, Pod } from '@sluice/runtime';
import type { Stage } from '@sluice/runtime/testing';
import { hasEnded } from './pod-state.ts';

export async function addNode(client: KubeClient, name: string): Promise<void> {
  await client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  await setReady(client, name, 'True');
}

async function setReady(client: KubeClient, name: string, status: 'True' | 'Unknown'): Promise<void> {
  const conditions = [{ type: 'Ready', status }];
  await client.mergePatch(Node, { namespace: '', name }, { status: { conditions } }, { subresource: 'status' });
}

/**
 * The node is cut off: its kubelet falls silent, and after a while its pods are deleted, which nobody there hears. It is then
 * removed, and the pod collector takes what is left of its pods. Each step is a call of its own, in that order.
 */
export function losingNode(stage: Stage, client: KubeClient, name: string) {
  const pods = (): Pod[] => stage.objects(Pod).filter(({ spec }) => spec?.nodeName === name);
  return {
    fallSilent: () => setReady(client, name, 'Unknown'),
    async evict(): Promise<void> {
      for (const pod of pods()) {
        if (pod.metadata.deletionTimestamp !== undefined) continue;
        await client.delete(Pod, keyOf(pod), { preconditions: { uid: pod.metadata.uid ?? '' } });
      }
    },
    answerAgain: () => setReady(client, name, 'True'),
    async remove(): Promise<void> {
      const node = stage.find(Node, { namespace: '', name });
      await client.delete(Node, { namespace: '', name }, { preconditions: { uid: node?.metadata.uid ?? '' } });
      for (const pod of pods()) {
        if (!hasEnded(pod.status?.phase)) {
          await client.mergePatch(Pod, keyOf(pod), { status: { phase: 'Failed' } }, { subresource: 'status' });
        }
        await client.delete(Pod, keyOf(pod), { preconditions: { uid: pod.metadata.uid ?? '' }, gracePeriodSeconds: 0 });
      }
    },
  };
}
