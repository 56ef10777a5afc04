import { KubeApiError } from '../kube/client.ts';
import { type KubeObject, keyOf, type Resource } from '../kube/object.ts';
import type { Reconcile } from './builder.ts';
import type { ReconcileContext } from './context.ts';
import { asObserved } from './observed.ts';
import { done, type Result } from './result.ts';

/**
 * Where an object is in the life that a finalizer gives it:
 *
 *     absent ──add──▶ present ──deleted──▶ cleaning ──remove──▶ removed
 *       └──────────────deleted before the finalizer was there──────▲
 *
 * `absent`: alive and without it. `present`: alive, and not to go without us. `cleaning`: somebody deleted it, it waits for
 * us. `removed`: gone, or going without us.
 */
export type FinalizerState = 'absent' | 'present' | 'cleaning' | 'removed';

/** `object` as observed; undefined when there is none. */
export function finalizerState(object: KubeObject | undefined, finalizer: string): FinalizerState {
  if (object === undefined) return 'removed';
  const held = object.metadata.finalizers?.includes(finalizer) === true;
  if (object.metadata.deletionTimestamp === undefined) return held ? 'present' : 'absent';
  return held ? 'cleaning' : 'removed';
}

/** What `withFinalizer` needs: the two halves of a reconcile and the name of the finalizer. */
export interface WithFinalizer<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** Qualified, such as `example.org/greetings`. */
  readonly finalizer: string;
  /** For an object that is alive; its finalizer is there before the first call. */
  readonly reconcile: (object: T, ctx: ReconcileContext) => Promise<Result>;
  /**
   * For an object that is to go: `done()` lets it go, `requeueAfter` keeps it. Called again after a crash or a conflict, so
   * it must not mind that its work is done already.
   */
  readonly cleanUp: (object: T, ctx: ReconcileContext) => Promise<Result>;
}

/** A reconcile function that lets no object go before it was cleaned up after. */
export function withFinalizer<T extends KubeObject>(options: WithFinalizer<T>): Reconcile {
  const { resource, finalizer, reconcile, cleanUp } = options;
  return async (key, ctx) => {
    const object = ctx.cache.get(resource, key);
    const state = finalizerState(object, finalizer);
    if (object === undefined || state === 'removed') return done();
    if (state === 'present') return reconcile(object, ctx);
    if (state === 'absent') return reconcile(await addFinalizer(ctx, resource, object, finalizer), ctx);
    const result = await cleanUp(object, ctx);
    if (result.kind !== 'done') return result;
    try {
      await removeFinalizer(ctx, resource, object, finalizer);
    } catch (error) {
      // It had gone: ours was the last finalizer, and an earlier answer of the server did not reach us.
      if (!(error instanceof KubeApiError && error.status === 404)) throw error;
    }
    return done();
  };
}

export function addFinalizer<T extends KubeObject>(
  ctx: ReconcileContext,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  return setFinalizers(ctx, resource, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

export function removeFinalizer<T extends KubeObject>(
  ctx: ReconcileContext,
  resource: Resource<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  const others = (object.metadata.finalizers ?? []).filter((name) => name !== finalizer);
  return setFinalizers(ctx, resource, object, others);
}

/** A compare-and-swap on the whole list: another controller's finalizer is never lost. */
function setFinalizers<T extends KubeObject>(
  ctx: ReconcileContext,
  resource: Resource<T>,
  object: T,
  finalizers: string[],
): Promise<T> {
  const patch = { metadata: { ...asObserved(object), finalizers } };
  return ctx.client.mergePatch(resource, keyOf(object), patch, { signal: ctx.signal });
}
