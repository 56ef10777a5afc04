import { controllerOf, type KubeObject, keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import type { StoreEffect } from '../watch/state.ts';
import { deepFreeze } from './freeze.ts';
import { createView, type Entry } from './group.ts';
import { createIndex, type Index, type IndexFunction } from './index-by.ts';
import type { Change } from './informer.ts';

/**
 * The objects of one resource by key, by namespace, by controlling owner and by what else is declared. What is read is
 * frozen, and frozen when it is read first: most changes of a busy cluster are never looked at in depth.
 */
export interface Store<T extends KubeObject> {
  /** Takes in what the watch brought and returns what changed by it, in order. */
  apply(effect: StoreEffect<T>): Change<T>[];
  /** The resourceVersion the store has reached; undefined before the first list. */
  version(): string | undefined;
  size(): number;
  get(key: ObjectKey): T | undefined;
  /** In order of their keys; '' gives the objects of all namespaces. */
  inNamespace(namespace: string): readonly T[];
  /** In order of their keys. */
  ownedBy(uid: string): readonly T[];
  /** Declares an index; only before the first object. */
  declareIndex(name: string, valuesOf: IndexFunction<T>): void;
  /** In order of their keys. Throws for an index that was not declared. */
  byIndex(name: string, value: string): readonly T[];
}

export function createStore<T extends KubeObject>(): Store<T> {
  const entries = new Map<string, Entry<T>>();
  const all = createView<T>(() => entries.values());
  const namespaces = createIndex<T>(({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace]));
  const owners = createIndex<T>((object) => {
    const owner = controllerOf(object);
    return owner === undefined ? [] : [owner.uid];
  });
  const declared = new Map<string, Index<T>>();
  const indexes: Index<T>[] = [namespaces, owners];
  let reached: string | undefined;

  const add = (key: string, object: T): void => {
    const entry = { key, object };
    entries.set(key, entry);
    all.changed();
    for (const index of indexes) index.add(entry);
  };

  const drop = (entry: Entry<T>): void => {
    entries.delete(entry.key);
    all.changed();
    for (const index of indexes) index.remove(entry);
  };

  const remove = (object: T, changes: Change<T>[]): void => {
    const entry = entries.get(keyText(keyOf(object)));
    if (entry === undefined) return;
    drop(entry);
    // The last state the server knew, which carries what changed between our last look and the end.
    const last = entry.object.metadata.uid === object.metadata.uid ? object : entry.object;
    changes.push({ type: 'deleted', object: last });
  };

  const set = (object: T, initial: boolean, changes: Change<T>[]): void => {
    const key = keyText(keyOf(object));
    const entry = entries.get(key);
    if (entry !== undefined && entry.object.metadata.uid === object.metadata.uid) {
      const previous = entry.object;
      if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return;
      entry.object = object;
      all.touched();
      for (const index of indexes) index.update(entry, previous);
      changes.push({ type: 'updated', object, previous, initial });
      return;
    }
    // Another object under the same name: the old one is gone, although nobody told us.
    if (entry !== undefined) remove(entry.object, changes);
    add(key, object);
    changes.push({ type: 'added', object, initial });
  };

  const replace = (objects: readonly T[], changes: Change<T>[]): void => {
    const initial = reached === undefined;
    if (entries.size > 0) {
      const left = new Set(objects.map((object) => keyText(keyOf(object))));
      for (const { key, object } of [...entries.values()]) if (!left.has(key)) remove(object, changes);
    }
    for (const object of objects) set(object, initial, changes);
  };

  return {
    apply(effect) {
      const changes: Change<T>[] = [];
      if (effect.type === 'replace') replace(effect.objects, changes);
      else {
        for (const { type, object } of effect.events) {
          if (type === 'set') set(object, false, changes);
          else remove(object, changes);
        }
      }
      reached = effect.resourceVersion;
      return changes;
    },
    version: () => reached,
    size: () => entries.size,
    get: (key) => deepFreeze(entries.get(keyText(key))?.object),
    inNamespace: (namespace) => (namespace === '' ? all.objects() : namespaces.objects(namespace)),
    ownedBy: (uid) => owners.objects(uid),
    declareIndex(name, valuesOf) {
      if (declared.has(name)) throw new Error(`there is an index "${name}" already`);
      if (reached !== undefined) throw new Error(`index "${name}" must be declared before the start`);
      const index = createIndex(valuesOf);
      declared.set(name, index);
      indexes.push(index);
    },
    byIndex(name, value) {
      const index = declared.get(name);
      if (index === undefined) throw new Error(`there is no index "${name}": declare it with informer.index()`);
      return index.objects(value);
    },
  };
}
