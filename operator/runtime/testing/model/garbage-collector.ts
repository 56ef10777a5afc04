import type { KubeObject, OwnerReference } from '../../kube/object.ts';
import { type Deletion, FOREGROUND, isReadyToGo, markDeleted, ORPHAN } from './deletion.ts';
import type { Change, Collection, Stored, StoredObject } from './storage.ts';
import { storageKey } from './storage.ts';
import type { Author, Store } from './store.ts';

const AUTHOR: Author = { user: 'garbage-collector', verb: 'patch', subresource: '' };
const DELETE: Author = { ...AUTHOR, verb: 'delete' };

interface Place {
  readonly collection: Collection;
  readonly key: string;
}

/**
 * The garbage collector of Kubernetes: what lost all its owners is deleted; what is deleted in the foreground waits for
 * the dependents that block it; what is orphaned loses its references. Runs `delayMs` after the change that calls for it.
 */
export class GarbageCollector {
  readonly #store: Store;
  readonly #delayMs: () => number;
  /** Dependents by the uid of an owner. */
  readonly #dependents = new Map<string, Map<string, Place>>();
  readonly #suspects = new Map<string, Place>();
  #isDue = false;

  constructor(store: Store, delayMs: () => number) {
    this.#store = store;
    this.#delayMs = delayMs;
    store.onChange((collection, change) => this.#observe(collection, change));
  }

  /** Whether there is something to look at. */
  get isBusy(): boolean {
    return this.#suspects.size > 0;
  }

  #observe(collection: Collection, { before, after, told }: Change): void {
    const key = storageKey(told.metadata.namespace ?? '', told.metadata.name);
    const place = { collection, key };
    const had = before?.object.metadata.ownerReferences;
    const has = after?.object.metadata.ownerReferences;
    if (had !== has) {
      for (const { uid } of had ?? []) this.#dependents.get(uid)?.delete(idOf(place));
      for (const { uid } of has ?? []) this.#dependentsOf(uid).set(idOf(place), place);
      if (has !== undefined) this.#suspect(place);
      // A blocked owner may wait for this one.
      for (const reference of had ?? []) this.#suspectOwner(told, reference);
    }
    const isHeld = after?.object.metadata.finalizers?.some((name) => name === FOREGROUND || name === ORPHAN) === true;
    if (isHeld && after.object.metadata.deletionTimestamp !== undefined) this.#suspect(place);
    if (after === undefined) {
      const { uid = '' } = told.metadata;
      for (const dependent of this.#dependents.get(uid)?.values() ?? []) this.#suspect(dependent);
      if (this.#dependents.get(uid)?.size === 0) this.#dependents.delete(uid);
    }
  }

  #dependentsOf(uid: string): Map<string, Place> {
    const found = this.#dependents.get(uid) ?? new Map<string, Place>();
    this.#dependents.set(uid, found);
    return found;
  }

  #suspectOwner({ metadata }: KubeObject, reference: OwnerReference): void {
    const owner = this.#placeOfOwner(metadata.namespace ?? '', reference);
    if (owner?.collection.get(owner.key)?.object.metadata.deletionTimestamp !== undefined) this.#suspect(owner);
  }

