import { VirtualClock } from '@sluice/runtime/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Taken } from '../core/allocator.ts';
import { Dispenser, type Grant, type RemoteSource } from './dispenser.ts';

const granted: Grant = { ranges: [{ first: 9n, count: 1 }], epoch: 1n };

describe('the dispenser', () => {
  let clock: VirtualClock;
  let stock: number;
  let refusal: Taken | undefined;
  const want = vi.fn();

  beforeEach(() => {
    clock = new VirtualClock();
    stock = 0;
    refusal = undefined;
    want.mockReset();
  });

  const local = {
    take: (_counter: string, count: number): Taken => {
      if (refusal !== undefined) return refusal;
      if (count > stock) return { kind: 'refill' };
      stock -= count;
      return { kind: 'taken', ranges: [{ first: BigInt(stock), count }], epoch: 1n, low: false };
    },
    want,
  };

  function dispenser(remote?: RemoteSource, maxWaiting = 10): Dispenser {
    return new Dispenser({ clock, local, patienceMs: 1_000, maxWaiting, ...(remote && { remote }) });
  }

  it('gives at once what is in hand', async () => {
    stock = 5;
    expect((await dispenser().next('default', 5)).ranges).toEqual([{ first: 0n, count: 5 }]);
  });

  it('says how much all waiting requests want, and serves them after the refill', async () => {
    const numbers = dispenser();
    const waiting = [numbers.next('default', 3), numbers.next('default', 4)];
    expect(want).toHaveBeenLastCalledWith('default', 7);
    stock = 7;
    numbers.changed();
    expect(await Promise.all(waiting)).toHaveLength(2);
    expect(want).toHaveBeenLastCalledWith('default', 0);
    expect(numbers.waiting).toBe(0);
  });

  it('does not let small requests overtake a large one that waits', async () => {
    const numbers = dispenser();
    stock = 2;
    const large = numbers.next('default', 50);
    const small = numbers.next('default', 1);
    expect(stock).toBe(2);
    stock = 51;
    numbers.changed();
    await Promise.all([large, small]);
    expect(stock).toBe(0);
  });

  it('answers 503 with Retry-After when no number comes in time', async () => {
    const late = dispenser().next('default', 1);
    const checked = expect(late).rejects.toMatchObject({
      code: 'SLUICE_NO_NUMBERS',
      status: 503,
      retryAfterSeconds: 1,
    });
    clock.advance(1_100);
    await checked;
  });

  it('answers 503 rather than keep more requests than it may', async () => {
    const numbers = dispenser(undefined, 1);
    void numbers.next('default', 1).catch(() => undefined);
    await expect(numbers.next('default', 1)).rejects.toMatchObject({ code: 'SLUICE_OVERLOADED', status: 503 });
  });

  it('refuses for good what waiting would not mend', async () => {
    refusal = { kind: 'exhausted' };
    await expect(dispenser().next('default', 1)).rejects.toMatchObject({ code: 'SLUICE_COUNTER_EXHAUSTED' });
    refusal = { kind: 'regressed', reason: 'the ledger is missing' };
    await expect(dispenser().next('default', 1)).rejects.toMatchObject({
      code: 'SLUICE_LEDGER_REGRESSED',
      message: expect.stringContaining('the ledger is missing'),
    });
  });

  it('asks the holder, and again when the holder gave no answer', async () => {
    refusal = { kind: 'elsewhere' };
    const ask = vi.fn<() => Promise<Grant | undefined>>();
    ask.mockResolvedValueOnce(undefined).mockResolvedValueOnce(granted);
    const numbers = dispenser({ connected: true, ask });
    const served = numbers.next('default', 1);
    await vi.waitFor(() => expect(numbers.waiting).toBe(1));
    clock.advance(60);
    expect(await served).toEqual(granted);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('never passes on what another replica passed on to it', async () => {
    refusal = { kind: 'elsewhere' };
    const ask = vi.fn<() => Promise<Grant | undefined>>();
    expect(await dispenser({ connected: true, ask }).nextLocal('default', 1)).toBeUndefined();
    expect(ask).not.toHaveBeenCalled();
  });
});
