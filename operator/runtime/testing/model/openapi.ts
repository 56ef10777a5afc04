import { invalid } from './errors.ts';
import { cloneJson, isObject, type Json, type JsonObject } from './json.ts';
import type { Kind } from './kinds.ts';
import type { StoredObject } from './storage.ts';

/**
 * A custom resource as its structural schema wants it: defaults set, unknown fields dropped, values checked. The rules in
 * CEL are not evaluated. Shares with `object` what is the same already. Throws 422 with all that is wrong.
 */
export function conform(kind: Kind, object: StoredObject, schema: JsonObject): StoredObject {
  const problems: string[] = [];
  const { apiVersion, kind: type, metadata, ...rest } = object as unknown as JsonObject;
  const body = conformValue(rest, schema, '', problems);
  if (problems.length > 0) {
    const [first = ''] = problems;
    throw invalid(kind.resource, object.metadata.name, problems.length === 1 ? first : `[${problems.join(', ')}]`);
  }
  return { apiVersion, kind: type, metadata, ...(isObject(body) ? body : {}) } as unknown as StoredObject;
}

/**
 * Refuses nulls where the schema does not allow them. What is sent whole may hold them, for they count as nothing given; in
 * what an apply comes to they are values. Throws 422.
 */
export function refuseNulls(kind: Kind, object: JsonObject): void {
  const path = kind.openApi === undefined ? undefined : nullWithin(object, kind.openApi, '');
  if (path === undefined) return;
  const { name } = object.metadata as JsonObject;
  throw invalid(kind.resource, String(name), `${path}: Invalid value: "null": must not be null`);
}

function nullWithin(value: Json, schema: JsonObject, path: string): string | undefined {
  if (value === null) return schema.nullable === true ? undefined : path;
  const { items, properties, additionalProperties } = schema;
  if (Array.isArray(value)) return isObject(items) ? firstNull(value.entries(), () => items, path) : undefined;
  if (!isObject(value)) return undefined;
  const schemaOf = (name: string | number): Json | undefined =>
    isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
  return firstNull(Object.entries(value), schemaOf, path);
}

function firstNull(
  parts: Iterable<[string | number, Json]>,
  schemaOf: (part: string | number) => Json | undefined,
  path: string,
): string | undefined {
  for (const [part, entry] of parts) {
    const schema = schemaOf(part);
    const found = isObject(schema)
      ? nullWithin(entry, schema, path === '' ? String(part) : `${path}.${part}`)
      : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function conformValue(value: Json, schema: JsonObject, path: string, problems: string[]): Json {
  check(value, schema, path, problems);
  if (isObject(value)) return conformObject(value, schema, path, problems);
  if (!Array.isArray(value) || !isObject(schema.items)) return value;
  const { items } = schema;
  const conformed = value.map((entry, index) => conformValue(entry, items, `${path}[${index}]`, problems));
  return conformed.every((entry, index) => entry === value[index]) ? value : conformed;
}

const TYPE_FIELDS = new Set(['apiVersion', 'kind', 'metadata']);

function conformObject(value: JsonObject, schema: JsonObject, path: string, problems: string[]): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const others = schema.additionalProperties;
  const keepsOthers = schema['x-kubernetes-preserve-unknown-fields'] === true || others === true;
  const conformed: JsonObject = {};
  let changed = false;
  const put = (name: string, entry: Json | undefined, before: Json | undefined): void => {
    if (entry !== before) changed = true;
    if (entry !== undefined) conformed[name] = entry;
  };
  for (const [name, entry] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : isObject(others) ? others : undefined;
    const inner = path === '' ? name : `${path}.${name}`;
    if (isObject(property)) {
      // A null where null may not be counts as nothing given.
      const isGiven = entry !== null || property.nullable === true;
      put(name, isGiven ? conformValue(entry, property, inner, problems) : defaultOf(property, inner, problems), entry);
    } else put(name, keepsOthers ? entry : undefined, entry);
  }
  for (const [name, property] of Object.entries(properties)) {
    if (name in value || (path === '' && TYPE_FIELDS.has(name)) || !isObject(property)) continue;
    const inner = path === '' ? name : `${path}.${name}`;
    if ('default' in property) put(name, defaultOf(property, inner, problems), undefined);
  }
  for (const name of Array.isArray(schema.required) ? schema.required : []) {
    if (!(String(name) in conformed)) problems.push(`${path === '' ? '' : `${path}.`}${String(name)}: Required value`);
  }
  return changed ? conformed : value;
}

function defaultOf(property: JsonObject, path: string, problems: string[]): Json | undefined {
  const value = property.default;
  return value === undefined ? undefined : conformValue(cloneJson(value), property, path, problems);
}

function check(value: Json, schema: JsonObject, path: string, problems: string[]): void {
  const refuse = (why: string): void => void problems.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${why}`);
  if (value === null) return;
  if (!isOfType(value, schema)) {
    refuse(`must be of type ${String(schema.type)}`);
    return;
  }
  if (Array.isArray(schema.enum) && !schema.enum.includes(value)) {
    problems.push(`${path}: Unsupported value: ${JSON.stringify(value)}`);
  }
  if (typeof value === 'number') checkNumber(value, schema, refuse);
  if (typeof value === 'string') checkText(value, schema, refuse);
  if (Array.isArray(value)) checkSize(value.length, schema.minItems, schema.maxItems, 'items', refuse);
  if (isObject(value))
    checkSize(Object.keys(value).length, schema.minProperties, schema.maxProperties, 'properties', refuse);
}

function isOfType(value: Json, schema: JsonObject): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) return typeof value === 'string' || Number.isInteger(value);
  switch (schema.type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === schema.type;
    default:
      return true;
  }
}

function checkNumber(value: number, { minimum, maximum }: JsonObject, refuse: (why: string) => void): void {
  if (typeof minimum === 'number' && value < minimum) refuse(`should be greater than or equal to ${minimum}`);
  if (typeof maximum === 'number' && value > maximum) refuse(`should be less than or equal to ${maximum}`);
}

function checkText(value: string, schema: JsonObject, refuse: (why: string) => void): void {
  checkSize(value.length, schema.minLength, schema.maxLength, 'characters', refuse);
  if (typeof schema.pattern === 'string' && !new RegExp(schema.pattern, 'u').test(value)) {
    refuse(`should match '${schema.pattern}'`);
  }
}

function checkSize(
  size: number,
  least: Json | undefined,
  most: Json | undefined,
  what: string,
  refuse: (why: string) => void,
): void {
  if (typeof least === 'number' && size < least) refuse(`should have at least ${least} ${what}`);
  if (typeof most === 'number' && size > most) refuse(`should have at most ${most} ${what}`);
}
