import { controllerOf, controllerReference, keyOf, Pod, ReplicaSet } from '@sluice/runtime';
import type { Part, PartInput } from './part.ts';
import { isActive, isReady } from './pod-state.ts';

/** The ReplicaSet controller: as many pods as asked for, those that are not ready go first. */
export function replicaSets({ stage, client }: PartInput): Part {
  async function control(replicaSet: ReplicaSet): Promise<void> {
    const { metadata, spec } = replicaSet;
    const pods = stage.objects(Pod).filter((pod) => controllerOf(pod)?.uid === metadata.uid && isActive(pod));
    const wanted = spec?.replicas ?? 0;
    for (let missing = wanted - pods.length; missing > 0; missing--) await create(replicaSet);
    const leastReady = [...pods].sort((a, b) => Number(isReady(a)) - Number(isReady(b)));
    for (const pod of leastReady.slice(0, Math.max(0, pods.length - wanted))) {
      await client.delete(Pod, keyOf(pod), { preconditions: { uid: pod.metadata.uid ?? '' } });
    }
    const now = stage.objects(Pod).filter((pod) => controllerOf(pod)?.uid === metadata.uid && isActive(pod));
    const status = {
      observedGeneration: metadata.generation ?? 1,
      replicas: now.length,
      fullyLabeledReplicas: now.length,
      readyReplicas: now.filter(isReady).length,
      availableReplicas: now.filter(isReady).length,
    };
    if (JSON.stringify(status) === JSON.stringify(replicaSet.status)) return;
    await client.mergePatch(ReplicaSet, keyOf(replicaSet), { status }, { subresource: 'status' });
  }

  async function create(replicaSet: ReplicaSet): Promise<void> {
    const { name, namespace = '' } = replicaSet.metadata;
    const template = replicaSet.spec?.template;
    const suffix = Math.floor(stage.random() * 36 ** 5)
      .toString(36)
      .padStart(5, '0');
    const { labels = {}, annotations = {}, finalizers = [] } = template?.metadata ?? {};
    await client.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-${suffix}`,
        namespace,
        labels,
        annotations,
        finalizers,
        ownerReferences: [controllerReference(replicaSet)],
      },
      ...(template?.spec !== undefined && { spec: template.spec }),
    });
  }

  return {
    async sync() {
      for (const replicaSet of stage.objects(ReplicaSet)) {
        if (replicaSet.metadata.deletionTimestamp === undefined) await control(replicaSet);
      }
    },
  };
}
