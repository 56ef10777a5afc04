import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SlotIndex } from './slot-index.ts';

/** The slots of a key as a search meets them. */
function slotsOf(index: SlotIndex, key: number): number[] {
  const slots: number[] = [];
  for (let entry = index.home(key); ; entry = index.next(entry)) {
    const slot = index.table[2 * entry + 1] ?? 0;
    if (slot === 0) return slots.sort((a, b) => a - b);
    if (index.table[2 * entry] === key) slots.push(slot);
  }
}

it('finds what was added and not removed, also among keys that collide', () => {
  // Few homes for many keys: what is removed leaves holes in long runs.
  const key = fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((value) => value << 4),
    fc.integer({ min: -5, max: 5 }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 400 }), (steps) => {
      const index = new SlotIndex();
      const expected = new Map<number, number[]>();
      for (const [order, [step, removes]] of steps.entries()) {
        const slots = expected.get(step) ?? [];
        const removed = removes ? slots.pop() : undefined;
        if (removed !== undefined) index.remove(step, removed);
        else index.add(step, slots[slots.push(order + 1) - 1] ?? 0);
        expected.set(step, slots);
      }
      for (const [step, slots] of expected) expect(slotsOf(index, step)).toEqual([...slots].sort((a, b) => a - b));
    }),
  );
});

it.each([0, 3_000, 20_000])('grows, also when room for %i was made on the way', (reserved) => {
  const index = new SlotIndex();
  for (let key = 0; key < 3_000; key++) index.add(key * 16, key + 1);
  index.reserve(reserved);
  for (let key = 3_000; key < 20_000; key++) index.add(key * 16, key + 1);
  for (let key = 0; key < 20_000; key += 2) index.remove(key * 16, key + 1);
  for (let key = 0; key < 20_000; key++) expect(slotsOf(index, key * 16)).toEqual(key % 2 === 0 ? [] : [key + 1]);
});

it('takes keys whose places are all the same', () => {
  // Of the same run and of the same place in it: the whole key. They differ in their slots only.
  const index = new SlotIndex();
  const slots = Array.from({ length: 60 }, (_, place) => place + 1);
  for (const slot of slots) index.add(7, slot);
  expect(slotsOf(index, 7)).toEqual(slots);
});
