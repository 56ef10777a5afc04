import type { CacheReader } from '../controller/context.ts';
import type { KubeObject, ObjectKey, Resource } from '../kube/object.ts';
import type { Store } from './store.ts';

/** The read side of the stores; `storeOf` is undefined for a resource nobody watches. */
export function createReader(storeOf: (resource: Resource) => Store<KubeObject> | undefined): CacheReader {
  const open = <T extends KubeObject>(resource: Resource<T>): Store<T> => {
    const store = storeOf(resource);
    if (store === undefined) {
      throw new Error(`${resource.kind} is not in the cache: declare it with owns() or watches() to read it`);
    }
    return store as unknown as Store<T>;
  };
  return {
    get: <T extends KubeObject>(resource: Resource<T>, key: ObjectKey) => open(resource).get(key),
    list: (resource, namespace, labels) => withLabels(open(resource).inNamespace(namespace), labels),
    ownedBy: (resource, ownerUid) => open(resource).ownedBy(ownerUid),
    byIndex: (resource, index, value) => open(resource).byIndex(index, value),
  };
}

function withLabels<T extends KubeObject>(
  objects: readonly T[],
  labels: Readonly<Record<string, string>> | undefined,
): readonly T[] {
  const wanted = Object.entries(labels ?? {});
  if (wanted.length === 0) return objects;
  return objects.filter(({ metadata }) => wanted.every(([name, value]) => metadata.labels?.[name] === value));
}
