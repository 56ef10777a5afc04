import type { KubeObject } from '../kube/object.ts';
import { deepFreeze } from './freeze.ts';

/** One object of a store. All groups it is in hold the same entry, so an update of the object touches none of them. */
export interface Entry<T extends KubeObject> {
  /** Its text form, which is also the order of every list. */
  readonly key: string;
  object: T;
}

/** Entries with something in common. */
export interface Group<T extends KubeObject> {
  add(entry: Entry<T>): void;
  /** True when the group is empty after it. */
  remove(entry: Entry<T>): boolean;
  /** An entry of the group has a new object. */
  touched(): void;
  /** The objects in order of their keys, frozen; the same array until something changes. */
  objects(): readonly T[];
}

export function createGroup<T extends KubeObject>(): Group<T> {
  const entries = new Set<Entry<T>>();
  // Most changes are updates, which leave the order as it is: only the list of objects is made anew.
  let ordered: Entry<T>[] | undefined;
  let view: readonly T[] | undefined;
  const changed = (): void => {
    ordered = undefined;
    view = undefined;
  };
  return {
    add(entry) {
      entries.add(entry);
      changed();
    },
    remove(entry) {
      entries.delete(entry);
      changed();
      return entries.size === 0;
    },
    touched() {
      view = undefined;
    },
    objects() {
      ordered ??= [...entries].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      view ??= Object.freeze(ordered.map(({ object }) => deepFreeze(object)));
      return view;
    },
  };
}
