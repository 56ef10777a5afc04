import type { KubeObject, ReconcileContext, Resource } from '@sluice/runtime';
import { selectorText } from './labels.ts';

/** `ctx.cache.list`, but asked of the server: for decisions that a cache that lags would get wrong. */
export async function listLive<T extends KubeObject>(
  { client, signal }: ReconcileContext,
  resource: Resource<T>,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Promise<readonly T[]> {
  return (await client.list(resource, { namespace, labelSelector: selectorText(labels), signal })).items;
}
