import { type CallOptions, KubeApiError, type KubeClient } from './client.ts';
import { apiVersionOf, type KubeObject, keyOf, type ObjectKey, type Resource } from './object.ts';
import { collectionPath, objectPath } from './paths.ts';
import { Pod } from './resources.ts';
import type { Transport, TransportRequest } from './transport.ts';

/**
 * Deadlines of whole calls, retries included. A write may go through admission webhooks, each of which the server gives
 * 10 s by default: whoever gives up earlier does not know what happened.
 */
const GET_MS = 10_000;
const LIST_MS = 60_000;
const WRITE_MS = 30_000;
/** Objects per page: large enough to be quick, small enough for etcd and for the API server's memory. */
export const PAGE_SIZE = 500;

const APPLY = 'application/apply-patch+yaml';
const MERGE_PATCH = 'application/merge-patch+json';

/** A page of a list as the server sends it. */
export interface ListPage<T> {
  metadata: { resourceVersion?: string; continue?: string };
  items: T[];
}

/** The typed client over a transport. */
export function createClient(transport: Transport): KubeClient {
  const call = (
    options: CallOptions | undefined,
    request: Omit<TransportRequest, 'signal' | 'timeoutMs'>,
    timeoutMs = request.method === 'GET' ? GET_MS : WRITE_MS,
  ): Promise<unknown> =>
    transport.request({
      ...request,
      timeoutMs: options?.timeoutMs ?? timeoutMs,
      ...(options?.signal === undefined ? {} : { signal: options.signal }),
      ...(options?.beforeSend === undefined ? {} : { beforeSend: options.beforeSend }),
      ...(options?.urgent === undefined ? {} : { urgent: options.urgent }),
    });

  return {
    async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey, options?: CallOptions) {
      try {
        return (await call(options, { method: 'GET', path: objectPath(resource, key) })) as T;
      } catch (error) {
        if (error instanceof KubeApiError && error.status === 404 && error.reason === 'NotFound') return undefined;
        throw error;
      }
    },
    async list<T extends KubeObject>(resource: Resource<T>, options: Parameters<KubeClient['list']>[1] = {}) {
      const { namespace, labelSelector, fieldSelector } = options;
      const page = async (next: string | undefined) => {
        const query = { limit: PAGE_SIZE, continue: next, labelSelector, fieldSelector };
        const path = collectionPath(resource, namespace, query);
        return (await call(options, { method: 'GET', path }, LIST_MS)) as ListPage<T>;
      };
      const items: T[] = [];
      for (let next: string | undefined; ; ) {
        const { items: more, metadata } = await page(next);
        // Items of a list come without their type.
        for (const item of more) items.push({ ...item, apiVersion: apiVersionOf(resource), kind: resource.kind });
        next = metadata.continue;
        if (!next) return { items, resourceVersion: metadata.resourceVersion ?? '' };
      }
    },
    async create<T extends KubeObject>(resource: Resource<T>, object: T, options?: CallOptions) {
      const path = collectionPath(resource, resource.namespaced ? object.metadata.namespace : undefined);
      return (await call(options, { method: 'POST', path, body: object })) as T;
    },
    async replace(resource, object, options) {
      if (object.metadata.resourceVersion === undefined) {
        throw new Error(`${object.kind} ${object.metadata.name}: replace needs the resourceVersion that was read`);
      }
      const path = objectPath(resource, keyOf(object), options?.subresource);
      return (await call(options, { method: 'PUT', path, body: object })) as typeof object;
    },
    async apply<T extends KubeObject>(
      resource: Resource<T>,
      object: KubeObject,
      options: Parameters<KubeClient['apply']>[2],
    ) {
      const { fieldManager, force = true, subresource } = options;
      const path = objectPath(resource, keyOf(object), subresource, { fieldManager, force });
      return (await call(options, { method: 'PATCH', path, body: object, contentType: APPLY })) as T;
    },
    async mergePatch<T extends KubeObject>(
      resource: Resource<T>,
      key: ObjectKey,
      patch: object,
      options?: Parameters<KubeClient['mergePatch']>[3],
    ) {
      const path = objectPath(resource, key, options?.subresource);
      return (await call(options, { method: 'PATCH', path, body: patch, contentType: MERGE_PATCH })) as T;
    },
    async delete(resource, key, options) {
      const { preconditions, gracePeriodSeconds, propagationPolicy = 'Background' } = options;
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, gracePeriodSeconds, propagationPolicy };
      try {
        await call(options, { method: 'DELETE', path: objectPath(resource, key), body });
        return true;
      } catch (error) {
        if (error instanceof KubeApiError && error.status === 404) return false;
        throw error;
      }
    },
    async evict(key, options) {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: key };
      // 429 is the answer of the disruption budget here, not of an overloaded server.
      await call(options, { method: 'POST', path: objectPath(Pod, key, 'eviction'), body, retry: false });
    },
    raw: (method, path, body, options) => call(options, { method, path, ...(body === undefined ? {} : { body }) }),
  };
}
