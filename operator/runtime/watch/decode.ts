import { apiVersionOf, type KubeObject, type Resource } from '../kube/object.ts';
import { isVersion } from './resource-version.ts';
import type { ListPage, WatchEvent } from './state.ts';

type Json = Record<string, unknown>;

/** Makes equal parts of metadata one value. */
type Share = (metadata: Json) => void;

/** The server sent something that is not what the API promises. */
class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
}

/** One line of a watch. What cannot be read becomes an event of its own, in its place in the order. */
export function decodeEvent<T extends KubeObject>(resource: Resource<T>, line: string, share?: Share): WatchEvent<T> {
  try {
    const { type, object } = record(JSON.parse(line), 'event');
    if (type === 'ERROR') return serverError(record(object, 'Status'));
    const body = record(object, 'object');
    if (type === 'BOOKMARK') return bookmark(record(body.metadata, 'metadata'));
    if (type === 'ADDED' || type === 'MODIFIED') return { type: 'set', object: decodeObject(resource, body, share) };
    if (type === 'DELETED') return { type: 'delete', object: decodeObject(resource, body, share) };
    throw new MalformedAnswer(`unknown event type ${JSON.stringify(type)}`);
  } catch (error) {
    return { type: 'garbage', detail: error instanceof Error ? error.message : String(error) };
  }
}

/** The answer to a list request. Throws when it is not one: a list of which a part is missing must not replace a cache. */
export function decodePage<T extends KubeObject>(resource: Resource<T>, answer: unknown, share?: Share): ListPage<T> {
  const { metadata, items } = record(answer, 'list');
  const meta = record(metadata, 'metadata of the list');
  // Go marshals an empty slice that was never made as null.
  if (items !== null && !Array.isArray(items)) throw new MalformedAnswer('a list without items');
  return {
    objects: (items ?? []).map((item: unknown) => decodeObject(resource, record(item, 'item'), share)),
    resourceVersion: versionOf(meta),
    continue: typeof meta.continue === 'string' ? meta.continue : '',
  };
}

/**
 * The object with the type of its resource (items of lists come without, metadata-only objects with another), without
 * managedFields, which nobody here reads and which often are half of the object. The metadata is rebuilt rather than
 * changed: `delete` would turn it into a slow dictionary for good, of three times the size.
 */
function decodeObject<T extends KubeObject>(resource: Resource<T>, body: Json, share: Share | undefined): T {
  const { managedFields: _, ...metadata } = record(body.metadata, 'metadata');
  if (typeof metadata.name !== 'string') throw new MalformedAnswer('an object without a name');
  versionOf(metadata);
  share?.(metadata);
  const [apiVersion, { kind }] = [apiVersionOf(resource), resource];
  // There is nothing else in an object of metadata.
  if (share !== undefined) return { apiVersion, kind, metadata } as unknown as T;
  if (body.apiVersion !== apiVersion || body.kind !== kind)
    return { ...body, apiVersion, kind, metadata } as unknown as T;
  body.metadata = metadata;
  return body as unknown as T;
}

function bookmark(metadata: Json): WatchEvent<never> {
  const resourceVersion = versionOf(metadata);
  const annotations = metadata.annotations as Json | undefined;
  const isEnd = annotations?.['k8s.io/initial-events-end'] === 'true';
  return isEnd ? { type: 'bookmark', resourceVersion, initialEnd: true } : { type: 'bookmark', resourceVersion };
}

function serverError(status: Json): WatchEvent<never> {
  const { code, reason, message } = status;
  return {
    type: 'error',
    status: typeof code === 'number' ? code : 500,
    reason: typeof reason === 'string' ? reason : 'Unknown',
    message: typeof message === 'string' ? message : 'no message',
  };
}

function versionOf({ resourceVersion }: Json): string {
  if (!isVersion(resourceVersion)) throw new MalformedAnswer(`resourceVersion ${JSON.stringify(resourceVersion)}`);
  return resourceVersion;
}

function record(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MalformedAnswer(`no ${what}`);
  return value as Json;
}
