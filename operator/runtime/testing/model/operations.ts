import { apiVersionOf } from '../../kube/object.ts';
import { applyConfig, type FieldOwner, ownersAfterUpdate, type Writer } from './apply.ts';
import { checkPreconditions, isReadyToGo, markDeleted, readDeletion } from './deletion.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  invalid,
  noSuchPath,
  notFound,
  staleVersion,
  unprepared,
  unsupportedMediaType,
} from './errors.ts';
import { cloneJson, isObject, type Json, type JsonObject, mergePatch } from './json.ts';
import { terminating } from './namespaces.ts';
import { refuseNulls } from './openapi.ts';
import type { Route } from './routes.ts';
import { type Stored, type StoredObject, storageKey } from './storage.ts';
import type { Author, Store, WriteVerb } from './store.ts';
import { checkNamespaceOpen, prepareCreate, prepareUpdate, readBody } from './write.ts';

// The writes of the API, each decided in one step.

export interface WriteCall {
  readonly store: Store;
  readonly route: Route;
  readonly body: unknown;
  /** The user-agent of the client. */
  readonly user: string;
}

function authorOf({ user, route }: WriteCall, verb: WriteVerb): Author {
  return { user, verb, subresource: route.subresource };
}

/** A client that does not say who it is goes by the name of its program. */
function writerOf({ user, route }: WriteCall, operation: Writer['operation']): Writer {
  const manager = route.query?.get('fieldManager') ?? user.split('/')[0] ?? '';
  return { manager, operation, subresource: route.subresource, apiVersion: apiVersionOf(route.kind.resource) };
}

export function liveOf({ store, route: { kind, namespace, name } }: Pick<WriteCall, 'store' | 'route'>): Stored {
  const live = store.collectionOf(kind.resource).get(storageKey(namespace, name));
  if (live === undefined) throw notFound(kind.resource, name);
  return live;
}

export function create(call: WriteCall): Stored {
  const { store, route } = call;
  const { kind, namespace } = route;
  const body = readBody(kind, call.body, namespace);
  if (body.metadata.resourceVersion) throw unprepared('resourceVersion should not be set on objects to be created');
  return insert(call, named(body, store), undefined, 'create');
}

/** Names of generated objects end in five random characters. */
function named(object: StoredObject, store: Store): StoredObject {
  const { name, generateName } = object.metadata as { name?: string; generateName?: unknown };
  if (name || typeof generateName !== 'string') return object;
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  const suffix = Array.from({ length: 5 }, () => letters[Math.floor(store.random() * letters.length)]).join('');
  return { ...object, metadata: { ...object.metadata, name: `${generateName}${suffix}` } };
}

function insert(
  call: WriteCall,
  object: StoredObject,
  owners: readonly FieldOwner[] | undefined,
  verb: WriteVerb,
): Stored {
  const { store, route } = call;
  const { kind, namespace } = route;
  const { resource } = kind;
  if (resource.namespaced) {
    const home = store.collectionOf({ group: '', plural: 'namespaces' }).get(storageKey('', namespace));
    if (home === undefined) throw notFound({ ...resource, group: '', plural: 'namespaces' }, namespace);
    checkNamespaceOpen(kind, object.metadata.name, home.object);
  }
  const now = store.clock.now();
  const created = prepareCreate(kind, object, store.newUid(), now);
  if (store.collectionOf(resource).get(storageKey(namespace, created.metadata.name)) !== undefined) {
    throw alreadyExists(resource, created.metadata.name);
  }
  const owned =
    owners ??
    ownersAfterUpdate({ object: {}, owners: [] }, jsonOf(created), writerOf(call, 'Update'), {
      schema: kind.fields,
      now,
    });
  return store.put(kind, created, owned, authorOf(call, verb));
}

const jsonOf = (object: StoredObject): JsonObject => object as unknown as JsonObject;

function checkSubresource({ kind, subresource }: Route): void {
  if (subresource === '' || (subresource === 'status' && kind.hasStatus)) return;
  throw noSuchPath();
}

