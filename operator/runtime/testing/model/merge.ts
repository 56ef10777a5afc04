import { type FieldSchema, unknownFields } from './field-schema.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** The schema of a field of a struct. */
export function schemaOfField(schema: Extract<FieldSchema, { type: 'struct' }>, name: string): FieldSchema {
  return (Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined) ?? schema.elements ?? unknownFields;
}

/** What tells an item of a list from the others: `k:{"name":"a"}`, `v:"a"`. */
export function itemId(schema: Extract<FieldSchema, { type: 'set' | 'list' }>, item: Json): string {
  if (schema.type === 'set') return `v:${JSON.stringify(item)}`;
  const keys: JsonObject = {};
  for (const key of Object.keys(schema.keys).sort()) {
    const value = (isObject(item) ? item[key] : undefined) ?? schema.keys[key];
    if (value !== undefined) keys[key] = value;
  }
  return `k:${JSON.stringify(keys)}`;
}

export const isList = (schema: FieldSchema): schema is Extract<FieldSchema, { type: 'set' | 'list' }> =>
  schema.type === 'set' || schema.type === 'list';

/** `live` with what `config` says, by schema. Neither is changed; the result may share parts with both. */
export function mergeBySchema(live: Json | undefined, config: Json, schema: FieldSchema): Json {
  if (isObject(live) && isObject(config) && schema.type === 'struct') {
    const merged: JsonObject = { ...live };
    for (const [name, value] of Object.entries(config)) {
      merged[name] = mergeBySchema(live[name], value, schemaOfField(schema, name));
    }
    return merged;
  }
  if (Array.isArray(live) && Array.isArray(config) && isList(schema)) return mergeLists(live, config, schema);
  return config;
}

/**
 * Items that only `live` has keep their place as well as may be; the others come in the order of `config`. The server
 * walks both lists at once: an item of `live` that `config` has too is left for its turn in `config`.
 */
function mergeLists(live: Json[], config: Json[], schema: Extract<FieldSchema, { type: 'set' | 'list' }>): Json[] {
  const item = schema.type === 'list' ? schema.item : schema;
  const liveItems = new Map(live.map((value) => [itemId(schema, value), value]));
  const configItems = new Map(config.map((value) => [itemId(schema, value), value]));
  const liveIds = [...liveItems.keys()];
  const configIds = [...configItems.keys()];
  const shared = configIds.filter((id) => liveItems.has(id));
  const taken = new Set<string>();
  const merged: Json[] = [];
  const take = (id: string): void => {
    const value = configItems.get(id);
    merged.push(value === undefined ? (liveItems.get(id) ?? null) : mergeBySchema(liveItems.get(id), value, item));
    taken.add(id);
    if (shared[0] === id) shared.shift();
  };
  for (let l = 0, c = 0; l < liveIds.length || c < configIds.length; ) {
    const liveId = liveIds[l];
    const configId = configIds[c];
    if (liveId !== undefined && liveId === configId) {
      take(liveId);
      l++;
      c++;
    } else if (liveId !== undefined && !configItems.has(liveId)) {
      take(liveId);
      l++;
    } else if (liveId !== undefined && (taken.has(liveId) || (configId !== undefined && shared[0] !== liveId))) {
      l++;
    } else if (configId !== undefined) {
      take(configId);
      c++;
    }
  }
  return merged;
}
