import type { Clock } from '../../clock.ts';
import { KubeApiError } from '../../kube/client.ts';
import { apiVersionOf } from '../../kube/object.ts';
import { badRequest } from './errors.ts';
import { matcherOf, show, type View } from './reads.ts';
import type { Route } from './routes.ts';
import type { Matches } from './selectors.ts';
import type { Change, Collection, StoredObject } from './storage.ts';

const BOOKMARK_MS = 60_000;
/** Without a time in the request the server takes 30 to 60 minutes. */
const DEFAULT_SECONDS = 1_800;

export interface WatchCall {
  readonly clock: Clock;
  readonly collection: Collection;
  readonly route: Route;
  readonly view: View;
  readonly newest: () => number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The lines of a watch as chunks. The first step opens it and may throw: what the server refuses comes as an answer, only
 * an expired version comes as an event. Ends when its time is up, or when the watcher is slower than history is kept.
 */
export async function* watch(call: WatchCall): AsyncGenerator<Buffer> {
  const { clock, collection, route, view, newest, signal } = call;
  const { query } = route;
  const matches = matcherOf(route);
  // A watch may begin in the future.
  const after = Number(query?.get('resourceVersion') ?? 0);
  const bookmarks = query?.get('allowWatchBookmarks') === 'true';
  const endAt = clock.monotonic() + 1000 * (Number(query?.get('timeoutSeconds') ?? 0) || DEFAULT_SECONDS);
  let position = collection.endPosition;
  try {
    position = startOf(call);
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.status !== 410) throw error;
    yield errorLine(error);
    return;
  }
  const initial = initialLines(call, matches);
  if (initial !== undefined) yield initial;
  const bookmark = (annotations?: Record<string, string>): Buffer => bookmarkLine(route, view, newest(), annotations);
  if (query?.get('sendInitialEvents') === 'true') yield bookmark({ 'k8s.io/initial-events-end': 'true' });
  let bookmarkAt = clock.monotonic() + BOOKMARK_MS;
  const changes = alarm(clock, collection, signal);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const lines: Buffer[] = [];
      for (; position < collection.endPosition; position++) {
        const change = collection.changeAt(position);
        // The watcher was slower than history is kept.
        if (change === undefined) return;
        const line = change.version > after ? lineOf(change, view, matches) : undefined;
        if (line !== undefined) lines.push(line);
      }
      if (lines.length > 0) yield lines.length === 1 && lines[0] !== undefined ? lines[0] : Buffer.concat(lines);
      else {
        const now = clock.monotonic();
        if (bookmarks && now >= Math.min(bookmarkAt, endAt)) {
          bookmarkAt = now + BOOKMARK_MS;
          yield bookmark();
        }
        if (now >= endAt) return;
        await changes.ring(
          Math.min(endAt, bookmarks ? bookmarkAt : endAt) - now,
          () => position < collection.endPosition,
        );
      }
    }
  } finally {
    changes.end();
  }
}

function startOf({ collection, route: { query: asked } }: WatchCall): number {
  const version = asked?.get('resourceVersion') ?? '';
  if (asked?.get('sendInitialEvents') === 'true' || version === '' || version === '0') return collection.endPosition;
  if (!/^[0-9]+$/.test(version)) throw badRequest(`Invalid value: "${version}": strconv.ParseUint: invalid syntax`);
  return collection.positionAfter(Number(version));
}

function errorLine(error: KubeApiError): Buffer {
  const { status, reason, message } = error;
  const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
  return lineBuffer('ERROR', object);
}

function bookmarkLine(
  { kind: { resource } }: Route,
  view: View,
  version: number,
  annotations?: Record<string, string>,
): Buffer {
  const metadata = { resourceVersion: String(version), creationTimestamp: null, ...(annotations && { annotations }) };
  return lineBuffer('BOOKMARK', {
    kind: view === 'metadata' ? 'PartialObjectMetadata' : resource.kind,
    apiVersion: view === 'metadata' ? 'meta.k8s.io/v1' : apiVersionOf(resource),
    metadata,
  });
}

/** A watch without a version begins with all there is. */
function initialLines(
  { collection, route: { query }, view }: WatchCall,
  matches: Matches | undefined,
): Buffer | undefined {
  const version = query?.get('resourceVersion') ?? '';
  if (query?.get('sendInitialEvents') !== 'true' && version !== '' && version !== '0') return undefined;
  if (query?.get('sendInitialEvents') === 'false') return undefined;
  const lines: Buffer[] = [];
  for (const key of collection.keys()) {
    const object = collection.get(key)?.object;
    if (object !== undefined && (matches === undefined || matches(object)))
      lines.push(lineBuffer('ADDED', show(object, view)));
  }
  return lines.length === 0 ? undefined : Buffer.concat(lines);
}

function lineBuffer(type: string, object: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

/** What a watcher with this selection is told of a change; undefined: nothing. An object may move in or out of sight. */
function lineOf(change: Change, view: View, matches: Matches | undefined): Buffer | undefined {
  const { before, after, told } = change;
  const was = before !== undefined && (matches === undefined || matches(before.object));
  const is = after !== undefined && (matches === undefined || matches(after.object));
  if (!was && !is) return undefined;
  const type = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
  const id = `${type} ${view}`;
  let line = change.lines.get(id);
  if (line === undefined) {
    line = lineBuffer(
      type,
      show(type === 'DELETED' && before !== undefined ? lastSeen(before.object, told) : told, view),
    );
    change.lines.set(id, line);
  }
  return line;
}

/** Who loses sight of an object sees it as it was, at the version of the change. */
function lastSeen(before: StoredObject, { metadata: { resourceVersion } }: StoredObject): StoredObject {
  return { ...before, metadata: { ...before.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
}

/** Waits for changes, for time and for the end of the watch. */
function alarm(clock: Clock, collection: Collection, signal: AbortSignal | undefined) {
  let wake = (): void => {};
  const fire = (): void => wake();
  const stop = collection.listen(fire);
  signal?.addEventListener('abort', fire, { once: true });
  return {
    /** Resolves at a change, when `signal` aborts, and after `ms`; at once when `isDue`. */
    async ring(ms: number, isDue: () => boolean): Promise<void> {
      if (isDue() || signal?.aborted === true) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.setTimer(ms, resolve);
        wake = () => {
          cancel();
          resolve();
        };
      });
      wake = () => {};
    },
    end(): void {
      stop();
      signal?.removeEventListener('abort', fire);
    },
  };
}
