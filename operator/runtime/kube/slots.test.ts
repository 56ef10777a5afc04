import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSlots, type Turn } from './slots.ts';

test('never more under way than allowed, nobody forgotten, whatever is given back when', async () => {
  const operation = fc.oneof(
    fc.record({ take: fc.boolean() }),
    fc.record({ release: fc.nat() }),
    fc.record({ limit: fc.integer({ min: 1, max: 5 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
      let limit = 3;
      const slots = createSlots(() => limit);
      const held: { turn: Turn; admitted: boolean }[] = [];
      for (const next of operations) {
        const before = slots.inFlight;
        if ('take' in next) {
          const turn = slots.take(next.take);
          const entry = { turn, admitted: turn.ready === undefined };
          void turn.ready?.then(() => {
            entry.admitted = true;
          });
          held.push(entry);
        } else if ('limit' in next) limit = next.limit;
        else held.splice(next.release % Math.max(1, held.length), 1)[0]?.turn.release();
        await Promise.resolve();
        expect(slots.inFlight).toBe(held.filter(({ admitted }) => admitted).length);
        expect(slots.waiting).toBe(held.filter(({ admitted }) => !admitted).length);
        expect(slots.inFlight).toBeLessThanOrEqual(Math.max(limit, before));
      }
      while (held.length > 0) {
        held
          .splice(
            held.findIndex(({ admitted }) => admitted),
            1,
          )[0]
          ?.turn.release();
        await Promise.resolve();
      }
      expect([slots.inFlight, slots.waiting]).toEqual([0, 0]);
    }),
    { numRuns: 500 },
  );
});

test('what is urgent goes before what waits already', async () => {
  const slots = createSlots(() => 1);
  const order: string[] = [];
  const first = slots.take(false);
  const turns = (['a', 'b', 'urgent'] as const).map((name) => {
    const turn = slots.take(name === 'urgent');
    void turn.ready?.then(() => {
      order.push(name);
      turn.release();
    });
    return turn;
  });
  first.release();
  await Promise.all(turns.map(({ ready }) => ready));
  expect(order).toEqual(['urgent', 'a', 'b']);
});
