import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pool } from './pool.ts';
import { valuesOf } from './value.ts';

const limits = { horizonSeconds: 60, smallestBlock: 100, largestBlock: 1_000_000 };

const operations = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      kind: fc.constant('refill' as const),
      count: fc.integer({ min: 1, max: 20 }),
      gap: fc.integer({ min: 0, max: 1 }),
    }),
    fc.record({ kind: fc.constant('clear' as const) }),
  ),
  { maxLength: 40 },
);

describe('a pool', () => {
  it('gives what a plain list would give, all or none, and knows its tail', () => {
    fc.assert(
      fc.property(operations, fc.bigInt(1n, 1_000n), (steps, step) => {
        const pool = new Pool(step, limits);
        let model: bigint[] = [];
        let high = 2n ** 53n - 30n;
        for (const operation of steps) {
          if (operation.kind === 'clear') {
            pool.clear();
            model = [];
          } else if (operation.kind === 'refill') {
            const first = high + BigInt(operation.gap) * step;
            pool.refill({ first, count: operation.count }, 0);
            model.push(...valuesOf([{ first, count: operation.count }], step));
            high = first + BigInt(operation.count) * step;
          } else {
            const taken = pool.take(operation.count);
            if (operation.count > model.length) expect(taken).toBeUndefined();
            else expect(valuesOf(taken ?? [], step)).toEqual(model.splice(0, operation.count));
          }
          expect(pool.left).toBe(model.length);
          const tail = pool.tail();
          const contiguous = model.findLastIndex((value, index) => value !== (model[index - 1] ?? value) + step);
          expect(tail === undefined ? [] : valuesOf([tail], step)).toEqual(model.slice(Math.max(contiguous, 0)));
        }
      }),
    );
  });

  it('asks for more when half of a block is used', () => {
    const pool = new Pool(1n, limits);
    expect(pool.low).toBe(true);
    pool.refill({ first: 1n, count: 100 }, 0);
    pool.take(49);
    expect(pool.low).toBe(false);
    pool.take(1);
    expect(pool.low).toBe(true);
  });

  it('makes blocks last for its horizon: larger under load, smaller again when idle, never beyond the bounds', () => {
    const pool = new Pool(1n, limits);
    let now = 0;
    let first = 1n;
    const refill = (count: number): void => {
      pool.refill({ first, count }, now);
      first += BigInt(count);
    };
    expect(pool.blockSize(now, 0)).toBe(100);
    refill(100);
    // 1,000 numbers per second for a minute.
    for (let second = 0; second < 60; second += 1) {
      now += 1_000;
      refill(1_000);
      pool.take(1_000);
    }
    expect(pool.blockSize(now, 0)).toBeGreaterThan(40_000);
    expect(pool.blockSize(now, 0)).toBeLessThan(70_000);
    // A burst that empties a block in less than a second doubles the next one.
    refill(1_000_000);
    now += 10;
    expect(pool.blockSize(now, 0)).toBe(1_000_000);
    // What waits is covered even beyond the bound.
    expect(pool.blockSize(now, 2_000_000)).toBe(2_000_000);
    now += 3_600_000;
    expect(pool.blockSize(now, 0)).toBeLessThan(200);
  });
});
