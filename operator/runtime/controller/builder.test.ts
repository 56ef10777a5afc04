import { expect, test } from 'vitest';
import type { KubeObject, Resource } from '../kube/object.ts';
import { ConfigMap, Pod } from '../kube/resources.ts';
import { controller, type Source } from './builder.ts';
import { done } from './result.ts';

interface Thing extends KubeObject {
  spec?: unknown;
  status?: unknown;
}
const Thing: Resource<Thing> = {
  group: 'example.org',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
};
const built = controller(Thing)
  .owns(ConfigMap, { metadataOnly: true })
  .watches(Pod, ({ metadata }) => [{ namespace: 'elsewhere', name: metadata.name }], {
    predicate: ({ metadata }) => metadata.name !== 'ignored',
  })
  .concurrency(8)
  .reconcile(async () => done());
const sourceOf = (resource: Resource): Source => {
  const found = built.sources.find((source) => source.resource === resource);
  if (found === undefined) throw new Error(`no source for ${resource.kind}`);
  return found;
};

const thing = (more: Partial<Thing['metadata']> = {}, status?: unknown): Thing => ({
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name: 'shop', namespace: 'ns', uid: 'u1', generation: 1, resourceVersion: '1', ...more },
  status,
});
const childOf = (kind: string, apiVersion = 'example.org/v1', isController = true): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'child',
    namespace: 'ns',
    ownerReferences: [{ apiVersion, kind, name: 'shop', uid: 'u1', controller: isController }],
  },
});

test('a controller is data: its sources, in the order declared', () => {
  expect(built).toMatchObject({ name: 'thing', concurrency: 8, timeoutMs: 60_000, primary: Thing });
  expect(built.sources.map(({ resource, priority, metadataOnly }) => [resource.kind, priority, metadataOnly])).toEqual([
    ['Thing', 'user', false],
    ['ConfigMap', 'owner', true],
    ['Pod', 'owner', false],
  ]);
});

test.each<[string, Thing, boolean]>([
  ['a new status', thing({ resourceVersion: '2' }, { ready: true }), false],
  ['a new spec', thing({ generation: 2 }), true],
  ['a deletion', thing({ deletionTimestamp: '2026-01-01T00:00:00Z' }), true],
  ['a label', thing({ labels: { a: 'b' } }), true],
  ['an annotation', thing({ annotations: { a: 'b' } }), true],
  ['a finalizer', thing({ finalizers: ['a/b'] }), true],
  ['another object of the name', thing({ uid: 'u2' }), true],
])('%s of the primary asks for a reconcile: %#', (_what, after, asks) => {
  expect(sourceOf(Thing).predicate(after, thing())).toBe(asks);
  expect(sourceOf(Thing).predicate(after, undefined)).toBe(true);
});

test('a resource without generations is reconciled at any change', () => {
  const [own] = controller(ConfigMap).reconcile(async () => done()).sources;
  const before = { ...thing(), metadata: { name: 'a', uid: 'u1' } };
  expect(own?.predicate({ ...before, ...{ data: { a: 'b' } } }, before)).toBe(true);
});

test('a child asks for the primary that controls it, and for nobody else', () => {
  const { mapTo } = sourceOf(ConfigMap);
  expect(mapTo(childOf('Thing'))).toEqual([{ namespace: 'ns', name: 'shop' }]);
  expect(mapTo(childOf('Other'))).toEqual([]);
  expect(mapTo(childOf('Thing', 'other.org/v1'))).toEqual([]);
  expect(mapTo(childOf('Thing', 'example.org/v1', false))).toEqual([]);
});

test('watched objects ask for what their map names, if their predicate lets them', () => {
  const { mapTo, predicate } = sourceOf(Pod);
  expect(mapTo(childOf('Thing'))).toEqual([{ namespace: 'elsewhere', name: 'child' }]);
  expect(predicate(thing({ name: 'ignored' }), undefined)).toBe(false);
});
