import { createHash } from 'node:crypto';
import {
  canonicalJson,
  controllerOf,
  controllerReference,
  keyOf,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
} from '@sluice/runtime';
import type { Part, PartInput } from './part.ts';
import { hasEnded, isReady } from './pod-state.ts';

const revisionLabel = 'controller-revision-hash';
export const defaultStorageClass = 'standard';

/**
 * The StatefulSet controller with podManagementPolicy Parallel and RollingUpdate: the missing pods with their claims, the
 * surplus away, then one outdated pod at a time from the highest ordinal down, each after the ones above it are ready.
 */
export function statefulSets({ stage, client }: PartInput): Part {
  const podsOf = (set: StatefulSet): Pod[] =>
    stage.objects(Pod).filter((pod) => controllerOf(pod)?.uid === set.metadata.uid);
  const ordinalOf = (pod: Pod): number => Number(pod.metadata.name.slice(pod.metadata.name.lastIndexOf('-') + 1));

  async function control(set: StatefulSet): Promise<void> {
    const { name, namespace = '' } = set.metadata;
    const revision = revisionOf(set);
    const wanted = set.spec?.replicas ?? 0;
    for (let ordinal = 0; ordinal < wanted; ordinal++) {
      await claims(set, ordinal);
      const there = stage.find(Pod, { namespace, name: `${name}-${ordinal}` });
      if (there === undefined) await create(set, ordinal, revision);
      else if (hasEnded(there.status?.phase)) await remove(there);
    }
    for (const pod of podsOf(set).filter((one) => ordinalOf(one) >= wanted)) await remove(pod);
    await roll(podsOf(set), wanted, revision);
    await retain(set);
    await report(set, revision);
  }

  async function roll(pods: readonly Pod[], wanted: number, revision: string): Promise<void> {
    const downwards = pods.filter((pod) => ordinalOf(pod) < wanted).sort((a, b) => ordinalOf(b) - ordinalOf(a));
    for (const pod of downwards) {
      if (pod.metadata.labels?.[revisionLabel] !== revision) return remove(pod);
      if (!isReady(pod)) return;
    }
  }

  async function remove(pod: Pod): Promise<void> {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    await client.delete(Pod, keyOf(pod), { preconditions: { uid: pod.metadata.uid ?? '' } });
  }

  async function create(set: StatefulSet, ordinal: number, revision: string): Promise<void> {
    const { name, namespace = '' } = set.metadata;
    const { metadata, spec } = set.spec?.template ?? {};
    const pod = `${name}-${ordinal}`;
    const labels = {
      ...metadata?.labels,
      [revisionLabel]: revision,
      'statefulset.kubernetes.io/pod-name': pod,
    };
    await client.create(Pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: pod,
        namespace,
        labels,
        annotations: { ...metadata?.annotations },
        ownerReferences: [controllerReference(set)],
      },
      ...(spec !== undefined && { spec }),
    });
  }

  async function claims(set: StatefulSet, ordinal: number): Promise<void> {
    const { name, namespace = '' } = set.metadata;
    for (const template of set.spec?.volumeClaimTemplates ?? []) {
      const claim = `${template.metadata?.name}-${name}-${ordinal}`;
      if (stage.find(PersistentVolumeClaim, { namespace, name: claim }) !== undefined) continue;
      await client.create(PersistentVolumeClaim, {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: claim, namespace, labels: { ...template.metadata?.labels } },
        spec: { storageClassName: defaultStorageClass, ...template.spec },
      });
    }
  }

  /** Records on the claims whether they go with the set. */
  async function retain(set: StatefulSet): Promise<void> {
    const goes = set.spec?.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
    const { name, namespace = '', uid = '' } = set.metadata;
    for (const template of set.spec?.volumeClaimTemplates ?? []) {
      const prefix = `${template.metadata?.name}-${name}-`;
      for (const claim of stage.objects(PersistentVolumeClaim)) {
        if (claim.metadata.namespace !== namespace || !claim.metadata.name.startsWith(prefix)) continue;
        const owned = claim.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
        if (owned === goes) continue;
        const ownerReferences = goes ? [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid }] : [];
        await client.mergePatch(PersistentVolumeClaim, keyOf(claim), { metadata: { ownerReferences } });
      }
    }
  }

  async function report(set: StatefulSet, revision: string): Promise<void> {
    const pods = podsOf(set);
    const updated = pods.filter((pod) => pod.metadata.labels?.[revisionLabel] === revision);
    const done = updated.length === pods.length && pods.length === set.spec?.replicas && pods.every(isReady);
    const status = {
      observedGeneration: set.metadata.generation ?? 1,
      replicas: pods.length,
      readyReplicas: pods.filter(isReady).length,
      updatedReplicas: updated.length,
      currentRevision: done ? revision : (set.status?.currentRevision ?? revision),
      updateRevision: revision,
    };
    if (JSON.stringify(status) === JSON.stringify(set.status)) return;
    await client.mergePatch(StatefulSet, keyOf(set), { status }, { subresource: 'status' });
  }

  return {
    async sync() {
      for (const set of stage.objects(StatefulSet)) {
        if (set.metadata.deletionTimestamp === undefined) await control(set);
      }
    },
  };
}

/** Digests of templates: a StatefulSet that changed only its status has the same one. */
const digests = new WeakMap<object, string>();

function revisionOf({ metadata, spec }: StatefulSet): string {
  const template = spec?.template ?? {};
  const known = digests.get(template);
  const digest = known ?? createHash('sha256').update(canonicalJson(template)).digest('hex').slice(0, 10);
  if (known === undefined) digests.set(template, digest);
  return `${metadata.name}-${digest}`;
}
