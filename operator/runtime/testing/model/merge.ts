import { type FieldSchema, unknownFields } from './field-schema.ts';
import { equalJson, isObject, type Json, type JsonObject } from './json.ts';

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

/** `live` with what `config` says, by schema: `live` itself when that is nothing new. Shares parts with both. */
export function mergeBySchema(live: Json | undefined, config: Json, schema: FieldSchema): Json {
  if (isObject(live) && isObject(config) && schema.type === 'struct') {
    let merged: JsonObject | undefined;
    for (const name in config) {
      const value = mergeBySchema(live[name], config[name] ?? null, schemaOfField(schema, name));
      if (value === live[name]) continue;
      merged ??= { ...live };
      merged[name] = value;
    }
    return merged ?? live;
  }
  if (Array.isArray(live) && Array.isArray(config) && isList(schema)) return mergeLists(live, config, schema);
  return live !== undefined && equalJson(live, config) ? live : config;
}

/**
 * Items that only `live` has keep their place as well as may be; the others come in the order of `config`. The server
 * walks both lists at once: an item of `live` that `config` has too is left for its turn in `config`.
 */
function mergeLists(live: Json[], config: Json[], schema: Extract<FieldSchema, { type: 'set' | 'list' }>): Json[] {
  const item = schema.type === 'list' ? schema.item : schema;
  if (live.length === config.length && live.length > 0) {
    // Most applies state the same items again.
    const same = live.every((value, index) => itemId(schema, value) === itemId(schema, config[index] ?? null));
    if (same) return withItems(live, (value, index) => mergeBySchema(value, config[index] ?? null, item));
  }
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

/** The list with each item as `change` makes it; the list itself when all stay. */
function withItems(list: Json[], change: (item: Json, index: number) => Json): Json[] {
  const changed = list.map(change);
  return changed.every((item, index) => item === list[index]) ? list : changed;
}
