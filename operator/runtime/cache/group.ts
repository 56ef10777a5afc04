import type { KubeObject } from '../kube/object.ts';
import { deepFreeze } from './freeze.ts';

/** One object of a store. All groups it is in hold the same entry, so an update of the object touches none of them. */
export interface Entry<T extends KubeObject> {
  /** Its text form, which is also the order of every list. */
  readonly key: string;
  object: T;
}

/** The objects of some entries as a list that is made when it is asked for, and kept until something changes. */
export interface View<T extends KubeObject> {
  /** Entries came or went. */
  changed(): void;
  /** An entry has a new object. */
  touched(): void;
  /** The objects in order of their keys, frozen; the same array until something changes. */
  objects(): readonly T[];
}

/** Entries with something in common. */
export interface Group<T extends KubeObject> extends Pick<View<T>, 'touched' | 'objects'> {
  add(entry: Entry<T>): void;
  /** True when the group is empty after it. */
  remove(entry: Entry<T>): boolean;
}

export function createView<T extends KubeObject>(entries: () => Iterable<Entry<T>>): View<T> {
  // Most changes are updates, which leave the order as it is: only the list of objects is made anew.
  let ordered: Entry<T>[] | undefined;
  let view: readonly T[] | undefined;
  return {
    changed() {
      ordered = undefined;
      view = undefined;
    },
    touched() {
      view = undefined;
    },
    objects() {
      ordered ??= [...entries()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
      view ??= Object.freeze(ordered.map(({ object }) => deepFreeze(object)));
      return view;
    },
  };
}

export function createGroup<T extends KubeObject>(): Group<T> {
  const entries = new Set<Entry<T>>();
  const view = createView(() => entries);
  return {
    add(entry) {
      entries.add(entry);
      view.changed();
    },
    remove(entry) {
      entries.delete(entry);
      view.changed();
      return entries.size === 0;
    },
    touched: view.touched,
    objects: view.objects,
  };
}
