import { apiVersionOf, KubeApiError, type KubeClient, type Resource } from '@sluice/runtime';
import { type KindName, kinds } from '../index.ts';

/** Tries specs of our kinds on a real API server without leaving anything behind. */
export interface DryRun {
  /** The object as the server would store it, defaults filled in. Rejects with the server's KubeApiError. */
  create(kind: KindName, name: string, spec: unknown): Promise<unknown>;
  /** Creates `before` for real, then tries to change it to `after`, then deletes it. */
  update(kind: KindName, name: string, before: unknown, after: unknown): Promise<unknown>;
}

export function dryRun(client: KubeClient, namespace: string): DryRun {
  const resourceOf = (kind: KindName): Resource => kinds[kind].resource;
  const path = (kind: KindName) => {
    const resource = resourceOf(kind);
    return `/apis/${apiVersionOf(resource)}/namespaces/${namespace}/${resource.plural}`;
  };
  const object = (kind: KindName, name: string, spec: unknown, resourceVersion?: string) => ({
    apiVersion: apiVersionOf(resourceOf(kind)),
    kind,
    metadata: { name, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    spec,
  });
  // A field that the schema does not have would otherwise be dropped in silence.
  const query = 'dryRun=All&fieldValidation=Strict';
  return {
    create: (kind, name, spec) => client.raw('POST', `${path(kind)}?${query}`, object(kind, name, spec)),
    update: async (kind, name, before, after) => {
      const key = { namespace, name };
      await client.raw('POST', path(kind), object(kind, name, before));
      const stored = await client.get(resourceOf(kind), key);
      if (stored?.metadata.uid === undefined) throw new Error(`${kind} ${name} was not stored`);
      const { uid, resourceVersion } = stored.metadata;
      try {
        return await client.raw('PUT', `${path(kind)}/${name}?${query}`, object(kind, name, after, resourceVersion));
      } finally {
        await client.delete(resourceOf(kind), key, { preconditions: { uid } });
      }
    },
  };
}

/** The sentence that a call was refused with. Rejects when it was accepted, or failed in another way. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof KubeApiError && error.reason === 'Invalid') return error.message;
    throw error;
  }
  throw new Error('accepted');
}
