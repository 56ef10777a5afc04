import type { Clock, Random } from '../../clock.ts';
import type { ObjectKey, Resource } from '../../kube/object.ts';
import type { FieldOwner } from './apply.ts';
import { equalJson, type Json } from './json.ts';
import type { Kind } from './kinds.ts';
import { type Change, Collection, type Counter, type Stored, type StoredObject, storageKey } from './storage.ts';

/** How something was written. */
export type WriteVerb = 'create' | 'update' | 'patch' | 'apply' | 'delete';

/** On whose behalf something is written. */
export interface Author {
  /** The user-agent of the client. */
  readonly user: string;
  readonly verb: WriteVerb;
  /** '' for the object itself. */
  readonly subresource: string;
}

/** A write that the server accepted. */
export interface Write extends Author {
  readonly resource: Resource;
  readonly key: ObjectKey;
  readonly before: StoredObject | undefined;
  /** Undefined: the object is gone. The same as `before` when there was nothing to change. */
  readonly after: StoredObject | undefined;
}

/** A kind at the version under which it is asked for, and its objects. */
export interface Served {
  readonly kind: Kind;
  readonly collection: Collection;
}

export interface StoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly historyLimit: number;
}

/** All objects of the server, their one counter of versions, and who wants to know of changes. */
export class Store {
  readonly clock: Clock;
  readonly random: Random;
  readonly #counter: Counter = { version: 100 };
  readonly #historyLimit: number;
  readonly #collections = new Map<string, Collection>();
  readonly #kinds = new Map<string, Kind>();
  readonly #changeListeners: ((collection: Collection, change: Change) => void)[] = [];
  readonly #writeListeners = new Set<(write: Write) => void>();
  #uids = 0;

  constructor({ clock, random, historyLimit }: StoreOptions) {
    this.clock = clock;
    this.random = random;
    this.#historyLimit = historyLimit;
  }

  get version(): number {
    return this.#counter.version;
  }

  /** Serves a kind from now on. Serving it again changes what is known of it. */
  serve(kind: Kind): void {
    const { group, version, plural } = kind.resource;
    this.#kinds.set(`${group}/${version}/${plural}`, kind);
    const name = `${group}/${plural}`;
    if (!this.#collections.has(name)) {
      this.#collections.set(name, new Collection(kind.resource, this.#counter, this.#historyLimit));
    }
  }

  kind(group: string, version: string, plural: string): Kind | undefined {
    return this.#kinds.get(`${group}/${version}/${plural}`);
  }

  kindOf({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>): Kind {
    const kind = this.kind(group, version, plural);
    if (kind === undefined) throw new Error(`the model does not serve ${plural}.${version}.${group}`);
    return kind;
  }

  /** Finds the kind that an owner reference names. */
  kindNamed(apiVersion: string, name: string): Kind | undefined {
    for (const kind of this.#kinds.values()) {
      const { group, version, kind: called } = kind.resource;
      if (called === name && apiVersion === (group === '' ? version : `${group}/${version}`)) return kind;
    }
    return undefined;
  }

  collectionOf({ group, plural }: Pick<Resource, 'group' | 'plural'>): Collection {
    const collection = this.#collections.get(`${group}/${plural}`);
    if (collection === undefined) throw new Error(`the model does not serve ${plural} of group '${group}'`);
    return collection;
  }

  collections(): IterableIterator<Collection> {
    return this.#collections.values();
  }

  newUid(): string {
    this.#uids++;
    return `00000000-0000-4000-8000-${this.#uids.toString(16).padStart(12, '0')}`;
  }

  /** Stores what differs from what is stored; returns what is stored then. */
  put(kind: Kind, object: StoredObject, owners: readonly FieldOwner[], author: Author): Stored {
    const collection = this.collectionOf(kind.resource);
    const key = storageKey(object.metadata.namespace ?? '', object.metadata.name);
    const before = collection.get(key);
    if (before !== undefined && before.owners === owners && equalJson(before.object as Json, object as Json)) {
      this.#tell(kind, author, before.object, before.object);
      return before;
    }
    const after = { object: this.#atNextVersion(object), owners };
    this.#changed(collection, collection.put(key, after));
    this.#tell(kind, author, before?.object, after.object);
    return after;
  }

  /** Removes the object for good. */
  remove(kind: Kind, live: StoredObject, author: Author): void {
    const collection = this.collectionOf(kind.resource);
    const key = storageKey(live.metadata.namespace ?? '', live.metadata.name);
    const before = collection.get(key);
    if (before === undefined) return;
    this.#changed(collection, collection.remove(key, this.#atNextVersion(before.object)));
    this.#tell(kind, author, before.object, undefined);
  }

  /** Calls `fn` after each change of what is stored. */
  onChange(fn: (collection: Collection, change: Change) => void): void {
    this.#changeListeners.push(fn);
  }

  /** Calls `fn` after each accepted write; the returned function ends it. */
  onWrite(fn: (write: Write) => void): () => void {
    this.#writeListeners.add(fn);
    return () => void this.#writeListeners.delete(fn);
  }

  #atNextVersion(object: StoredObject): StoredObject {
    this.#counter.version++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#counter.version) } };
  }

  #changed(collection: Collection, change: Change): void {
    for (const listener of this.#changeListeners) listener(collection, change);
  }

  #tell(kind: Kind, author: Author, before: StoredObject | undefined, after: StoredObject | undefined): void {
    const { metadata } = (after ?? before) as StoredObject;
    const key = { namespace: metadata.namespace ?? '', name: metadata.name };
    for (const listener of this.#writeListeners) listener({ ...author, resource: kind.resource, key, before, after });
  }
}
