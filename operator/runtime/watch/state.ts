import { KubeApiError } from '../kube/client.ts';
import { type KubeObject, keyOf, keyText } from '../kube/object.ts';
import { compareVersions } from './resource-version.ts';

// The reflector as a state machine (after the watcher of kube-rs): what it does next follows from `State` and `Input`
// alone, and no state is final.

export interface ListPage<T> {
  readonly objects: readonly T[];
  readonly resourceVersion: string;
  /** '' on the last page. */
  readonly continue: string;
}

export type WatchEvent<T> =
  | { readonly type: 'set' | 'delete'; readonly object: T }
  /** `initialEnd`: all that came before in this stream is the whole collection at this version. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string; readonly initialEnd?: true }
  | { readonly type: 'error'; readonly status: number; readonly reason: string; readonly message: string }
  | { readonly type: 'garbage'; readonly detail: string };

/** Why the whole collection is read: the label of a metric, so a closed set. */
export type ListReason = 'start' | 'expired' | 'garbage' | 'regress' | 'server_error' | 'list_failed';

/** `failures`: how often in a row nothing was achieved; it sets the back-off. */
export type State<T> =
  | {
      readonly name: 'listing';
      readonly reason: ListReason;
      readonly pages: readonly (readonly T[])[];
      readonly streamed: Streamed<T> | undefined;
      readonly failures: number;
    }
  | { readonly name: 'watching'; readonly from: string; readonly failures: number }
  | { readonly name: 'waiting'; readonly next: Next; readonly failures: number };

interface Taken<T> {
  readonly type: 'set' | 'delete';
  readonly object: T;
}

/** What a streamed list has brought so far, last part first: objects, and what happened to them since it began. */
interface Streamed<T> {
  readonly part: readonly Taken<T>[];
  readonly before: Streamed<T> | undefined;
}

type Next = { readonly list: ListReason } | { readonly watchFrom: string };

export type Input<T> =
  | { readonly type: 'page'; readonly page: ListPage<T> }
  | { readonly type: 'events'; readonly events: readonly WatchEvent<T>[] }
  /** A list failed, or a watch ended; without `error` the server ended it in order. */
  | { readonly type: 'ended'; readonly error?: unknown; readonly livedMs: number }
  | { readonly type: 'elapsed' };

export type StoreEffect<T> =
  /** These are all objects there are, at this version. */
  | { readonly type: 'replace'; readonly objects: readonly T[]; readonly resourceVersion: string }
  /** These changes in this order; the store is then at this version. */
  | {
      readonly type: 'change';
      readonly events: readonly Taken<T>[];
      readonly resourceVersion: string;
    };

/** Work that ends whatever work was under way. */
export type Work =
  /**
   * `page` is the continue token, '' for the first page. The driver may also answer with the events of a watch that begins
   * with the whole collection; that watch then goes on.
   */
  | { readonly type: 'list'; readonly page: string; readonly reason: ListReason }
  | { readonly type: 'watch'; readonly from: string }
  /** Wait for up to `ceilingMs`; jitter is the driver's. */
  | { readonly type: 'wait'; readonly ceilingMs: number; readonly cause: string };

export interface Step<T> {
  readonly state: State<T>;
  readonly store?: StoreEffect<T>;
  readonly work?: Work;
}

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 30_000;
/** A watch that lived so long was not in vain, even if nothing changed meanwhile. */
const WORTHWHILE_MS = 10_000;

export function begin<T>(): Step<T> {
  return startList('start', 0);
}

export function step<T extends KubeObject>(state: State<T>, input: Input<T>): Step<T> {
  switch (state.name) {
    case 'listing':
      if (input.type === 'page') return onPage(state, input.page);
      if (input.type === 'events') return onStreamedList(state, input.events);
      // A failed page fails the list: its token may be what expired.
      if (input.type === 'ended') return wait({ list: 'list_failed' }, state.failures, messageOf(input.error));
      return { state };
    case 'watching':
      if (input.type === 'events') return onEvents(state, input.events);
      if (input.type === 'ended') return onWatchEnd(state, input);
      return { state };
    case 'waiting':
      if (input.type !== 'elapsed') return { state };
      if ('list' in state.next) return startList(state.next.list, state.failures);
      return startWatch(state.next.watchFrom, state.failures);
  }
}

/**
 * A list states no resourceVersion: the server then answers with the newest state. `resourceVersion=0` may answer from a
 * cache that lags, so a restarted operator could go back in time (Sieve, OSDI '22), and it ignores the page size. For the
 * same reason a list is taken for true even when its version is older than what was seen: etcd was restored from a backup.
 */
