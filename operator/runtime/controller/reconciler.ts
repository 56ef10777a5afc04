import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { fenced } from '../election/fence.ts';
import type { Leadership } from '../election/leadership.ts';
import { isConflict, KubeApiError, type KubeClient } from '../kube/client.ts';
import { unlessAborted } from '../kube/deadline.ts';
import { type KubeObject, keyText, type ObjectKey } from '../kube/object.ts';
import type { Queue, QueueItem } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Controller } from './builder.ts';
import type { CacheReader, EventInput, ReconcileContext } from './context.ts';
import type { controllerMetrics } from './metrics.ts';
import type { CaughtUp, OwnWrites } from './own-writes.ts';
import { type Result, TerminalError } from './result.ts';

/** How long a reconcile that was told to stop is waited for, before the Lease is given back without it. */
const WIND_DOWN_MS = 2_000;
/** A key whose own last write has not come back yet is put off this long, after the wait for it has ended. */
const STALE_RETRY_MS = 1_000;
/** A conflict is ordinary, for caches are a moment behind; one that is still there after so long a back-off is a failure. */
const ORDINARY_RETRY_MS = 500;

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
}

/**
 * Runs the workers of one controller until `signal` aborts, and resolves when the last of them has finished. A reconcile
 * that throws, hangs or is cut off costs its own key a retry and nothing else. One that does not end at its deadline loses
 * its worker, but its key stays taken until it ends, so that no key is ever reconciled twice at a time. One that does not
 * end when leadership does may go on, but the server hears nothing of it: its client is fenced.
 */
export async function runWorkers(
  controller: Controller,
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
function startAtZero(metrics: ReconcilerParts['metrics'], { name: controller, concurrency }: Controller): void {
  metrics.maxConcurrent.set({ controller }, concurrency);
  for (const result of ['success', 'error', 'requeue', 'requeue_after'])
    metrics.reconciles.inc({ controller, result }, 0);
  for (const counter of ['errors', 'terminalErrors', 'panics', 'timeouts', 'staleSkips'] as const) {
    metrics[counter].inc({ controller }, 0);
  }
}

async function reconcileOne(
  controller: Controller,
  parts: ReconcilerParts,
  { key, reason }: QueueItem<ObjectKey>,
  leadership: Leadership,
  signal: AbortSignal,
): Promise<void> {
  const { clock, queue, metrics, ownWrites } = parts;
  const labels = { controller: controller.name };
  const id = keyText(key);
  const log = parts.log.child({ controller: controller.name, key: id, reconcileID: randomUUID(), reason });
  const started = clock.monotonic();
  // What must end before the key may be taken again.
  let running: Promise<unknown> = Promise.resolve();
  metrics.active.inc(labels);
  try {
    if (!(await unlessAborted(ownWrites.seen(id, parts.caughtUp), signal))) {
      metrics.staleSkips.inc(labels);
      log.warn('put off: the cache has not seen our own last write yet');
      queue.addAfter(key, STALE_RETRY_MS, 'owner', 'stale cache');
      return;
    }
    // Also for a process that was frozen before it came here: this makes the signal abort.
    leadership.isHeld();
    const result = await withDeadline(clock, controller.timeoutMs, signal, (deadline) => {
      const { cache, event } = parts;
      const { epoch } = leadership;
      const client = ownWrites.track(parts.client, id);
      const ctx: ReconcileContext = { client, cache, event, log, signal: deadline, epoch, nowMs: clock.now(), reason };
      const reconciled = (async () => controller.reconcile(key, ctx))();
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
    const free = (): void => queue.done(key);
    running.then(free, free);
  }

  function settle(result: Result): void {
    queue.forget(key);
    const waits = result.kind === 'requeueAfter';
    if (waits) queue.addAfter(key, result.ms, 'owner', 'requeue');
    metrics.reconciles.inc({ ...labels, result: waits ? 'requeue_after' : 'success' });
    log.debug({ durationMs: Math.round(clock.monotonic() - started), result: result.kind }, 'reconciled');
  }

  function fail(error: unknown): void {
    if (signal.aborted) {
      // Stopped on purpose, no failure: whoever leads next finishes it, and that may be this process.
      queue.add(key, 'owner', 'interrupted');
      return;
    }
    if (error instanceof TerminalError) {
      metrics.reconciles.inc({ ...labels, result: 'error' });
      metrics.errors.inc(labels);
      metrics.terminalErrors.inc(labels);
      queue.forget(key);
      log.error({ err: error }, 'failed for good; waiting for the object to change');
      return;
    }
    const retryMs = Math.round(queue.addRateLimited(key, 'retry'));
    if (hasMovedOn(error) && retryMs <= ORDINARY_RETRY_MS) {
      metrics.reconciles.inc({ ...labels, result: 'requeue' });
      log.debug({ err: error, retryMs }, 'the world had moved on, trying again');
      return;
    }
    metrics.reconciles.inc({ ...labels, result: 'error' });
    metrics.errors.inc(labels);
    if (error instanceof DeadlineExceeded) metrics.timeouts.inc(labels);
    if (isBug(error)) metrics.panics.inc(labels);
    log.error({ err: error, retryMs }, 'reconcile failed');
  }
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
