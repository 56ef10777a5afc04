import { type Clock, pause, type Random } from '../clock.ts';
import { KubeApiError } from '../kube/client.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import { collectionPath } from '../kube/paths.ts';
import type { Transport } from '../kube/transport.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { decodeEvent, decodePage } from './decode.ts';
import { createLineSplitter } from './lines.ts';
import type { reflectorMetrics } from './metrics.ts';
import { createSharing } from './sharing.ts';
import { begin, type Input, type StoreEffect, step, type Work } from './state.ts';

const PAGE_SIZE = 500;
const LIST_TIMEOUT_MS = 60_000;
/** How long the server keeps a watch open. Spread by ±10 %, so that watches do not all come back at once. */
const WATCH_SECONDS = 290;
/** How much longer than asked for a watch may stay open before it counts as forgotten by the server. */
const WATCH_GRACE_MS = 15_000;

const FULL = { list: 'application/json', watch: 'application/json' };
const METADATA = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
};

export interface ReflectorOptions<T extends KubeObject> {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly resource: Resource<T>;
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  readonly metadataOnly: boolean;
  /**
   * Reads collections as watches that begin with all objects, which costs the server far less memory than pages, where it
   * can do that: Kubernetes 1.34 and later, or with the feature gate WatchList. Pages otherwise.
   */
  readonly streamedLists: boolean;
  readonly log: Logger;
  readonly metrics: Metrics<typeof reflectorMetrics>;
  /** Must not throw. */
  readonly store: (effect: StoreEffect<T>) => void;
}

/** What a reflector has learnt of its server and its objects. */
interface Mode {
  /** Lists are still asked for as streams. */
  streamed: boolean;
  /** Absent for full objects: their metadata is the smaller part of them. */
  readonly share: ReturnType<typeof createSharing> | undefined;
}

/** Keeps `store` current until `signal` aborts; resolves then. Whatever fails on the way is tried again. */
export async function runReflector<T extends KubeObject>(
  options: ReflectorOptions<T>,
  signal: AbortSignal,
): Promise<void> {
  const observe = observer(options);
  const mode = { streamed: options.streamedLists, share: options.metadataOnly ? createSharing() : undefined };
  let now = begin<T>();
  let inputs: AsyncIterator<Input<T>> | undefined;
  while (!signal.aborted) {
    if (now.store !== undefined) {
      options.store(now.store);
      observe.stored(now.store);
    }
    if (now.work !== undefined) {
      await inputs?.return?.();
      observe.begins(now.work);
      inputs = perform(options, now.work, mode, signal);
    }
    const input = await inputs?.next();
    // Work that is over without a last word would be a state without a way out.
    now = step(now.state, input?.value ?? { type: 'ended', livedMs: 0 });
  }
  await inputs?.return?.();
}

/** Does the work and yields what comes of it; never throws. */
async function* perform<T extends KubeObject>(
  options: ReflectorOptions<T>,
  work: Work,
  mode: Mode,
  signal: AbortSignal,
): AsyncGenerator<Input<T>, undefined> {
  const { clock, random } = options;
  const started = clock.monotonic();
  try {
    if (work.type === 'wait') {
      await pause(clock, work.ceilingMs * (0.5 + random() * 0.5), signal);
      yield { type: 'elapsed' };
    } else if (work.type === 'list' && work.page === '' && mode.streamed) {
      yield* streamedList(options, mode, signal);
      yield { type: 'ended', livedMs: clock.monotonic() - started };
    } else if (work.type === 'list') {
      yield { type: 'page', page: await list(options, mode, work.page, signal) };
    } else {
      yield* watch(options, mode, { resourceVersion: work.from }, signal);
      yield { type: 'ended', livedMs: clock.monotonic() - started };
    }
  } catch (error) {
    yield { type: 'ended', error, livedMs: clock.monotonic() - started };
  }
  return undefined;
}