function onPage<T>(state: Extract<State<T>, { name: 'listing' }>, page: ListPage<T>): Step<T> {
  const pages = [...state.pages, page.objects];
  if (page.continue !== '') {
    return { state: { ...state, pages }, work: { type: 'list', page: page.continue, reason: state.reason } };
  }
  const { resourceVersion } = page;
  return {
    ...startWatch<T>(resourceVersion, state.failures),
    store: { type: 'replace', objects: pages.flat(), resourceVersion },
  };
}

/**
 * A list that comes as a watch: every object as an event, in no order of versions, until a bookmark says that this was all.
 * The driver begins a new input behind that bookmark.
 */
function onStreamedList<T extends KubeObject>(
  state: Extract<State<T>, { name: 'listing' }>,
  events: readonly WatchEvent<T>[],
): Step<T> {
  const more: Taken<T>[] = [];
  for (const event of events) {
    if (event.type === 'error' || event.type === 'garbage') return onBrokenEvent(event, state.failures);
    if (event.type !== 'bookmark') more.push(event);
    else if (event.initialEnd === true) {
      const { resourceVersion } = event;
      const objects = lastOfEach({ part: more, before: state.streamed });
      return {
        state: { name: 'watching', from: resourceVersion, failures: 0 },
        store: { type: 'replace', objects, resourceVersion },
      };
    }
  }
  return { state: { ...state, streamed: { part: more, before: state.streamed } } };
}

function lastOfEach<T extends KubeObject>(streamed: Streamed<T>): T[] {
  const parts: (readonly Taken<T>[])[] = [];
  for (let at: Streamed<T> | undefined = streamed; at !== undefined; at = at.before) parts.push(at.part);
  const objects = new Map<string, T>();
  for (const { type, object } of parts.reverse().flat()) {
    if (type === 'set') objects.set(keyText(keyOf(object)), object);
    else objects.delete(keyText(keyOf(object)));
  }
  return [...objects.values()];
}

function onEvents<T extends KubeObject>(
  state: Extract<State<T>, { name: 'watching' }>,
  events: readonly WatchEvent<T>[],
): Step<T> {
  const taken: Taken<T>[] = [];
  let from = state.from;
  let broken: Step<T> | undefined;
  for (const event of events) {
    const version = versionOf(event);
    if (version === undefined) broken = onBrokenEvent(event, state.failures);
    else if (compareVersions(version, from) < 0) {
      broken = wait({ list: 'regress' }, state.failures, `version ${version} after ${from}`);
    }
    if (broken !== undefined || version === undefined) break;
    if (event.type === 'set' || event.type === 'delete') taken.push(event);
    from = version;
  }
  const moved = taken.length > 0 || from !== state.from;
  const store = { type: 'change', events: taken, resourceVersion: from } as const;
  if (broken !== undefined) return moved ? { ...broken, store } : broken;
  return moved ? { state: { name: 'watching', from, failures: 0 }, store } : { state: { ...state, failures: 0 } };
}

function versionOf<T extends KubeObject>(event: WatchEvent<T>): string | undefined {
  if (event.type === 'bookmark') return event.resourceVersion;
  if (event.type === 'set' || event.type === 'delete') return event.object.metadata.resourceVersion;
  return undefined;
}

function onBrokenEvent<T>(event: WatchEvent<T>, failures: number): Step<T> {
  if (event.type === 'error') {
    const reason = event.status === 410 ? 'expired' : 'server_error';
    return wait({ list: reason }, failures, `${event.reason}: ${event.message}`);
  }
  return wait({ list: 'garbage' }, failures, event.type === 'garbage' ? event.detail : 'an object without a version');
}

function onWatchEnd<T>(
  { from, failures }: Extract<State<T>, { name: 'watching' }>,
  { error, livedMs }: Extract<Input<T>, { type: 'ended' }>,
): Step<T> {
  const before = livedMs >= WORTHWHILE_MS ? 0 : failures;
  if (error === undefined && livedMs >= WORTHWHILE_MS) return startWatch(from, 0);
  if (isVersionRefused(error)) return wait({ list: 'expired' }, before, messageOf(error));
  return wait({ watchFrom: from }, before, error === undefined ? 'the server ended the watch early' : messageOf(error));
}

/** The server will not resume from this version: too old (410), from the future, not a version, or another resource. */
function isVersionRefused(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return [400, 404, 410].includes(error.status) || error.message.includes('Too large resource version');
}

function startList<T>(reason: ListReason, failures: number): Step<T> {
  return {
    state: { name: 'listing', reason, pages: [], streamed: undefined, failures },
    work: { type: 'list', page: '', reason },
  };
}

function startWatch<T>(from: string, failures: number): Step<T> {
  return { state: { name: 'watching', from, failures }, work: { type: 'watch', from } };
}

function wait<T>(next: Next, failures: number, cause: string): Step<T> {
  const ceilingMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 20));
  return { state: { name: 'waiting', next, failures: failures + 1 }, work: { type: 'wait', ceilingMs, cause } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
