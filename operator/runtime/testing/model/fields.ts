import type { FieldSchema } from './field-schema.ts';
import { type FieldSet, growSet, isEmpty } from './field-set.ts';
import { equalJson, isObject, type Json, type JsonObject } from './json.ts';
import { isList, itemId, schemaOfField } from './merge.ts';

type Struct = Extract<FieldSchema, { type: 'struct' }>;

/** Fields of a struct have a name in the schema; keys of a map do not. */
const isNamed = ({ fields, elements }: Struct, name: string): boolean =>
  elements === undefined || Object.hasOwn(fields, name);

const isEmptyObject = (value: Json): boolean => isObject(value) && Object.keys(value).length === 0;

/** The fields that a value states. */
export function fieldsOf(value: JsonObject, schema: FieldSchema): FieldSet {
  const { set, insert } = growSet();
  const path: string[] = [];
  const walk = (entry: Json, type: FieldSchema): void => {
    if (isObject(entry) && type.type === 'struct') {
      for (const [name, inner] of Object.entries(entry)) {
        path.push(`f:${name}`);
        walk(inner, schemaOfField(type, name));
        if (inner === null || isEmptyObject(inner) || !isNamed(type, name)) insert(path);
        path.pop();
      }
    } else if (Array.isArray(entry) && isList(type)) {
      for (const item of entry) {
        path.push(itemId(type, item));
        if (type.type === 'list') walk(item, type.item);
        insert(path);
        path.pop();
      }
    } else insert(path);
  };
  walk(value, schema);
  return set;
}

export interface Comparison {
  /** What is new, or has another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** How two states of an object differ, field by field. */
export function compareFields(live: JsonObject, next: JsonObject, schema: FieldSchema): Comparison {
  const changed = growSet();
  const removed = growSet();
  const path: string[] = [];
  const step = (name: string, before: Json | undefined, after: Json | undefined, type: FieldSchema): void => {
    path.push(name);
    walk(before, after, type);
    path.pop();
  };
  const walk = (before: Json | undefined, after: Json | undefined, type: FieldSchema): void => {
    if (before === after) return;
    if (type.type === 'struct' && isObject(before) && isObject(after)) {
      walkObjects(before, after, type);
      return;
    }
    const [old, now] = partsOf(before, after, type);
    if (old === undefined || now === undefined) {
      if (after === undefined) removed.insert(path);
      else if (!equalJson(before, after)) changed.insert(path);
      return;
    }
    const inner = (name: string): FieldSchema => innerSchema(type, name);
    for (const [name, entry] of old) step(name, entry, now.get(name), inner(name));
    for (const [name, entry] of now) if (!old.has(name)) step(name, undefined, entry, inner(name));
    if (before === undefined) changed.insert(path);
    else if (after === undefined) removed.insert(path);
  };
  const walkObjects = (before: JsonObject, after: JsonObject, type: Struct): void => {
    for (const name in before) {
      if (before[name] !== after[name]) step(`f:${name}`, before[name], after[name], schemaOfField(type, name));
    }
    for (const name in after) {
      if (!(name in before)) step(`f:${name}`, undefined, after[name], schemaOfField(type, name));
    }
  };
  walk(live, next, schema);
  return { changed: changed.set, removed: removed.set };
}

type Parts = ReadonlyMap<string, Json>;

const noParts: Parts = new Map();

/** Both values by their steps; undefined where a value counts as a whole. Null has no parts. */
function partsOf(before: Json | undefined, after: Json | undefined, type: FieldSchema): [Parts?, Parts?] {
  const old = before === undefined || before === null ? noParts : stepsOf(before, type);
  const now = after === undefined || after === null ? noParts : stepsOf(after, type);
  if (old === undefined || now === undefined || old.size + now.size === 0) return [];
  return [old, now];
}

function stepsOf(value: Json, type: FieldSchema): Parts | undefined {
  if (isObject(value) && type.type === 'struct') {
    const parts = new Map<string, Json>();
    for (const name in value) parts.set(`f:${name}`, value[name] ?? null);
    return parts;
  }
  if (!Array.isArray(value) || !isList(type)) return undefined;
  return new Map(value.map((item) => [itemId(type, item), item]));
}

function innerSchema(type: FieldSchema, step: string): FieldSchema {
  if (type.type === 'struct') return schemaOfField(type, step.slice(2));
  return type.type === 'list' ? type.item : { type: 'atomic' };
}

/** `set` with every named field on the way to a member. */
export function withNamedParents(set: FieldSet, schema: FieldSchema): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children) {
    const inner = withNamedParents(child, innerSchema(schema, step));
    const isParent = schema.type === 'struct' && child.children.size > 0 && isNamed(schema, step.slice(2));
    children.set(step, isParent ? { ...inner, member: true } : inner);
  }
  return { member: set.member, children };
}

/**
 * The value without the fields of `set`. Of an object or list that loses its last part null is left, as with the server,
 * whose validation may well refuse that.
 */
export function withoutFields(value: JsonObject, set: FieldSet, schema: FieldSchema): JsonObject {
  return isEmpty(set) ? value : ((strip(value, set, schema) ?? {}) as JsonObject);
}

function strip(value: Json, set: FieldSet, schema: FieldSchema): Json {
  if (set.children.size === 0) return value;
  if (isObject(value) && schema.type === 'struct') return stripObject(value, set, schema);
  return Array.isArray(value) && isList(schema) ? stripList(value, set, schema) : value;
}

function stripObject(value: JsonObject, set: FieldSet, schema: Struct): Json {
  const rest: JsonObject = {};
  let isLast = true;
  for (const [name, entry] of Object.entries(value)) {
    const child = set.children.get(`f:${name}`);
    if (child?.member === true) continue;
    isLast = false;
    rest[name] = child === undefined ? entry : strip(entry, child, schemaOfField(schema, name));
  }
  return isLast ? null : rest;
}

function stripList(value: Json[], set: FieldSet, schema: Parameters<typeof itemId>[0]): Json {
  const rest: Json[] = [];
  for (const item of value) {
    const child = set.children.get(itemId(schema, item));
    if (child?.member === true) continue;
    rest.push(child === undefined || schema.type === 'set' ? item : strip(item, child, schema.item));
  }
  return rest.length === 0 ? null : rest;
}
