import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Author, acquire, emptyRecord, endOf, release, renew, reserveOnly } from './record.ts';
import { maxValue, type Range, valuesOf } from './value.ts';

const author: Author = { identity: 'c-0/uid/a', leaseMs: 3_000, nonce: '1' };

describe('a ledger record', () => {
  it('never lets a mark or an epoch fall, and never grants a number twice', () => {
    const action = fc.record({
      kind: fc.constantFrom('acquire' as const, 'renew' as const, 'reserve' as const, 'release' as const),
      count: fc.integer({ min: 1, max: 20 }),
      returned: fc.integer({ min: 0, max: 20 }),
    });
    const starts = fc.constantFrom(0n, 1n, 2n ** 53n - 20n, maxValue - 60n, maxValue);
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), starts, fc.bigInt(1n, 9n), (actions, start, step) => {
        const counter = { name: 'default', start, step };
        let record = emptyRecord([counter], 3_000);
        let last: Range | undefined;
        const given = new Set<bigint>();
        for (const { kind, count, returned } of actions) {
          const before = record;
          if (kind === 'release') {
            // The end of the newest block was not handed out.
            const kept = last === undefined ? 0 : Math.min(returned, last.count);
            if (last === undefined || kept === 0) continue;
            const unused = { first: last.first + BigInt(last.count - kept) * step, count: kept };
            record = release(record, author, new Map([['default', unused]]), [counter]);
            if (record.marks.get('default')?.rest !== undefined) {
              for (const value of valuesOf([unused], step)) given.delete(value);
            }
            last = undefined;
          } else {
            const demand = [{ counter, count }];
            const { record: next, blocks } =
              kind === 'acquire'
                ? acquire(record, author, demand, true)
                : kind === 'renew'
                  ? renew(record, author, demand)
                  : reserveOnly(record, author, demand);
            record = next;
            last = blocks.get('default');
            for (const value of valuesOf(last === undefined ? [] : [last], step)) {
              expect(given.has(value)).toBe(false);
              expect(value <= maxValue && value >= start).toBe(true);
              given.add(value);
            }
            if (last !== undefined) expect(endOf(last, step)).toBe(record.marks.get('default')?.high);
          }
          expect(record.epoch).toBeGreaterThanOrEqual(before.epoch);
          expect(record.marks.get('default')?.high).toBeGreaterThanOrEqual(before.marks.get('default')?.high ?? 0n);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('counts every take-over, also by the same process, and names the holder only where there is one', () => {
    const empty = emptyRecord([], 3_000);
    const once = acquire(empty, author, [], true).record;
    const twice = acquire(once, author, [], true).record;
    expect([once.epoch, twice.epoch, twice.holder]).toEqual([1n, 2n, author.identity]);
    expect(acquire(empty, author, [], false).record.holder).toBe('');
    expect(renew(twice, author, []).record.epoch).toBe(2n);
    expect(release(twice, author, new Map(), []).holder).toBe('');
    const other = { ...author, identity: 'c-1/uid/b' };
    expect(release(twice, other, new Map(), []).holder).toBe(author.identity);
  });
});
