import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Due, DueHeap } from './due-heap.ts';

const step = fc.record({ id: fc.nat(15), dueMs: fc.nat(20), remove: fc.boolean() });

test('the earliest is always first, whatever is put in, moved and taken out', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new DueHeap<Due>();
      const elements = Array.from({ length: 16 }, (): Due => ({ dueMs: 0, place: -1 }));
      const inside = new Map<Due, number>();
      const earliest = () => (inside.size === 0 ? undefined : Math.min(...inside.values()));
      for (const { id, dueMs, remove } of steps) {
        const element = elements[id] as Due;
        if (remove) {
          heap.remove(element);
          inside.delete(element);
        } else {
          heap.set(element, dueMs);
          inside.set(element, dueMs);
        }
        expect(heap.first?.dueMs).toBe(earliest());
      }
      for (let first = heap.first; first !== undefined; first = heap.first) {
        expect(first.dueMs).toBe(earliest());
        heap.remove(first);
        inside.delete(first);
      }
      expect(inside.size).toBe(0);
    }),
  );
});
