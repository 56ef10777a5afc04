import type { KubeObject } from '../kube/object.ts';
import { createGroup, type Entry, type Group } from './group.ts';

/** What to find an object by: any number of values, none of them for objects that are not to be found this way. */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

/** The entries of a store by the values of one function. */
export interface Index<T extends KubeObject> {
  add(entry: Entry<T>): void;
  remove(entry: Entry<T>): void;
  /** The entry has a new object instead of `previous`. */
  update(entry: Entry<T>, previous: T): void;
  /** The objects of one value, in order of their keys, frozen. */
  objects(value: string): readonly T[];
}

/** `valuesOf` must depend on nothing but the object: it is asked again for what to take out. */
export function createIndex<T extends KubeObject>(valuesOf: IndexFunction<T>): Index<T> {
  const groups = new Map<string, Group<T>>();

  const put = (value: string, entry: Entry<T>): void => {
    let group = groups.get(value);
    if (group === undefined) {
      group = createGroup();
      groups.set(value, group);
    }
    group.add(entry);
  };

  const take = (value: string, entry: Entry<T>): void => {
    // Namespaces and owners come and go; what is empty must not stay for ever.
    if (groups.get(value)?.remove(entry) === true) groups.delete(value);
  };

  return {
    add(entry) {
      for (const value of valuesOf(entry.object)) put(value, entry);
    },
    remove(entry) {
      for (const value of valuesOf(entry.object)) take(value, entry);
    },
    update(entry, previous) {
      const [before, after] = [valuesOf(previous), valuesOf(entry.object)];
      for (const value of before) if (!after.includes(value)) take(value, entry);
      for (const value of after) {
        if (before.includes(value)) groups.get(value)?.touched();
        else put(value, entry);
      }
    },
    objects: (value) => groups.get(value)?.objects() ?? [],
  };
}