async function list<T extends KubeObject>(
  options: ReflectorOptions<T>,
  { share }: Mode,
  page: string,
  signal: AbortSignal,
) {
  const { transport, resource, namespace, metadataOnly } = options;
  const answer = await transport.request({
    method: 'GET',
    path: collectionPath(resource, namespace, { limit: PAGE_SIZE, continue: page }),
    accept: (metadataOnly ? METADATA : FULL).list,
    timeoutMs: LIST_TIMEOUT_MS,
    // The state machine does the trying again.
    retry: false,
    signal,
  });
  return decodePage(resource, answer, share);
}

/** What a server answers that knows the request and will not have it, or does not know it. */
const STREAM_REFUSED = new Set([400, 405, 422, 501]);

/**
 * A list and then the watch, in one request. A server that will not, or that takes the request for a plain watch and
 * never says that the list is complete, is asked for pages from then on.
 */
async function* streamedList<T extends KubeObject>(
  options: ReflectorOptions<T>,
  mode: Mode,
  signal: AbortSignal,
): AsyncGenerator<Input<T>> {
  const late = new AbortController();
  const cancel = options.clock.setTimer(LIST_TIMEOUT_MS, () => {
    mode.streamed = false;
    late.abort(new Error(`no end of the initial events within ${LIST_TIMEOUT_MS / 1000} s`));
  });
  const query = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' } as const;
  try {
    for await (const input of watch(options, mode, query, AbortSignal.any([signal, late.signal]))) {
      const end = input.events.findIndex((event) => event.type === 'bookmark' && event.initialEnd === true);
      if (end === -1) yield input;
      else {
        cancel();
        yield { type: 'events', events: input.events.slice(0, end + 1) };
        if (end + 1 < input.events.length) yield { type: 'events', events: input.events.slice(end + 1) };
      }
    }
  } catch (error) {
    if (error instanceof KubeApiError && STREAM_REFUSED.has(error.status)) mode.streamed = false;
    throw error;
  } finally {
    cancel();
  }
}

async function* watch<T extends KubeObject>(
  { transport, resource, namespace, metadataOnly, random }: ReflectorOptions<T>,
  { share }: Mode,
  start:
    | { readonly resourceVersion: string }
    | { readonly sendInitialEvents: true; readonly resourceVersionMatch: string },
  signal: AbortSignal,
): AsyncGenerator<Extract<Input<T>, { type: 'events' }>> {
  const seconds = Math.round(WATCH_SECONDS * (0.9 + random() * 0.2));
  const query = { watch: true, allowWatchBookmarks: true, ...start, timeoutSeconds: seconds };
  const chunks = transport.stream({
    path: collectionPath(resource, namespace, query),
    accept: (metadataOnly ? METADATA : FULL).watch,
    timeoutMs: seconds * 1000 + WATCH_GRACE_MS,
    signal,
  });
  const split = createLineSplitter();
  for await (const chunk of chunks) {
    const events = split(chunk).map((line) => decodeEvent(resource, line, share));
    if (events.length > 0) yield { type: 'events', events };
  }
}

function observer<T extends KubeObject>({ resource, metadataOnly, log, metrics }: ReflectorOptions<T>) {
  const labels = { resource: resourceName(resource), mode: metadataOnly ? 'metadata' : 'full' };
  return {
    begins(work: Work): void {
      if (work.type === 'watch') metrics.watches.inc(labels);
      if (work.type === 'list' && work.page === '') {
        metrics.lists.inc({ ...labels, reason: work.reason });
        if (work.reason !== 'start') log.info({ ...labels, reason: work.reason }, 'reading the whole collection again');
      }
      if (work.type === 'wait') {
        metrics.failures.inc(labels);
        log.debug({ ...labels, cause: work.cause }, 'a list or watch ended, trying again');
      }
    },
    stored(effect: StoreEffect<T>): void {
      if (effect.type === 'change') metrics.events.inc(labels, effect.events.length);
    },
  };
}

/** `pods` or `leases.coordination.k8s.io`: the name of a resource in metrics, logs and maps. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}
