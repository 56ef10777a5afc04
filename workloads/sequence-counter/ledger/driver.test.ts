import { createLogger } from '@sluice/runtime/telemetry';
import { VirtualClock } from '@sluice/runtime/testing';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Allocator } from '../core/allocator.ts';
import { emptyRecord } from '../core/record.ts';
import { Driver } from './driver.ts';
import { type Ledger, LedgerConflict } from './ledger.ts';

const counters = [{ name: 'default', start: 1n, step: 1n }];

/** A ledger in memory with compare-and-swap. */
class MemoryLedger implements Ledger {
  record = emptyRecord(counters, 2_000);
  version = 1;
  /** Instead of the next answers. */
  failures: ('silence' | 'lost answer' | 'conflict')[] = [];
  closed = false;

  async read() {
    return { record: this.record, version: String(this.version), id: 'u' };
  }
  async readFloor() {
    return undefined;
  }
  async write(record: typeof this.record, over: { version: string }): Promise<string> {
    const failure = this.failures.shift();
    if (failure === 'silence') return new Promise(() => undefined);
    if (failure === 'conflict' || over.version !== String(this.version)) throw new LedgerConflict('changed');
    this.record = record;
    this.version += 1;
    if (failure === 'lost answer') throw new Error('connection reset');
    return String(this.version);
  }
  async close(): Promise<void> {
    this.closed = true;
  }
}

describe('the driver', () => {
  let clock: VirtualClock;
  let ledger: MemoryLedger;
  let driver: Driver;
  const calls: string[] = [];

  beforeEach(() => {
    clock = new VirtualClock();
    ledger = new MemoryLedger();
    calls.length = 0;
    let nonce = 0;
    const allocator = new Allocator({
      ordering: 'Strict',
      identity: { pod: 'c-0', podUid: 'u', processNonce: 'a' },
      counters,
      leaseMs: 2_000,
      pool: { horizonSeconds: 60, smallestBlock: 10, largestBlock: 100 },
      newNonce: () => {
        nonce += 1;
        return String(nonce);
      },
    });
    driver = new Driver({
      clock,
      log: createLogger('test', 'silent'),
      allocator,
      ledger,
      timeoutMs: 600,
      onChange: () => undefined,
      onCall: (operation, outcome) => calls.push(`${operation} ${outcome}`),
    });
  });

  /** Lets time pass until a number can be taken. */
  async function takeOne(): Promise<bigint | undefined> {
    let value: bigint | undefined;
    await vi.waitFor(
      () => {
        clock.advance(20);
        const taken = driver.take('default', 1);
        if (taken.kind !== 'taken') throw new Error(taken.kind);
        value = taken.ranges[0]?.first;
      },
      { timeout: 5_000, interval: 5 },
    );
    return value;
  }

  it('takes the ledger over and hands out its first number', async () => {
    driver.advance();
    expect(await takeOne()).toBe(1n);
    expect(calls).toEqual(['read done', 'write done']);
  });

  it('gives up a silent store and does not use the numbers of that write', async () => {
    ledger.failures = ['silence'];
    driver.advance();
    expect(await takeOne()).toBe(1n);
    expect(calls).toContain('write unknown');
    expect(ledger.record.epoch).toBe(1n);
  });

  it('finds out by its nonce that a write without an answer took place', async () => {
    ledger.failures = ['lost answer'];
    driver.advance();
    expect(await takeOne()).toBe(1n);
    expect(calls.slice(0, 3)).toEqual(['read done', 'write unknown', 'read done']);
    expect(ledger.record.epoch).toBe(1n);
  });

  it('reads again after a conflict', async () => {
    ledger.failures = ['conflict'];
    driver.advance();
    await takeOne();
    expect(calls.slice(0, 3)).toEqual(['read done', 'write conflict', 'read done']);
  });

  it('hands out nothing after a release, whose rest goes back to the ledger', async () => {
    driver.advance();
    await takeOne();
    expect(await driver.release(1_000)).toBe(true);
    expect(driver.take('default', 1).kind).toBe('elsewhere');
    expect(ledger.record).toMatchObject({ holder: '', marks: new Map([['default', { high: 11n, rest: 2n }]]) });
  });

  it('says when a release was not confirmed in time', async () => {
    driver.advance();
    await takeOne();
    ledger.failures = Array(50).fill('silence');
    const released = driver.release(1_000);
    clock.advance(1_001);
    expect(await released).toBe(false);
    expect(driver.take('default', 1).kind).toBe('elsewhere');
  });

  it('asks nothing of the store after it was closed', async () => {
    driver.advance();
    await takeOne();
    await driver.close();
    const before = calls.length;
    clock.advance(10_000);
    expect(calls.length).toBe(before);
    expect(ledger.closed).toBe(true);
  });
});
