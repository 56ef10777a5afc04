import type { ObjectKey, Resource } from './object.ts';

type QueryValue = string | number | boolean | undefined;

/** `/api/v1` or `/apis/<group>/<version>`, with the namespace where one is given. */
function basePath(resource: Resource, namespace: string | undefined): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  return namespace
    ? `${root}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`
    : `${root}/${resource.plural}`;
}

function withQuery(path: string, query: Readonly<Record<string, QueryValue>>): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

/** Path of a collection. `namespace` absent or '': all namespaces. */
export function collectionPath(
  resource: Resource,
  namespace?: string,
  query: Readonly<Record<string, QueryValue>> = {},
): string {
  return withQuery(basePath(resource, namespace), query);
}

/** Path of one object, or of a subresource of it. Throws when a namespaced object is named without its namespace. */
export function objectPath(
  resource: Resource,
  key: ObjectKey,
  subresource?: string,
  query: Readonly<Record<string, QueryValue>> = {},
): string {
  if (key.name === '') throw new Error(`a ${resource.kind} without a name has no path`);
  if (resource.namespaced && key.namespace === '') throw new Error(`${resource.kind} ${key.name} needs a namespace`);
  const path = `${basePath(resource, resource.namespaced ? key.namespace : undefined)}/${encodeURIComponent(key.name)}`;
  return withQuery(subresource === undefined ? path : `${path}/${subresource}`, query);
}
