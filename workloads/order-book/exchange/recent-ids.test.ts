import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentIds } from './recent-ids.ts';

/** Ids by slot, as the table of orders has them: slots are even, and none is 0. */
function indexed(length: number): { ids: RecentIds; doubles: Float64Array } {
  const doubles = new Float64Array(4_096);
  return { ids: new RecentIds({ doubles }, length), doubles };
}

const gap = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1, max: 3 }) },
  { weight: 2, arbitrary: fc.integer({ min: 4, max: 300 }) },
  // The same low 32 bits.
  { weight: 1, arbitrary: fc.constant(2 ** 32) },
);
const step = fc.record({ gap, from: fc.nat(400), removes: fc.boolean() });

it('finds each id that was added and not removed, and no other', () => {
  fc.assert(
    fc.property(fc.constantFrom(4, 64, 4_096), fc.array(step, { maxLength: 400 }), (length, steps) => {
      const { ids, doubles } = indexed(length);
      const slots = new Map<number, number>();
      const gone = new Set<number>();
      let id = 0;
      const reservedAt = length % (steps.length + 1);
      for (const [index, { gap: more, from, removes }] of steps.entries()) {
        if (index === reservedAt) ids.reserve(from);
        const old = [...slots][from % (slots.size + 1)];
        if (removes && old !== undefined) {
          ids.remove(...old);
          slots.delete(old[0]);
          gone.add(old[0]);
          // The record goes to an order with another id.
          doubles[old[1] >> 1] = 0;
        }
        id += more;
        const slot = 2 * (index + 1);
        doubles[slot >> 1] = id;
        ids.add(id, slot);
        slots.set(id, slot);
      }
      for (const [known, slot] of slots) expect(ids.find(known)).toBe(slot);
      for (const unknown of [...gone, id + 1, id + 2 ** 32]) expect(ids.find(unknown)).toBe(0);
    }),
  );
});

it('takes ids in any order, as a snapshot has them', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 2_000 }), { maxLength: 300 }), (some) => {
      const { ids, doubles } = indexed(4);
      for (const [index, id] of some.entries()) {
        doubles[index + 1] = id;
        ids.add(id, 2 * (index + 1));
      }
      for (const [index, id] of some.entries()) expect(ids.find(id)).toBe(2 * (index + 1));
      for (const [index, id] of some.entries()) ids.remove(id, 2 * (index + 1));
      for (const id of some) expect(ids.find(id)).toBe(0);
    }),
  );
});
