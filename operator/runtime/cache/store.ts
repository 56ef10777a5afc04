import { controllerOf, type KubeObject, keyOf, keyText, type ObjectKey } from '../kube/object.ts';
import type { StoreEffect } from '../watch/state.ts';
import { deepFreeze } from './freeze.ts';
import type { Change } from './informer.ts';

/** The objects of one resource, by key, by namespace and by controlling owner. */
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
}

/** Objects by key text. The sorted view is made when it is asked for, and kept until something changes. */
interface Bucket<T> {
  readonly objects: Map<string, T>;
  sorted: readonly T[] | undefined;
}

const ALL = '';

export function createStore<T extends KubeObject>(): Store<T> {
  const all: Bucket<T> = { objects: new Map(), sorted: undefined };
  const namespaces = new Map<string, Bucket<T>>([[ALL, all]]);
  const owners = new Map<string, Bucket<T>>();
  let reached: string | undefined;

  const index = (key: string, object: T): void => {
    put(namespaces, ALL, key, object);
    const { namespace } = object.metadata;
    if (namespace !== undefined) put(namespaces, namespace, key, object);
    const owner = controllerOf(object);
    if (owner !== undefined) put(owners, owner.uid, key, object);
  };

  const unindex = (key: string, object: T): void => {
    take(all, key);
    const { namespace } = object.metadata;
    if (namespace !== undefined) takeFrom(namespaces, namespace, key);
    const owner = controllerOf(object);
    if (owner !== undefined) takeFrom(owners, owner.uid, key);
  };

  const remove = (object: T): Change<T>[] => {
    const key = keyText(keyOf(object));
    const old = all.objects.get(key);
    if (old === undefined) return [];
    unindex(key, old);
    // The last state the server knew, which carries what changed between our last look and the end.
    return [{ type: 'deleted', object: old.metadata.uid === object.metadata.uid ? deepFreeze(object) : old }];
  };

  const set = (object: T, initial: boolean): Change<T>[] => {
    const key = keyText(keyOf(object));
    const previous = all.objects.get(key);
    if (previous === undefined) {
      index(key, deepFreeze(object));
      return [{ type: 'added', object, initial }];
    }
    if (previous.metadata.uid !== object.metadata.uid) {
      // Another object under the same name: the old one is gone, although nobody told us.
      return [...remove(previous), ...set(object, initial)];
    }
    if (previous.metadata.resourceVersion === object.metadata.resourceVersion) return [];
    if (controllerOf(previous)?.uid !== controllerOf(object)?.uid) unindex(key, previous);
    index(key, deepFreeze(object));
    return [{ type: 'updated', object, previous, initial }];
  };

  const replace = (objects: readonly T[]): Change<T>[] => {
    const initial = reached === undefined;
    const left = new Set(objects.map((object) => keyText(keyOf(object))));
    const vanished = [...all.objects].filter(([key]) => !left.has(key)).flatMap(([, object]) => remove(object));
    return vanished.concat(objects.flatMap((object) => set(object, initial)));
  };

  return {
    apply(effect) {
      const changes =
        effect.type === 'replace'
          ? replace(effect.objects)
          : effect.events.flatMap(({ type, object }) => (type === 'set' ? set(object, false) : remove(object)));
      reached = effect.resourceVersion;
      return changes;
    },
    version: () => reached,
    size: () => all.objects.size,
    get: (key) => all.objects.get(keyText(key)),
    inNamespace: (namespace) => view(namespaces.get(namespace)),
    ownedBy: (uid) => view(owners.get(uid)),
  };
}

function put<T>(buckets: Map<string, Bucket<T>>, name: string, key: string, object: T): void {
  let bucket = buckets.get(name);
  if (bucket === undefined) {
    bucket = { objects: new Map(), sorted: undefined };
    buckets.set(name, bucket);
  }
  bucket.objects.set(key, object);
  bucket.sorted = undefined;
}

function take<T>(bucket: Bucket<T>, key: string): void {
  bucket.objects.delete(key);
  bucket.sorted = undefined;
}

function takeFrom<T>(buckets: Map<string, Bucket<T>>, name: string, key: string): void {
  const bucket = buckets.get(name);
  if (bucket === undefined) return;
  take(bucket, key);
  // Namespaces and owners come and go; what is empty must not stay for ever.
  if (bucket.objects.size === 0) buckets.delete(name);
}

function view<T>(bucket: Bucket<T> | undefined): readonly T[] {
  if (bucket === undefined) return [];
  bucket.sorted ??= Object.freeze(
    [...bucket.objects].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, object]) => object),
  );
  return bucket.sorted;
}
