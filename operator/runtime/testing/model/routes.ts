import type { Kind } from './kinds.ts';

/** What a path of the API means. */
export interface Route {
  readonly kind: Kind;
  readonly namespace: string;
  /** '' for the collection. */
  readonly name: string;
  /** '' for the object itself. */
  readonly subresource: string;
  readonly query: URLSearchParams | undefined;
}

export type FindKind = (group: string, version: string, plural: string) => Kind | undefined;

/** Undefined when no resource is served there. */
export function parseRoute(target: string, findKind: FindKind): Route | undefined {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? undefined : new URLSearchParams(target.slice(mark + 1));
  const [, root, ...rest] = path.split('/');
  const group = root === 'apis' ? (rest.shift() ?? '') : '';
  if (root !== 'api' && root !== 'apis') return undefined;
  const version = rest.shift() ?? '';
  // `namespaces/a` is an object, `namespaces/a/pods` a collection within it, `namespaces/a/status` a subresource.
  const isWithin = rest[0] === 'namespaces' && rest.length > 2 && !(group === '' && isOfNamespace(rest[2]));
  const namespace = isWithin ? (rest[1] ?? '') : '';
  const [plural = '', name = '', subresource = ''] = isWithin ? rest.slice(2) : rest;
  const kind = findKind(group, version, plural);
  if (kind === undefined || (isWithin && !kind.resource.namespaced)) return undefined;
  return { kind, namespace: decodeURIComponent(namespace), name: decodeURIComponent(name), subresource, query };
}

function isOfNamespace(segment: string | undefined): boolean {
  return segment === 'status' || segment === 'finalize';
}
