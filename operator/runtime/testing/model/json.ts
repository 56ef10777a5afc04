/** What a body of the API is made of. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A copy that shares nothing; leaves out what is undefined, as the wire would. */
export function cloneJson<T>(value: T): T {
  if (Array.isArray(value)) return value.map((entry: unknown) => cloneJson(entry)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const entry: unknown = value[key];
    if (entry !== undefined) copy[key] = typeof entry === 'object' ? cloneJson(entry) : entry;
  }
  return copy as T;
}

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((entry, index) => equalJson(entry, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  let surplus = 0;
  for (const key in a) {
    if (!equalJson(a[key], b[key])) return false;
    surplus++;
  }
  for (const _ in b) surplus--;
  return surplus === 0;
}

/** RFC 7396. Neither argument is changed; the result may share parts with both. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], change);
  }
  return merged;
}