  #suspect(place: Place): void {
    this.#suspects.set(idOf(place), place);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#store.clock.setTimer(this.#delayMs(), () => {
      this.#isDue = false;
      this.#work();
    });
  }

  /** What the work itself gives rise to waits for the next time. */
  #work(): void {
    const suspects = [...this.#suspects.values()];
    this.#suspects.clear();
    for (const place of suspects) {
      const stored = place.collection.get(place.key);
      if (stored !== undefined) this.#examine(place, stored);
    }
  }

  #examine(place: Place, stored: Stored): void {
    const { deletionTimestamp, finalizers = [] } = stored.object.metadata;
    if (deletionTimestamp !== undefined) {
      if (finalizers.includes(ORPHAN)) this.#orphanDependents(place, stored);
      else if (finalizers.includes(FOREGROUND)) this.#deleteDependents(place, stored);
      return;
    }
    this.#judge(place, stored);
  }

  #judge(place: Place, stored: Stored): void {
    const { ownerReferences = [], namespace = '', finalizers = [] } = stored.object.metadata;
    if (ownerReferences.length === 0) return;
    const solid: OwnerReference[] = [];
    let waited = false;
    for (const reference of ownerReferences) {
      const owner = this.#ownerState(namespace, reference);
      if (owner === 'solid') solid.push(reference);
      if (owner === 'waiting' && reference.blockOwnerDeletion === true) waited = true;
    }
    if (solid.length > 0) {
      if (solid.length < ownerReferences.length) this.#write(place, stored, { ownerReferences: solid });
      return;
    }
    const hasDependents = (this.#dependents.get(stored.object.metadata.uid ?? '')?.size ?? 0) > 0;
    const asked = finalizers.includes(ORPHAN)
      ? 'Orphan'
      : finalizers.includes(FOREGROUND)
        ? 'Foreground'
        : 'Background';
    this.#delete(stored, waited && hasDependents ? 'Foreground' : asked, place);
  }

  #ownerState(namespace: string, reference: OwnerReference): 'solid' | 'waiting' | 'absent' {
    const place = this.#placeOfOwner(namespace, reference);
    // The owner is of a kind that nobody knows: better keep the dependent.
    if (place === undefined) return 'solid';
    const owner = place.collection.get(place.key)?.object.metadata;
    if (owner === undefined || owner.uid !== reference.uid) return 'absent';
    const isWaiting = owner.deletionTimestamp !== undefined && owner.finalizers?.includes(FOREGROUND) === true;
    return isWaiting ? 'waiting' : 'solid';
  }

  #placeOfOwner(namespace: string, { apiVersion, kind, name }: OwnerReference): Place | undefined {
    const found = this.#store.kindNamed(apiVersion, kind);
    if (found === undefined) return undefined;
    const collection = this.#store.collectionOf(found.resource);
    return { collection, key: storageKey(found.resource.namespaced ? namespace : '', name) };
  }

  #deleteDependents(place: Place, stored: Stored): void {
    const dependents = [...(this.#dependents.get(stored.object.metadata.uid ?? '')?.values() ?? [])];
    const blocking = dependents.filter((dependent) => {
      const references = dependent.collection.get(dependent.key)?.object.metadata.ownerReferences ?? [];
      return references.some(({ uid, blockOwnerDeletion }) => uid === stored.object.metadata.uid && blockOwnerDeletion);
    });
    if (blocking.length === 0) this.#dropFinalizer(place, stored, FOREGROUND);
    for (const dependent of blocking.length === 0 ? [] : dependents) {
      if (dependent.collection.get(dependent.key)?.object.metadata.deletionTimestamp === undefined)
        this.#suspect(dependent);
    }
  }

  #orphanDependents(place: Place, stored: Stored): void {
    const { uid } = stored.object.metadata;
    for (const dependent of [...(this.#dependents.get(uid ?? '')?.values() ?? [])]) {
      const found = dependent.collection.get(dependent.key);
      const rest = found?.object.metadata.ownerReferences?.filter((reference) => reference.uid !== uid) ?? [];
      if (found !== undefined) this.#write(dependent, found, { ownerReferences: rest });
    }
    this.#dropFinalizer(place, stored, ORPHAN);
  }

  #dropFinalizer(place: Place, stored: Stored, finalizer: string): void {
    const finalizers = stored.object.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
    this.#write(place, stored, { finalizers });
  }

  #write(place: Place, stored: Stored, change: Partial<StoredObject['metadata']>): void {
    const metadata: Record<string, unknown> = { ...stored.object.metadata };
    for (const [field, value] of Object.entries(change)) {
      if (Array.isArray(value) && value.length === 0) delete metadata[field];
      else metadata[field] = value;
    }
    const next = { ...stored.object, metadata } as unknown as StoredObject;
    const kind = this.#store.kindOf(place.collection.resource);
    if (isReadyToGo(next)) this.#store.remove(kind, next, AUTHOR);
    else this.#store.put(kind, next, stored.owners, AUTHOR);
  }

  #delete(stored: Stored, propagationPolicy: string, { collection }: Place): void {
    const kind = this.#store.kindOf(collection.resource);
    const deletion: Deletion = {
      propagationPolicy,
      gracePeriodSeconds: undefined,
      uid: undefined,
      resourceVersion: undefined,
    };
    const marked = markDeleted(kind, stored.object, deletion, this.#store.clock.now());
    if (marked === undefined) this.#store.remove(kind, stored.object, DELETE);
    else this.#store.put(kind, marked, stored.owners, DELETE);
  }
}

function idOf({ collection: { resource }, key }: Place): string {
  return `${resource.group}/${resource.plural}/${key}`;
}
