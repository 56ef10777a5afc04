import { badRequest, forbidden, invalid } from './errors.ts';
import { type FieldSchema, metadataFields, unknownFields } from './field-schema.ts';
import { cloneJson, equalJson, isObject, type Json, type JsonObject } from './json.ts';
import type { Kind } from './kinds.ts';
import { mergeBySchema, schemaOfField } from './merge.ts';
import { conform } from './openapi.ts';
import type { StoredObject } from './storage.ts';

// What the server does to an object before it stores it. All functions are pure.

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A copy of the body as an object. Throws 400 when it cannot be one of this kind. */
export function readBody(kind: Kind, body: unknown, namespace: string): StoredObject {
  if (!isObject(body)) throw badRequest('the body of the request is not an object');
  const { resource } = kind;
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
  if (body.kind !== resource.kind || body.apiVersion !== apiVersion) {
    throw badRequest(
      `${String(body.apiVersion)} ${String(body.kind)} in the data does not match ${apiVersion} ${resource.kind}`,
    );
  }
  const copy = cloneJson(body);
  const metadata = isObject(copy.metadata) ? copy.metadata : {};
  if (resource.namespaced) {
    if (typeof metadata.namespace === 'string' && metadata.namespace !== '' && metadata.namespace !== namespace) {
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    }
    metadata.namespace = namespace;
  } else delete metadata.namespace;
  // What the server alone writes; managedFields are kept apart from the object here.
  delete metadata.managedFields;
  copy.metadata = metadata;
  return copy as unknown as StoredObject;
}

/** What a new object looks like. Throws 422 when it may not be. */
export function prepareCreate(kind: Kind, object: StoredObject, uid: string, now: number): StoredObject {
  const {
    resourceVersion: _,
    deletionTimestamp: __,
    deletionGracePeriodSeconds: ___,
    generation: ____,
    ...given
  } = object.metadata;
  checkName(kind, given.name);
  const metadata = {
    ...given,
    uid,
    creationTimestamp: timestamp(now),
    ...(kind.hasGeneration ? { generation: 1 } : {}),
  };
  const created: Record<string, unknown> = { ...object, metadata };
  if (kind.hasStatus) delete created.status;
  return withDefaults(kind, created as StoredObject);
}

/**
 * What the stored object becomes when `wanted` is written to it or to a subresource of it. Equal to `live` but for its
 * resourceVersion when there is nothing to write. Throws 422 when it may not be.
 */
export function prepareUpdate(kind: Kind, live: StoredObject, wanted: StoredObject, subresource: string): StoredObject {
  const { name, uid } = live.metadata;
  const given = wanted.metadata;
  if (given.uid !== undefined && given.uid !== uid) {
    throw invalid(kind.resource, name, `metadata.uid: Invalid value: "${given.uid}": field is immutable`);
  }
  if (subresource === 'status') {
    const { status: _, ...rest } = live;
    const status = wanted.status === undefined ? {} : { status: wanted.status };
    return withDefaults(kind, { ...rest, ...status } as StoredObject);
  }
  const metadata = keepSystemMetadata(live, given);
  checkFinalizers(kind, live, metadata.finalizers ?? []);
  const { status: _, ...withoutStatus } = wanted;
  const status = live.status === undefined ? {} : { status: live.status };
  const next = withDefaults(kind, {
    ...(kind.hasStatus ? { ...withoutStatus, ...status } : wanted),
    metadata,
  } as StoredObject);
  if (!kind.hasGeneration || equalJson(specOf(kind, live), specOf(kind, next))) return next;
  return { ...next, metadata: { ...next.metadata, generation: (live.metadata.generation ?? 0) + 1 } };
}

/** Everything whose changes generation counts. */
function specOf(kind: Kind, object: StoredObject): JsonObject {
  const { metadata: _, status, ...spec } = object as unknown as JsonObject;
  return kind.hasStatus || status === undefined ? spec : { ...spec, status };
}

function keepSystemMetadata(live: StoredObject, given: StoredObject['metadata']): StoredObject['metadata'] {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, resourceVersion } =
    live.metadata;
  const kept: Record<string, unknown> = { ...given };
  const system = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, resourceVersion };
  for (const [field, value] of Object.entries(system)) {
    if (value === undefined) delete kept[field];
    else kept[field] = value;
  }
  return kept as unknown as StoredObject['metadata'];
}

function checkFinalizers(kind: Kind, live: StoredObject, finalizers: readonly string[]): void {
  if (live.metadata.deletionTimestamp === undefined) return;
  const added = finalizers.filter((name) => live.metadata.finalizers?.includes(name) !== true);
  if (added.length === 0) return;
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`;
  throw invalid(kind.resource, live.metadata.name, `metadata.finalizers: Forbidden: ${why}`);
}

function checkName(kind: Kind, name: string | undefined): void {
  if (name === undefined || name === '') {
    throw invalid(kind.resource, '', 'metadata.name: Required value: name or generateName is required');
  }
  if (kind.nameRule === 'any') {
    if (/[/%]/.test(name) || name === '.' || name === '..')
      throw invalid(kind.resource, name, `metadata.name: Invalid value: "${name}"`);
    return;
  }
  const isLabel = kind.nameRule === 'label';
  if (name.length > (isLabel ? 63 : 253) || !(isLabel ? LABEL : SUBDOMAIN).test(name)) {
    const rule = isLabel ? 'a lowercase RFC 1123 label' : 'a lowercase RFC 1123 subdomain';
    throw invalid(
      kind.resource,
      name,
      `metadata.name: Invalid value: "${name}": ${rule} must consist of lower case alphanumeric characters`,
    );
  }
}

function withDefaults(kind: Kind, object: StoredObject): StoredObject {
  if (kind.openApi !== undefined) {
    const { metadata } = object;
    const kept = withoutEmpty(metadata as unknown as Json, metadataFields) as unknown as StoredObject['metadata'];
    return conform(kind, kept === metadata ? object : { ...object, metadata: kept }, kind.openApi);
  }
  const whole = withoutEmpty(object as unknown as Json, kind.fields);
  const { defaults } = kind;
  return (defaults === undefined
    ? whole
    : mergeBySchema(cloneJson(defaults), whole, unknownFields)) as unknown as StoredObject;
}

/**
 * The value without its empty lists and maps, and without nulls: the types of the server in Go cannot tell them from
 * nothing. An empty object of named fields is something, such as an `emptyDir`.
 */
function withoutEmpty(value: Json, schema: FieldSchema): Json {
  if (!isObject(value) || schema.type !== 'struct') return value;
  let kept: JsonObject | undefined;
  for (const name in value) {
    const entry = value[name] ?? null;
    const inner = schemaOfField(schema, name);
    const isMap = inner.type === 'struct' && inner.elements !== undefined && isObject(entry);
    const clean = withoutEmpty(entry, inner);
    const isEmpty = clean === null || ((Array.isArray(clean) || isMap) && Object.keys(clean).length === 0);
    if (clean === entry && !isEmpty) continue;
    kept ??= { ...value };
    if (isEmpty) delete kept[name];
    else kept[name] = clean;
  }
  return kept ?? value;
}

/** RFC 3339 in whole seconds, as metav1.Time is written. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}

/** Throws 403 when the namespace takes no new objects. */
export function checkNamespaceOpen(kind: Kind, name: string, namespace: StoredObject): void {
  if (namespace.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace.metadata.name} because it is being terminated`;
  throw forbidden(kind.resource, name, why);
}
