import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { isConflict, type KubeClient } from '../kube/client.ts';
import { type KubeObject, keyText, type ObjectKey } from '../kube/object.ts';
import type { Queue, QueueItem } from '../queue/queue.ts';
import type { Logger } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Controller } from './builder.ts';
import type { CacheReader, EventInput, ReconcileContext } from './context.ts';
import type { controllerMetrics } from './metrics.ts';
import type { CaughtUp, OwnWrites } from './own-writes.ts';
import { type Result, TerminalError } from './result.ts';

/** A key whose own last write has not come back yet is put off this long, after the wait for it has ended. */
const STALE_RETRY_MS = 1_000;

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
 * that throws, hangs or is cut off costs its own key a retry and nothing else.
 */
export async function runWorkers(
  controller: Controller,
  parts: ReconcilerParts,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const { queue, metrics } = parts;
  metrics.maxConcurrent.set({ controller: controller.name }, controller.concurrency);
  const work = async (): Promise<void> => {
    for (let item = await queue.take(signal); item !== undefined; item = await queue.take(signal)) {
      await reconcileOne(controller, parts, item, epoch, signal);
    }
  };
  await Promise.all(Array.from({ length: controller.concurrency }, work));
}

async function reconcileOne(
  controller: Controller,
  parts: ReconcilerParts,
  { key, reason }: QueueItem<ObjectKey>,
  epoch: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock, queue, metrics, ownWrites } = parts;
  const labels = { controller: controller.name };
  const id = keyText(key);
  const log = parts.log.child({ controller: controller.name, key: id, reconcileID: randomUUID(), reason });
  const started = clock.monotonic();
  metrics.active.inc(labels);
  try {
    if (!(await ownWrites.seen(id, parts.caughtUp))) {
      metrics.staleSkips.inc(labels);
      log.warn('put off: the cache has not seen our own last write yet');
      queue.addAfter(key, STALE_RETRY_MS, 'owner', 'stale cache');
      return;
    }
    const result = await withDeadline(clock, controller.timeoutMs, signal, (deadline) => {
      const { cache, event } = parts;
      const client = ownWrites.track(parts.client, id);
      const ctx: ReconcileContext = { client, cache, event, log, signal: deadline, epoch, nowMs: clock.now(), reason };
      return controller.reconcile(key, ctx);
    });
    settle(result);
  } catch (error) {
    fail(error);
  } finally {
    metrics.active.dec(labels);
    metrics.seconds.observe(labels, (clock.monotonic() - started) / 1000);
    queue.done(key);
  }

  function settle(result: Result): void {
    queue.forget(key);
    const waits = result.kind === 'requeueAfter';
    if (waits) queue.addAfter(key, result.ms, 'owner', 'requeue');
    metrics.reconciles.inc({ ...labels, result: waits ? 'requeue_after' : 'success' });
    log.debug({ durationMs: Math.round(clock.monotonic() - started), result: result.kind }, 'reconciled');
  }

  function fail(error: unknown): void {
    // Stopped on purpose: whoever leads next reconciles the key.
    if (signal.aborted) return;
    metrics.reconciles.inc({ ...labels, result: 'error' });
    metrics.errors.inc(labels);
    if (error instanceof DeadlineExceeded) metrics.timeouts.inc(labels);
    if (error instanceof TerminalError) {
      metrics.terminalErrors.inc(labels);
      queue.forget(key);
      log.error({ err: error }, 'failed for good; waiting for the object to change');
      return;
    }
    const retryMs = Math.round(queue.addRateLimited(key, 'retry'));
    // A conflict says that the cache was a moment behind: ordinary, and gone with the retry.
    if (isConflict(error)) log.debug({ err: error, retryMs }, 'conflict, trying again');
    else log.error({ err: error, retryMs }, 'reconcile failed');
  }
}

class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** Runs `fn` with a signal that aborts with `outer` or after `ms`; rejects at the deadline even when `fn` ignores it. */
async function withDeadline<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  fn: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const forward = (): void => own.abort(outer.reason);
  if (outer.aborted) forward();
  outer.addEventListener('abort', forward, { once: true });
  const cancel = clock.setTimer(ms, () => own.abort(new DeadlineExceeded(`no end after ${ms} ms`)));
  try {
    const aborted = new Promise<never>((_resolve, reject) => {
      own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
    });
    return await Promise.race([fn(own.signal), aborted]);
  } finally {
    cancel();
    outer.removeEventListener('abort', forward);
  }
}
