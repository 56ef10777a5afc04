/** JSON with sorted keys: equal values give equal text, however and in whatever order they were written. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** A copy to be written out as it is: that costs half of what a replacer does, which is called back for every value. */
function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || 'toJSON' in value) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).sort()) {
    const entry = sorted((value as Record<string, unknown>)[key]);
    // A key like any other in the data of a ConfigMap, but not to an assignment.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: entry, enumerable: true });
    else copy[key] = entry;
  }
  return copy;
}
