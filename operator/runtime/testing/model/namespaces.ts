import { markDeleted, readDeletion } from './deletion.ts';
import type { StoredObject } from './storage.ts';
import type { Author, Store } from './store.ts';
import { timestamp } from './write.ts';

const AUTHOR: Author = { user: 'namespace-controller', verb: 'delete', subresource: '' };

/** Empties a namespace whose deletion was asked for, and removes it when nothing is left in it. */
export function endNamespaces(store: Store, delayMs: () => number): void {
  const namespaces = store.kindOf({ group: '', version: 'v1', plural: 'namespaces' });
  const ending = new Set<string>();
  let isDue = false;
  const wake = (): void => {
    if (isDue) return;
    isDue = true;
    store.clock.setTimer(delayMs(), () => {
      isDue = false;
      for (const name of ending) if (empty(store, name)) end(name);
    });
  };
  const end = (name: string): void => {
    ending.delete(name);
    const found = store.collectionOf(namespaces.resource).get(`/${name}`);
    if (found !== undefined) store.remove(namespaces, found.object, AUTHOR);
  };
  store.onChange((_, { after, told: { metadata, kind } }) => {
    if (kind === 'Namespace' && after?.object.metadata.deletionTimestamp !== undefined) {
      ending.add(metadata.name);
      wake();
    } else if (after === undefined && ending.has(metadata.namespace ?? '')) wake();
  });
}

/** True when nothing is left. */
function empty(store: Store, namespace: string): boolean {
  let left = 0;
  for (const collection of store.collections()) {
    if (!collection.resource.namespaced) continue;
    for (const stored of [...collection.values()]) {
      if (stored.object.metadata.namespace !== namespace) continue;
      const kind = store.kindOf(collection.resource);
      const marked = markDeleted(kind, stored.object, readDeletion(undefined), store.clock.now());
      if (marked === undefined) store.remove(kind, stored.object, AUTHOR);
      else {
        left++;
        if (stored.object.metadata.deletionTimestamp === undefined) store.put(kind, marked, stored.owners, AUTHOR);
      }
    }
  }
  return left === 0;
}

/** A namespace is held by the server itself until it is empty. */
export function terminating(namespace: StoredObject, now: number): StoredObject {
  const { deletionTimestamp = timestamp(now) } = namespace.metadata;
  const status = { ...(namespace.status as object | undefined), phase: 'Terminating' };
  return { ...namespace, metadata: { ...namespace.metadata, deletionTimestamp }, status };
}
