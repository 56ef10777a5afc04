import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSharing } from './sharing.ts';

const metadata = fc.record(
  {
    name: fc.string(),
    namespace: fc.constantFrom('a', 'b'),
    labels: fc.dictionary(fc.constantFrom('x', '__proto__', 'y'), fc.constantFrom('1', '2')),
    annotations: fc.oneof(fc.constant({}), fc.constant({ manifest: 'x'.repeat(2000) })),
    ownerReferences: fc.array(fc.record({ uid: fc.constantFrom('u', 'v') }), { maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
);

test('objects read the same as without sharing, also when it has forgotten', () => {
  fc.assert(
    fc.property(fc.array(metadata), (objects) => {
      const share = createSharing(3);
      for (const object of objects) {
        const copy = structuredClone(object);
        share(copy);
        expect(JSON.stringify(copy)).toBe(JSON.stringify(object));
      }
    }),
  );
});

test('equal parts become one, and frozen, since they belong to many', () => {
  const share = createSharing();
  const [a, b] = [{ labels: { app: 'web' } }, { labels: { app: 'web' } }];
  share(a);
  share(b);
  expect(a.labels).toBe(b.labels);
  expect(Object.isFrozen(a.labels)).toBe(true);
});
