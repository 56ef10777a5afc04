import { randomUUID } from 'node:crypto';
import { type Clock, pause } from '../clock.ts';
import { fenced } from '../election/fence.ts';
import type { Leadership } from '../election/leadership.ts';
import { isConflict, KubeApiError, type KubeClient } from '../kube/client.ts';
import { unlessAborted } from '../kube/deadline.ts';
import { type KubeObject, keyText, type ObjectKey } from '../kube/object.ts';
import type { Queue, QueueItem } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Controller } from './builder.ts';
import { setConditions } from './conditions.ts';
import type { CacheReader, EventInput, ReconcileContext } from './context.ts';
import type { controllerMetrics } from './metrics.ts';
import type { CaughtUp, OwnWrites } from './own-writes.ts';
import { type Result, TerminalError } from './result.ts';
import { reportingStrays } from './stray-rejections.ts';
import { startReconcileSpan, type Tracing } from './tracing.ts';

/** What a reconcile left running has failed: the key is looked at again after so long. */
const STRAY_RETRY_MS = 10_000;
/** How long a reconcile that was told to stop is waited for, before the Lease is given back without it. */
const WIND_DOWN_MS = 2_000;
/** A key whose own last write has not come back yet is put off this long, after the wait for it has ended. */
const STALE_RETRY_MS = 1_000;
/** A conflict is ordinary, for caches are a moment behind; one that is still there after so long a back-off is a failure. */
const ORDINARY_RETRY_MS = 500;

/** What workers need to know of a controller. */
export type Worked = Pick<Controller, 'name' | 'concurrency' | 'timeoutMs' | 'reconcile'>;

/** Why a key is looked at whose status, and nothing else, was changed by somebody else. */
export const FOREIGN_STATUS = 'status written by another';

export interface ReconcilerParts {
  readonly clock: Clock;
  readonly client: KubeClient;
  readonly cache: CacheReader;
  readonly queue: Queue<ObjectKey>;
  readonly ownWrites: OwnWrites;
  readonly caughtUp: CaughtUp;
  readonly event: (object: KubeObject, event: EventInput) => void;
  readonly log: Logger;
  readonly metrics: Metrics<typeof controllerMetrics>;
  readonly tracing?: Tracing;
}

/**
 * Runs the workers of one controller until `signal` aborts, and resolves when the last of them has finished. A reconcile
 * that throws, hangs or is cut off costs its own key a retry and nothing else. One that does not end at its deadline loses
 * its worker, but its key stays taken until it ends, so that no key is ever reconciled twice at a time. One that does not
 * end when leadership does may go on, but the server hears nothing of it: its client is fenced.
 */
export async function runWorkers(
  controller: Worked,
  unfenced: ReconcilerParts,
  leadership: Leadership,
  signal: AbortSignal,
): Promise<void> {
  const parts = { ...unfenced, client: fenced(unfenced.client, leadership) };
  const { queue, metrics } = parts;
  startAtZero(metrics, controller);
  const work = async (): Promise<void> => {
    for (let item = await queue.take(signal); item !== undefined; item = await queue.take(signal)) {
      await reconcileOne(controller, parts, item, leadership, signal);
    }
  };
  await Promise.all(Array.from({ length: controller.concurrency }, work));
}

/** A rate over a counter needs the zero before the first event. */
function startAtZero(metrics: ReconcilerParts['metrics'], { name: controller, concurrency }: Worked): void {
  metrics.maxConcurrent.set({ controller }, concurrency);
  for (const result of ['success', 'error', 'requeue', 'requeue_after'])
    metrics.reconciles.inc({ controller, result }, 0);
  for (const counter of ['errors', 'terminalErrors', 'panics', 'timeouts', 'staleSkips'] as const) {
    metrics[counter].inc({ controller }, 0);
  }
}

