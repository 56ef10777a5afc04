import fc from 'fast-check';
import { expect, test } from 'vitest';
import { controllerOf, type KubeObject, keyOf, keyText } from '../kube/object.ts';
import type { Change } from './informer.ts';
import { createStore } from './store.ts';

interface Facts {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly owner: string | undefined;
}

const facts: fc.Arbitrary<Facts> = fc.record({
  namespace: fc.constantFrom('a', 'b'),
  name: fc.constantFrom('x', 'y', 'z'),
  uid: fc.constantFrom('1', '2'),
  owner: fc.constantFrom(undefined, 'o1', 'o2'),
});

function build({ namespace, name, uid, owner }: Facts, resourceVersion: string): KubeObject {
  const reference = { apiVersion: 'v1', kind: 'Owner', name: 'o', uid: owner ?? '', controller: true };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      namespace,
      name,
      uid,
      resourceVersion,
      ...(owner === undefined ? {} : { ownerReferences: [reference] }),
    },
  };
}

const operation = fc.oneof(
  fc.record({ type: fc.constantFrom('set' as const, 'delete' as const), of: facts }),
  fc.record({
    type: fc.constant('replace' as const),
    of: fc.uniqueArray(facts, { selector: ({ namespace, name }) => `${namespace}/${name}` }),
  }),
);

/** What a subscriber knows who only ever sees the changes. Fails on a change that does not fit what came before. */
function follow(known: Map<string, KubeObject>, change: Change<KubeObject>): void {
  const key = keyText(keyOf(change.object));
  const before = known.get(key);
  if (change.type === 'added') expect(before).toBeUndefined();
  else expect(before?.metadata.uid).toBe(change.object.metadata.uid);
  if (change.type === 'updated') expect(change.previous).toBe(before);
  if (change.type === 'deleted') known.delete(key);
  else known.set(key, change.object);
}

test('store, indexes and the changes told agree with a plain map, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const store = createStore();
      store.declareIndex('initials', ({ metadata }) => [metadata.name, metadata.uid ?? '']);
      const model = new Map<string, KubeObject>();
      const told = new Map<string, KubeObject>();
      operations.forEach((next, i) => {
        const resourceVersion = String(i + 1);
        if (next.type === 'replace') {
          const objects = next.of.map((of) => build(of, resourceVersion));
          model.clear();
          for (const object of objects) model.set(keyText(keyOf(object)), object);
          for (const change of store.apply({ type: 'replace', objects, resourceVersion })) follow(told, change);
        } else {
          const object = build(next.of, resourceVersion);
          if (next.type === 'set') model.set(keyText(keyOf(object)), object);
          else model.delete(keyText(keyOf(object)));
          const effect = { type: 'change', events: [{ type: next.type, object }], resourceVersion } as const;
          for (const change of store.apply(effect)) follow(told, change);
        }
        const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
        expect(store.version()).toBe(resourceVersion);
        expect(store.size()).toBe(expected.length);
        expect(store.inNamespace('')).toEqual(expected);
        for (const namespace of ['a', 'b']) {
          expect(store.inNamespace(namespace)).toEqual(expected.filter((o) => o.metadata.namespace === namespace));
        }
        for (const owner of ['o1', 'o2']) {
          expect(store.ownedBy(owner)).toEqual(expected.filter((o) => controllerOf(o)?.uid === owner));
        }
        for (const value of ['x', 'y', 'z', '1', '2']) {
          const found = expected.filter(({ metadata }) => metadata.name === value || metadata.uid === value);
          expect(store.byIndex('initials', value)).toEqual(found);
        }
        expect(new Map([...told].sort())).toEqual(new Map([...model].sort()));
      });
    }),
    { numRuns: 1000 },
  );
});

test('another object under the same name is told as deleted and added', () => {
  const store = createStore();
  const of = { namespace: 'a', name: 'x', owner: undefined };
  store.apply({ type: 'replace', objects: [build({ ...of, uid: '1' }, '1')], resourceVersion: '1' });
  const changes = store.apply({ type: 'replace', objects: [build({ ...of, uid: '2' }, '5')], resourceVersion: '5' });
  expect(changes.map(({ type, object }) => [type, object.metadata.uid])).toEqual([
    ['deleted', '1'],
    ['added', '2'],
  ]);
});

test('only what the first list brought is initial', () => {
  const store = createStore();
  const object = (name: string, version: string) =>
    build({ namespace: 'a', name, uid: name, owner: undefined }, version);
  const first = store.apply({ type: 'replace', objects: [object('x', '1')], resourceVersion: '1' });
  const second = store.apply({ type: 'replace', objects: [object('x', '1'), object('y', '2')], resourceVersion: '2' });
  expect(first).toMatchObject([{ type: 'added', initial: true }]);
  expect(second).toMatchObject([{ type: 'added', initial: false, object: { metadata: { name: 'y' } } }]);
});

test('an index is declared once and before the first object; what was not declared cannot be read', () => {
  const store = createStore();
  store.declareIndex('a', () => []);
  expect(() => store.declareIndex('a', () => [])).toThrow('already');
  expect(() => store.byIndex('b', '')).toThrow('no index "b"');
  store.apply({ type: 'replace', objects: [], resourceVersion: '1' });
  expect(() => store.declareIndex('c', () => [])).toThrow('before the start');
});

test('a list that was read stays as it was when the store goes on', () => {
  const store = createStore();
  const object = (version: string) => build({ namespace: 'a', name: 'x', uid: '1', owner: 'o1' }, version);
  store.apply({ type: 'replace', objects: [object('1')], resourceVersion: '1' });
  const before = [store.inNamespace(''), store.inNamespace('a'), store.ownedBy('o1')];
  expect(store.inNamespace('a')).toBe(before[1]);
  store.apply({ type: 'change', events: [{ type: 'set', object: object('2') }], resourceVersion: '2' });
  const after = [store.inNamespace(''), store.inNamespace('a'), store.ownedBy('o1')];
  expect(before.flat().map(({ metadata }) => metadata.resourceVersion)).toEqual(['1', '1', '1']);
  expect(after.flat().map(({ metadata }) => metadata.resourceVersion)).toEqual(['2', '2', '2']);
});

test('objects of the store are frozen in depth', () => {
  const store = createStore();
  const object = build({ namespace: 'a', name: 'x', uid: '1', owner: 'o1' }, '1');
  store.apply({ type: 'replace', objects: [object], resourceVersion: '1' });
  const read = store.get({ namespace: 'a', name: 'x' });
  expect(() => Object.assign(read?.metadata ?? {}, { name: 'y' })).toThrow(TypeError);
  expect(Object.isFrozen(read?.metadata.ownerReferences?.[0])).toBe(true);
  const changed = build({ namespace: 'a', name: 'x', uid: '1', owner: 'o1' }, '2');
  store.apply({ type: 'change', events: [{ type: 'set', object: changed }], resourceVersion: '2' });
  expect(Object.isFrozen(store.inNamespace('a')[0]?.metadata.ownerReferences?.[0])).toBe(true);
});
