import {
  type CacheReader,
  controllerOf,
  type KubeClient,
  type KubeObject,
  type ReconcileContext,
  type Resource,
} from '@sluice/runtime';
import { createLogger } from '@sluice/runtime/telemetry';
import type { ApiServerModel } from '@sluice/runtime/testing';

/** A cache that shows what is there now for ever; without the objects of the resources in `hidden`, as when their list is late. */
export function cacheOf(
  model: ApiServerModel,
  resources: readonly Resource[],
  hidden: readonly Resource[] = [],
): CacheReader {
  const shown = new Map(
    resources.map((resource) => [resource.plural, hidden.includes(resource) ? [] : [...model.objects(resource)]]),
  );
  const all = <T extends KubeObject>({ plural }: Resource<T>): readonly T[] =>
    (shown.get(plural) ?? []) as readonly T[];
  return {
    get: (resource, { namespace, name }) =>
      all(resource).find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
    list: (resource, namespace, labels = {}) =>
      all(resource).filter(
        ({ metadata }) =>
          metadata.namespace === namespace &&
          Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value),
      ),
    ownedBy: (resource, uid) => all(resource).filter((object) => controllerOf(object)?.uid === uid),
    byIndex: () => [],
  };
}

/** What a reconcile gets that sees this cache and writes by this client. */
export function contextOn(client: KubeClient, cache: CacheReader, nowMs: number): ReconcileContext {
  return {
    client,
    cache,
    event: () => {},
    conditions: () => [],
    log: createLogger('test', 'silent'),
    signal: new AbortController().signal,
    epoch: 0,
    nowMs,
    reason: 'test',
  };
}