async function reconcileOne(
  controller: Worked,
  parts: ReconcilerParts,
  { key, reason }: QueueItem<ObjectKey>,
  leadership: Leadership,
  signal: AbortSignal,
): Promise<void> {
  const { clock, queue, metrics, ownWrites } = parts;
  const labels = { controller: controller.name };
  const id = keyText(key);
  const { epoch } = leadership;
  const about = { controller: controller.name, reconcileID: randomUUID(), reason };
  const log = parts.log.child({ ...about, key: id });
  const span = startReconcileSpan(parts.tracing, { ...about, key, epoch });
  const started = clock.monotonic();
  // What must end before the key may be taken again.
  let running: Promise<unknown> = Promise.resolve();
  metrics.active.inc(labels);
  ownWrites.begin(id);
  try {
    // Nothing to wait for but after a stop: see release.
    if (!(await isCaughtUp())) {
      queue.addAfter(key, STALE_RETRY_MS, 'owner', 'stale cache');
      span.end('stale');
      return;
    }
    // Also for a process that was frozen before it came here: this makes the signal abort.
    leadership.isHeld();
    const result = await withDeadline(clock, controller.timeoutMs, signal, (deadline) => {
      const ctx = contextOf(parts, ownWrites.track(span.traced(parts.client), id), { log, reason, epoch }, deadline);
      const reconciled = reportingStrays(failStray, () => span.run(async () => controller.reconcile(key, ctx)));
      running = reconciled;
      return reconciled;
    });
    settle(result);
  } catch (error) {
    if (signal.aborted) await endWithin(clock, WIND_DOWN_MS, running);
    fail(error);
  } finally {
    metrics.active.dec(labels);
    metrics.seconds.observe(labels, (clock.monotonic() - started) / 1000);
    const free = (): void => void release();
    running.then(free, free);
  }

  /**
   * Gives the key back when the caches show what was written for it. No worker waits for that: what changes meanwhile
   * brings the key back at its place, and other keys go on.
   */
  async function release(): Promise<void> {
    try {
      while (!(await isCaughtUp())) await pause(clock, STALE_RETRY_MS, signal);
    } catch {
      // Stopped. Whoever takes the key next waits for the same writes.
    }
    if (ownWrites.end(id)) queue.add(key, 'owner', FOREIGN_STATUS);
    queue.done(key);
  }

  async function isCaughtUp(): Promise<boolean> {
    if (await unlessAborted(ownWrites.seen(id, parts.caughtUp), signal)) return true;
    metrics.staleSkips.inc(labels);
    log.warn('put off: the cache has not seen our own last write yet');
    return false;
  }

  function settle(result: Result): void {
    // First, for a function that gives no result fails here, and its back-off must go on.
    const waits = result.kind === 'requeueAfter';
    queue.forget(key);
    if (waits) queue.addAfter(key, result.ms, 'owner', 'requeue');
    finish(waits ? 'requeue_after' : 'success');
    log.debug({ durationMs: Math.round(clock.monotonic() - started), result: result.kind }, 'reconciled');
  }

  function fail(error: unknown): void {
    if (signal.aborted) {
      // Stopped on purpose, no failure: whoever leads next finishes it, and that may be this process.
      queue.add(key, 'owner', 'interrupted');
      span.end('interrupted');
      return;
    }
    if (error instanceof TerminalError) {
      queue.forget(key);
      metrics.terminalErrors.inc(labels);
      finish('error', error);
      log.error({ err: error }, 'failed for good; waiting for the object to change');
      return;
    }
    const retryMs = Math.round(queue.addRateLimited(key, 'retry'));
    if (hasMovedOn(error) && retryMs <= ORDINARY_RETRY_MS) {
      finish('requeue', error);
      log.debug({ err: error, retryMs }, 'the world had moved on, trying again');
      return;
    }
    if (error instanceof DeadlineExceeded) metrics.timeouts.inc(labels);
    if (isBug(error)) metrics.panics.inc(labels);
    finish('error', error);
    log.error({ err: error, retryMs }, 'reconcile failed');
  }

  function finish(result: 'success' | 'requeue' | 'requeue_after' | 'error', error?: unknown): void {
    metrics.reconciles.inc({ ...labels, result });
    if (result === 'error') metrics.errors.inc(labels);
    span.end(result, error);
  }

  function failStray(error: unknown): void {
    metrics.panics.inc(labels);
    queue.addAfter(key, STRAY_RETRY_MS, 'owner', 'stray rejection');
    log.error({ err: error }, 'a promise that the reconcile did not await was rejected');
  }
}

function contextOf(
  { clock, cache, event }: ReconcilerParts,
  client: KubeClient,
  about: Pick<ReconcileContext, 'log' | 'reason' | 'epoch'>,
  signal: AbortSignal,
): ReconcileContext {
  const nowMs = clock.now();
  const conditions: ReconcileContext['conditions'] = ({ metadata, status }, inputs) =>
    setConditions(status?.conditions, inputs, metadata.generation ?? 0, nowMs);
  return { ...about, client, cache, event, conditions, signal, nowMs };
}

/** What we read was a moment behind: the object has changed, was made by another, or is gone. */
function hasMovedOn(error: unknown): boolean {
  return isConflict(error) || (error instanceof KubeApiError && error.status === 404);
}

function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** Waits for the end of `work`, whatever it is, but not longer than `ms`. */
function endWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(ms, resolve);
    const end = (): void => {
      cancel();
      resolve();
    };
    work.then(end, end);
  });
}

/** Runs `fn` with a signal that aborts with `outer` or after `ms`; rejects then even when `fn` ignores it. */
async function withDeadline<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  fn: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const own = new AbortController();
  const forward = (): void => own.abort(outer.reason);
  outer.addEventListener('abort', forward, { once: true });
  const cancel = clock.setTimer(ms, () => own.abort(new DeadlineExceeded(`no end after ${ms} ms`)));
  try {
    return await unlessAborted(fn(own.signal), own.signal);
  } finally {
    cancel();
    outer.removeEventListener('abort', forward);
  }
}
