import { type KindName, kinds, unbuiltFields } from '@sluice/api';
import {
  type Condition,
  isConflict,
  KubeApiError,
  type KubeClient,
  type KubeObject,
  keyOf,
  Namespace,
  type Resource,
} from '@sluice/runtime';
import type { Simulator, Stage, UserAction } from '@sluice/runtime/testing';
import { StorageClass } from '../../order-book/observe.ts';
import { addNode } from '../cluster/nodes.ts';
import { defaultStorageClass } from '../cluster/stateful-sets.ts';

/** The one resource that a scenario is about. */
export const subjectKey = { namespace: 'shop', name: 'subject' };
export const nodeNames = ['node-1', 'node-2', 'node-3'] as const;

export type Spec = Readonly<Record<string, unknown>>;
export type Subject = KubeObject & { spec: Spec; status?: { readonly conditions?: readonly Condition[] } };

export function resourceOf(kind: KindName): Resource<Subject> {
  // Every kind of ours has a spec and conditions.
  return kinds[kind].resource as unknown as Resource<Subject>;
}

export async function prepareCluster(client: KubeClient): Promise<void> {
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: subjectKey.namespace } });
  for (const name of nodeNames) await addNode(client, name);
  await client.create(StorageClass, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: defaultStorageClass },
    allowVolumeExpansion: true,
  });
}

export const userName = 'user';

export function create<S extends Simulator>(kind: KindName, spec: Spec): Omit<UserAction<S>, 'until'> {
  const resource = resourceOf(kind);
  return {
    what: `create ${JSON.stringify(spec)}`,
    async act(stage) {
      const { kind: name, group, version } = resource;
      const object = { apiVersion: `${group}/${version}`, kind: name, metadata: { ...subjectKey }, spec };
      await stage.client(userName).create(resource, object);
    },
    expect: (stage) => acceptance(stage, kind),
  };
}

/** Changes the spec as it stands on the server. */
export function edit<S extends Simulator>(
  kind: KindName,
  what: string,
  change: (spec: Spec) => Spec,
): Omit<UserAction<S>, 'until'> {
  const resource = resourceOf(kind);
  return {
    what,
    async act(stage) {
      const client = stage.client(userName);
      for (;;) {
        const now = await client.get(resource, subjectKey);
        if (now === undefined) return;
        try {
          await client.replace(resource, { ...now, spec: change(now.spec) });
          return;
        } catch (error) {
          // What the server refuses was never asked of the operator.
          if (error instanceof KubeApiError && error.status === 422) return;
          if (!isConflict(error)) throw new Error(`${what}: ${String(error)}`);
        }
      }
    },
    expect: (stage) => acceptance(stage, kind),
  };
}

export function remove<S extends Simulator>(kind: KindName): Omit<UserAction<S>, 'until'> {
  return {
    what: 'delete',
    act: (stage) => deleteByHand(stage, resourceOf(kind), subjectKey.name),
    expect: (stage) => (stage.find(resourceOf(kind), subjectKey) === undefined ? undefined : 'it is still there'),
  };
}

export async function deleteByHand(stage: Stage, resource: Resource, name: string): Promise<void> {
  const object = stage.find(resource, { namespace: subjectKey.namespace, name });
  if (object === undefined) return;
  await stage.client(userName).delete(resource, keyOf(object), { preconditions: { uid: object.metadata.uid ?? '' } });
}

export async function patchByHand(stage: Stage, resource: Resource, name: string, patch: object): Promise<void> {
  try {
    await stage.client(userName).mergePatch(resource, { namespace: subjectKey.namespace, name }, patch);
  } catch (error) {
    if (!(error instanceof KubeApiError && error.status === 404)) throw error;
  }
}

/** No field is silently ignored: what is not built is answered with NotImplemented, all else is carried out. */
function acceptance(stage: Stage, kind: KindName): string | undefined {
  const subject = stage.find(resourceOf(kind), subjectKey);
  if (subject === undefined || subject.metadata.deletionTimestamp !== undefined) return undefined;
  const condition = conditionOf(subject, 'Accepted');
  const unbuilt = unbuiltFields(kind, subject.spec);
  if (condition?.observedGeneration !== subject.metadata.generation) return 'the newest spec was not looked at';
  if (unbuilt.length > 0 && condition?.reason !== 'NotImplemented') {
    return `${unbuilt.join(', ')} is not built, but Accepted is ${condition?.status} with ${condition?.reason}`;
  }
  if (unbuilt.length === 0 && condition?.reason === 'NotImplemented')
    return `NotImplemented stays: ${condition.message}`;
  return undefined;
}

export function conditionOf(subject: Subject, type: string): Condition | undefined {
  return subject.status?.conditions?.find((condition) => condition.type === type);
}
