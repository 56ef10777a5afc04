import { createHash } from 'node:crypto';
import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { EventInput } from '../controller/context.ts';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import { unlessAborted } from '../kube/deadline.ts';
import type { KubeObject } from '../kube/object.ts';
import { Event } from '../kube/resources.ts';
import type { Logger } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { eventMetrics } from './metrics.ts';
import { createSpamFilter } from './spam-filter.ts';

/** Events that are remembered: those to write, and those that an equal one can still be counted into. */
const CAPACITY = 4_096;
/** An equal event after so long is a new one (client-go: 6 minutes). */
const SERIES_END_MS = 360_000;
/** How often the count of a series is written while it grows. */
const SERIES_WRITE_MS = 10_000;
const MAX_TRIES = 5;
const RETRY_MS = 1_000;

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'create' | 'mergePatch'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Qualified name of the program, such as `sluice.dev/operator`. */
  readonly reportingController: string;
  /** Which instance of it: the pod's name, at most 128 characters. */
  readonly reportingInstance: string;
  readonly registry: Registry;
}

export interface EventRecorder {
  /** Never throws and never waits. Equal events on one object become one Event with a count. */
  record(object: KubeObject, event: EventInput): void;
  /** Writes what is not written yet, without waiting for its time. Resolves when done or when `signal` aborts. */
  flush(signal: AbortSignal): Promise<void>;
  /** For the end: nothing is written by itself any more, and no timer is left behind. */
  close(): void;
}

/** One Event on the server, or about to be. */
interface Series {
  readonly event: Event;
  count: number;
  lastMs: number;
  lastWallMs: number;
  /** Count that the server knows; 0 before the Event is created. */
  written: number;
  dueMs: number;
  tries: number;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, clock, log, reportingController, reportingInstance, registry } = options;
  const metrics = createMetrics(eventMetrics, registry);
  const allowed = createSpamFilter(clock, CAPACITY);
  // In order of the last occurrence: what may be forgotten stands first.
  const known = new Map<string, Series>();
  Object.assign(metrics.known, { collect: () => metrics.known.set(known.size) });
  metrics.limit.set(CAPACITY);
  let wake: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  let writing: Promise<void> | undefined;
  let closed = false;

  function record(object: KubeObject, input: EventInput): void {
    const { uid = '', name, namespace = '' } = object.metadata;
    const id = JSON.stringify([object.kind, namespace, name, uid, input.type, input.reason, input.action, input.note]);
    const now = clock.monotonic();
    const before = known.get(id);
    known.delete(id);
    if (before !== undefined && now - before.lastMs <= SERIES_END_MS) {
      const dueMs = before.written === before.count ? now + SERIES_WRITE_MS : before.dueMs;
      Object.assign(before, { count: before.count + 1, lastMs: now, lastWallMs: clock.now(), dueMs });
      known.set(id, before);
      metrics.events.inc({ result: 'aggregated' });
      schedule(before.dueMs);
      return;
    }
    forgetOld(now);
    if (!allowed(uid === '' ? id : uid) || known.size >= CAPACITY) {
      metrics.events.inc({ result: 'dropped' });
      log.debug({ object: `${object.kind} ${namespace}/${name}`, reason: input.reason }, 'event dropped by a limit');
      return;
    }
    const wall = clock.now();
    const event = newEvent(object, input, wall, `${id}${wall}`, { reportingController, reportingInstance });
    known.set(id, { event, count: 1, lastMs: now, lastWallMs: wall, written: 0, dueMs: now, tries: 0 });
    schedule(now);
  }

  function forgetOld(now: number): void {
    for (const [id, { count, written, lastMs }] of known) {
      if (now - lastMs <= SERIES_END_MS && known.size < CAPACITY) return;
      if (count === written) known.delete(id);
    }
  }

  function schedule(dueMs: number): void {
    if (closed || (wake !== undefined && wake.dueMs <= dueMs)) return;
    wake?.cancel();
    const cancel = clock.setTimer(dueMs - clock.monotonic(), () => {
      wake = undefined;
      void write((series) => series.dueMs <= clock.monotonic(), new AbortController().signal);
    });
    wake = { dueMs, cancel };
  }

  /** One writer at a time, or an Event could be created twice. */
  function write(due: (series: Series) => boolean, signal: AbortSignal): Promise<void> {
    const after = (writing ?? Promise.resolve()).then(async () => {
      for (const [id, series] of known) {
        if (signal.aborted) return;
        if (series.written < series.count && due(series)) await writeOne(id, series, signal);
      }
      if (signal.aborted) return;
      const open = [...known.values()].filter(({ written, count }) => written < count);
      if (open.length > 0) schedule(Math.min(...open.map(({ dueMs }) => dueMs)));
    });
    writing = after;
    return after;
  }

  async function writeOne(id: string, series: Series, signal: AbortSignal): Promise<void> {
    const { event, count, written, lastWallMs } = series;
    const { namespace = '', name } = event.metadata;
    const inSeries = { series: { count, lastObservedTime: microTime(lastWallMs) } };
    try {
      if (written === 0) await create(count === 1 ? event : { ...event, ...inSeries }, signal);
      else await client.mergePatch(Event, { namespace, name }, inSeries, { signal });
      Object.assign(series, { written: count, tries: 0 });
      if (written === 0) metrics.events.inc({ result: 'created' });
    } catch (error) {
      const refused = error instanceof KubeApiError && error.status < 500 && error.status !== 429;
      series.tries++;
      series.dueMs = clock.monotonic() + RETRY_MS * 2 ** series.tries;
      if (!refused && series.tries < MAX_TRIES) return;
      // Refused: the namespace is going, the Event has expired, or it may not be written. None of it mends by itself.
      known.delete(id);
      metrics.events.inc({ result: 'failed' });
      log.debug({ err: error, event: event.reason }, 'event not written');
    }
  }

  async function create(event: Event, signal: AbortSignal): Promise<void> {
    try {
      await client.create(Event, event, { signal });
    } catch (error) {
      // An earlier try had arrived, only its answer had not.
      if (!(error instanceof KubeApiError && error.reason === 'AlreadyExists')) throw error;
    }
  }

  return {
    record,
    // Also when an earlier write still waits for its answer.
    flush: (signal) =>
      unlessAborted(
        write(() => true, signal),
        signal,
      ).catch(() => {}),
    close() {
      closed = true;
      wake?.cancel();
    },
  };
}

function newEvent(
  object: KubeObject,
  { type, reason, action, note }: EventInput,
  wallMs: number,
  unique: string,
  reporter: Pick<EventRecorderOptions, 'reportingController' | 'reportingInstance'>,
): Event {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const { apiVersion, kind } = object;
  const digest = createHash('sha256').update(unique).digest('hex').slice(0, 16);
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${digest}`, namespace: namespace ?? 'default' },
    eventTime: microTime(wallMs),
    ...reporter,
    action,
    reason,
    type,
    note: atMost(note, 1_024),
    regarding: JSON.parse(JSON.stringify({ apiVersion, kind, namespace, name, uid, resourceVersion })),
  };
}

/** The server counts bytes of UTF-8. A character that would be cut in half is left out. */
function atMost(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  return encoded.length <= bytes
    ? text
    : encoded
        .subarray(0, bytes)
        .toString()
        .replace(/\uFFFD+$/, '');
}

/** `metav1.MicroTime`: exactly six digits of fraction. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