export function replace(call: WriteCall): Stored {
  const { route } = call;
  checkSubresource(route);
  const body = readBody(route.kind, call.body, route.namespace);
  if (body.metadata.name !== route.name) {
    throw badRequest(
      `the name of the object (${body.metadata.name}) does not match the name on the URL (${route.name})`,
    );
  }
  const live = liveOf(call);
  if (!body.metadata.resourceVersion && !route.kind.allowsBlindUpdate) {
    throw invalid(
      route.kind.resource,
      route.name,
      'metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
  }
  return update(call, live, body, 'update');
}

export function patch(call: WriteCall, contentType: string | undefined): Stored {
  if (contentType?.startsWith('application/apply-patch') === true) return apply(call);
  if (contentType !== 'application/merge-patch+json') throw unsupportedMediaType(String(contentType));
  const { route } = call;
  const isScale = route.subresource === 'scale' && route.kind.hasScale;
  if (!isScale) checkSubresource(route);
  const live = liveOf(call);
  if (!isObject(call.body)) throw badRequest('a merge patch is an object');
  const change = isScale ? scaleChange(call.body) : cloneJson(call.body);
  const patched = mergePatch(jsonOf(live.object), change);
  const body = isObject(patched) ? { ...patched, metadata: { ...(patched.metadata as JsonObject) } } : patched;
  return update(call, live, body as unknown as StoredObject, 'patch');
}

function scaleChange(body: JsonObject): JsonObject {
  const spec = isObject(body.spec) ? body.spec : {};
  const metadata = isObject(body.metadata) ? { metadata: cloneJson(body.metadata) } : {};
  return { ...metadata, ...(spec.replicas === undefined ? {} : { spec: { replicas: spec.replicas } }) };
}

function update(call: WriteCall, live: Stored, wanted: StoredObject, verb: WriteVerb): Stored {
  const { store, route } = call;
  const { kind, subresource, name } = route;
  const { resourceVersion, uid } = wanted.metadata;
  if (resourceVersion && resourceVersion !== live.object.metadata.resourceVersion)
    throw staleVersion(kind.resource, name);
  // A PUT takes the uid for a precondition, a patch for a change of what cannot change.
  if (verb === 'update' && uid !== undefined && uid !== live.object.metadata.uid) {
    throw conflict(
      kind.resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.object.metadata.uid}`,
    );
  }
  const next = prepareUpdate(kind, live.object, wanted, subresource === 'scale' ? '' : subresource);
  const owners = ownersAfterUpdate(
    { object: jsonOf(live.object), owners: live.owners },
    jsonOf(next),
    writerOf(call, 'Update'),
    { schema: kind.fields, now: store.clock.now() },
  );
  return storeUpdate(call, next, owners, verb);
}

/** The last finalizer of an object that is to go takes the object with it. */
function storeUpdate(call: WriteCall, next: StoredObject, owners: readonly FieldOwner[], verb: WriteVerb): Stored {
  const { store, route } = call;
  if (!isReadyToGo(next)) return store.put(route.kind, next, owners, authorOf(call, verb));
  store.remove(route.kind, next, authorOf(call, verb));
  return { object: next, owners };
}

function apply(call: WriteCall): Stored {
  const { store, route } = call;
  const { kind, namespace, name, query } = route;
  checkSubresource(route);
  if (!query?.get('fieldManager')) throw badRequest('fieldManager is required for apply patch');
  const config = readBody(kind, call.body, namespace);
  if (config.metadata.name !== name) {
    throw badRequest(`the name of the object (${config.metadata.name}) does not match the name on the URL (${name})`);
  }
  const { uid, resourceVersion, ...metadata } = config.metadata;
  const wanted = jsonOf({ ...config, metadata } as StoredObject);
  const writer = writerOf(call, 'Apply');
  const options = { schema: kind.fields, force: query.get('force') === 'true', now: store.clock.now() };
  const live = store.collectionOf(kind.resource).get(storageKey(namespace, name));
  if (live === undefined) {
    if (route.subresource !== '') throw notFound(kind.resource, name);
    if (uid !== undefined) {
      const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
      throw conflict(kind.resource, name, why);
    }
    const { object, owners } = applyConfig({ object: {}, owners: [] }, ownedPart(route, wanted), writer, options);
    return insert(call, object as unknown as StoredObject, owners, 'apply');
  }
  const owned = { object: jsonOf(live.object), owners: live.owners };
  const applied = applyConfig(owned, ownedPart(route, wanted), writer, options);
  // A conflict of owners is told before one of versions.
  if (resourceVersion && resourceVersion !== live.object.metadata.resourceVersion)
    throw staleVersion(kind.resource, name);
  if (uid !== undefined && uid !== live.object.metadata.uid) {
    throw invalid(kind.resource, name, `metadata.uid: Invalid value: "${uid}": field is immutable`);
  }
  refuseNulls(kind, applied.object);
  const next = prepareUpdate(kind, live.object, applied.object as unknown as StoredObject, route.subresource);
  return storeUpdate(call, next, applied.owners, 'apply');
}

/** What of an applied object counts: the status for the status subresource, all but the status for the object. */
function ownedPart({ kind, subresource }: Route, config: JsonObject): JsonObject {
  const { apiVersion, kind: type, metadata, status, ...rest } = config;
  if (subresource === 'status') {
    const { name, namespace } = metadata as JsonObject;
    const identity = namespace === undefined ? { name } : { name, namespace };
    return { apiVersion, kind: type, metadata: identity, ...(status === undefined ? {} : { status }) } as JsonObject;
  }
  const own = { apiVersion, kind: type, metadata, ...rest } as JsonObject;
  return kind.hasStatus || status === undefined ? own : { ...own, status };
}

/** Resolves to what is left of the object, or undefined when it is gone. */
export function remove(call: WriteCall): Stored | undefined {
  const { store, route } = call;
  if (route.subresource !== '') throw noSuchPath();
  const live = liveOf(call);
  const deletion = readDeletion(call.body);
  checkPreconditions(route.kind, live.object, deletion);
  const now = store.clock.now();
  const isNamespace = route.kind.resource.group === '' && route.kind.resource.kind === 'Namespace';
  const marked = isNamespace ? terminating(live.object, now) : markDeleted(route.kind, live.object, deletion, now);
  if (marked !== undefined) return store.put(route.kind, marked, live.owners, authorOf(call, 'delete'));
  store.remove(route.kind, live.object, authorOf(call, 'delete'));
  return undefined;
}

/** Scale as a resource of its own, for answers. */
export function scaleOf({ object }: Stored): Json {
  const { spec, status } = object as { spec?: { replicas?: number }; status?: { replicas?: number } };
  const { name, namespace, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: cloneJson({ name, namespace, uid, resourceVersion }) as JsonObject,
    spec: { replicas: spec?.replicas ?? 0 },
    status: { replicas: status?.replicas ?? 0 },
  };
}
