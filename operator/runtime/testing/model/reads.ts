import { apiVersionOf } from '../../kube/object.ts';
import { badRequest } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { Route } from './routes.ts';
import { fieldMatcher, labelMatcher, type Matches } from './selectors.ts';
import { type Collection, type Stored, type StoredObject, storageKey } from './storage.ts';

/** How objects are to be shown: whole, or their metadata alone. */
export type View = 'full' | 'metadata';

export function viewOf(accept: string | undefined): View {
  return accept?.includes('as=PartialObjectMetadata') === true ? 'metadata' : 'full';
}

/** The object as an answer shows it; shares parts with what is stored. */
export function show(object: StoredObject, view: View): StoredObject {
  if (view === 'full') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

/** Which objects of the collection a request is about; undefined: all. */
export function matcherOf({ kind, namespace, query }: Route): Matches | undefined {
  const byLabel = labelMatcher(query?.get('labelSelector') ?? '');
  const byField = fieldMatcher(query?.get('fieldSelector') ?? '', kind.indexed);
  if (namespace === '' && byLabel === undefined && byField === undefined) return undefined;
  return (object) =>
    (namespace === '' || object.metadata.namespace === namespace) &&
    (byLabel === undefined || byLabel(object)) &&
    (byField === undefined || byField(object));
}

/** `start`: the first key of the page. */
interface Continue {
  readonly version: number;
  readonly start: string;
}

const EXPIRED_TOKEN =
  'The provided continue parameter is too old to display a consistent list result. Start a new list without it.';

function writeToken({ version, start }: Continue): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start })).toString('base64url');
}

function readToken(token: string): Continue {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as { rv: number; start: string };
    if (Number.isInteger(rv) && typeof start === 'string') return { version: rv, start };
  } catch {
    // Said below.
  }
  throw badRequest('continue key is not valid');
}

/**
 * A page of the collection. Pages after the first are of the version of the first; 410 when that is no longer known.
 * `staleVersion`: the state at that version instead of the newest.
 */
export function list(
  collection: Collection,
  route: Route,
  view: View,
  newest: number,
  staleVersion?: number,
): JsonObject {
  const { query, kind } = route;
  const limit = Number(query?.get('limit') ?? 0);
  const token = query?.get('continue') ?? '';
  const { version, start } = token === '' ? { version: staleVersion ?? newest, start: '' } : readToken(token);
  const matches = matcherOf(route);
  const items: Stored[] = [];
  let next = '';
  let remaining = 0;
  for (const stored of statesAt(collection, version, newest)) {
    const { metadata } = stored.object;
    if (start !== '' && storageKey(metadata.namespace ?? '', metadata.name) < start) continue;
    if (matches !== undefined && !matches(stored.object)) continue;
    if (limit > 0 && items.length === limit) {
      if (next === '') next = writeToken({ version, start: storageKey(metadata.namespace ?? '', metadata.name) });
      remaining++;
    } else items.push(stored);
  }
  const { resource } = kind;
  const partial = view === 'metadata';
  return {
    kind: partial ? 'PartialObjectMetadataList' : `${resource.kind}List`,
    apiVersion: partial ? 'meta.k8s.io/v1' : apiVersionOf(resource),
    metadata: {
      resourceVersion: String(version),
      ...(next === '' ? {} : { continue: next, remainingItemCount: remaining }),
    },
    items: items.map(({ object }) => show(object, view) as unknown as JsonObject),
  };
}

function* statesAt(collection: Collection, version: number, newest: number): Iterable<Stored> {
  if (version < newest) {
    yield* collection.at(version, EXPIRED_TOKEN);
    return;
  }
  for (const key of collection.keys()) {
    const stored = collection.get(key);
    if (stored !== undefined) yield stored;
  }
}

/** The object as it was at a version; undefined when there was none. */
export function getAt(collection: Collection, key: string, version: number): Stored | undefined {
  const found = collection.at(version, 'the state at this version is no longer known');
  return found.find(({ object: { metadata } }) => storageKey(metadata.namespace ?? '', metadata.name) === key);
}
