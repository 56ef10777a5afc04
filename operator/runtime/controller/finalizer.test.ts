import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KubeApiError, type KubeClient } from '../kube/client.ts';
import type { KubeObject, ObjectMeta } from '../kube/object.ts';
import { ConfigMap } from '../kube/resources.ts';
import type { ReconcileContext } from './context.ts';
import { finalizerState, withFinalizer } from './finalizer.ts';
import { done, requeueAfter } from './result.ts';

const finalizer = 'example.org/test';
const key = { namespace: 'ns', name: 'a' };

/** One object as the API server keeps it: it goes when it was deleted and its last finalizer is removed. */
class Life {
  object: KubeObject | undefined;
  /** What the cache shows; behind the object until `sync`. */
  cached: KubeObject | undefined;
  readonly did: string[] = [];
  busy = 0;
  failing = false;
  #version = 1;

  write(metadata: Partial<ObjectMeta>): void {
    const merged = { ...key, uid: 'u1', ...this.object?.metadata, ...metadata, resourceVersion: `${++this.#version}` };
    const isGone = merged.deletionTimestamp !== undefined && (merged.finalizers ?? []).length === 0;
    this.object = isGone ? undefined : { apiVersion: 'v1', kind: 'ConfigMap', metadata: merged };
  }

  sync(): void {
    this.cached = this.object;
  }

  readonly ctx = {
    cache: { get: () => this.cached },
    client: {
      mergePatch: async (_resource: unknown, _key: unknown, { metadata }: { metadata: ObjectMeta }) => {
        if (this.object === undefined) throw new KubeApiError(404, 'NotFound', 'gone');
        if (metadata.resourceVersion !== this.object.metadata.resourceVersion)
          throw new KubeApiError(409, 'Conflict', '');
        const { finalizers = [] } = metadata;
        this.write({ finalizers });
        return this.object ?? { metadata };
      },
    } as unknown as KubeClient,
  } as unknown as ReconcileContext;

  readonly reconcile = withFinalizer<KubeObject>({
    resource: ConfigMap,
    finalizer,
    reconcile: async (object) => {
      expect(object.metadata.finalizers).toContain(finalizer);
      this.did.push('reconcile');
      return done();
    },
    cleanUp: async () => {
      if (this.failing) throw new Error('cannot clean up yet');
      this.did.push(this.busy > 0 ? 'wait' : 'clean');
      return this.busy-- > 0 ? requeueAfter(1) : done();
    },
  });

  run(): Promise<unknown> {
    return this.reconcile(key, this.ctx).catch((error: unknown) => error);
  }
}

test.each([
  ['removed', undefined],
  ['absent', {}],
  ['absent', { finalizers: ['other/one'] }],
  ['present', { finalizers: ['other/one', finalizer] }],
  ['cleaning', { finalizers: [finalizer], deletionTimestamp: 'now' }],
  ['removed', { finalizers: ['other/one'], deletionTimestamp: 'now' }],
])('%s: %j', (state, metadata) => {
  const object = metadata && { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...key, ...metadata } };
  expect(finalizerState(object, finalizer)).toBe(state);
});

test('a whole life: held before the first work, kept while the cleaning lasts, then let go', async () => {
  const life = new Life();
  life.write({ finalizers: ['other/one'] });
  life.sync();
  await life.run();
  expect(life.object?.metadata.finalizers).toEqual(['other/one', finalizer]);
  life.write({ deletionTimestamp: 'now' });
  life.sync();
  life.busy = 1;
  expect(await life.run()).toEqual(requeueAfter(1));
  expect(life.object?.metadata.finalizers).toEqual(['other/one', finalizer]);
  expect(await life.run()).toEqual(done());
  expect(life.object?.metadata.finalizers).toEqual(['other/one']);
  expect(life.did).toEqual(['reconcile', 'wait', 'clean']);
  // The cache is behind: cleaned once more, and the other's finalizer is still there.
  expect(await life.run()).toMatchObject({ status: 409 });
  expect(life.object?.metadata.finalizers).toEqual(['other/one']);
});

const step = fc.constantFrom('run', 'sync', 'delete', 'touch', 'add other', 'drop other', 'fail', 'mend');

test('whatever happens in between: no work without the finalizer, none gone that was worked on and not cleaned', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const life = new Life();
      life.write({});
      for (const next of steps) {
        const finalizers = life.object?.metadata.finalizers ?? [];
        if (next === 'run') await life.run();
        else if (next === 'sync') life.sync();
        else if (next === 'fail' || next === 'mend') life.failing = next === 'fail';
        else if (life.object === undefined) continue;
        else if (next === 'delete') life.write({ deletionTimestamp: 'now' });
        else if (next === 'add other' && life.object.metadata.deletionTimestamp === undefined) {
          life.write({ finalizers: [...new Set([...finalizers, 'other/one'])] });
        } else if (next === 'drop other') life.write({ finalizers: finalizers.filter((name) => name !== 'other/one') });
        else life.write({});
        if (life.object === undefined && life.did.includes('reconcile')) expect(life.did).toContain('clean');
      }
      life.failing = false;
      if (life.object !== undefined)
        life.write({
          deletionTimestamp: 'now',
          finalizers: (life.object.metadata.finalizers ?? []).filter((name) => name !== 'other/one'),
        });
      for (let i = 0; i < 3; i++) {
        life.sync();
        await life.run();
      }
      expect(life.object).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
