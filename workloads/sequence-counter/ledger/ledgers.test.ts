import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sluice/runtime/clock';
import { KubeApiError, type KubeClient, type Lease } from '@sluice/runtime/kube';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyRecord, type LedgerRecord } from '../core/record.ts';
import { openFileLedger } from './file-ledger.ts';
import { createLeaseLedger } from './lease-ledger.ts';
import { leaseWith, recordOf } from './lease-record.ts';
import { LedgerConflict } from './ledger.ts';

const counters = [{ name: 'default', start: 1n, step: 1n }];
const never = new AbortController().signal;

const value = fc.bigInt(0n, 2n ** 63n);
const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const mark = fc.record({ high: value, rest: value }, { requiredKeys: ['high'] });
const endpoint = fc.record({ address: fc.constant('10.0.0.1:8443'), pin: fc.base64String() });
const records: fc.Arbitrary<LedgerRecord> = fc
  .record(
    {
      formatVersion: fc.constant(1),
      epoch: value,
      holder: fc.constantFrom('', 'c-0/uid/nonce'),
      nonce: fc.stringMatching(/^\d{20}$/),
      marks: fc.array(fc.tuple(name, mark), { maxLength: 32 }).map((entries) => new Map(entries)),
      endpoint,
    },
    { requiredKeys: ['formatVersion', 'epoch', 'holder', 'nonce', 'marks'] },
  )
  .map((record) => ({ ...record, leaseMs: record.holder === '' ? 1_000 : 3_000 }));

function lease(annotations: Record<string, string> = {}): Lease {
  const metadata = { name: 'c-ledger', namespace: 'n', uid: 'u', resourceVersion: '7', annotations };
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
}

describe('a record in a Lease', () => {
  it('is read as it was written, and leaves alone what is not its own', () => {
    fc.assert(
      fc.property(records, records, (first, second) => {
        const once = leaseWith(first, lease({ 'example.com/note': 'mine' }), 0);
        const twice = leaseWith(second, once, 1_000);
        expect(recordOf(twice)).toEqual(second);
        expect(twice.metadata).toMatchObject({ uid: 'u', resourceVersion: '7' });
        expect(twice.metadata.annotations?.['example.com/note']).toBe('mine');
        for (const text of Object.keys(twice.metadata.annotations ?? {})) {
          expect(text.split('/').at(-1)?.length).toBeLessThanOrEqual(63);
        }
      }),
    );
  });

  it.each<[string, Record<string, string>]>([
    ['no epoch', { 'sluice.dev/format-version': '1' }],
    [
      'a mark that is no number',
      { 'sluice.dev/format-version': '1', 'sluice.dev/epoch': '1', 'high.sluice.dev/a': 'x' },
    ],
  ])('is not guessed from a Lease with %s', (_name, annotations) => {
    expect(() => recordOf(lease(annotations))).toThrow(RangeError);
  });
});

describe('a ledger in a Lease', () => {
  it('is replaced by PUT with the version that was read, and a refusal is a conflict', async () => {
    const stored = leaseWith(emptyRecord(counters, 3_000), lease(), 0);
    const puts: Lease[] = [];
    let answer: Error | undefined;
    const client = {
      get: async () => stored,
      replace: async (_resource: unknown, object: Lease) => {
        puts.push(object);
        if (answer !== undefined) throw answer;
        return { ...object, metadata: { ...object.metadata, resourceVersion: '8' } };
      },
    } as unknown as KubeClient;
    const ledger = createLeaseLedger({ client, clock: systemClock, namespace: 'n', name: 'c', timeoutMs: 1_000 });
    const snapshot = await ledger.read(never);
    if (snapshot === undefined) throw new Error('no ledger');
    expect(snapshot).toMatchObject({ version: '7', id: 'u' });
    const record = { ...snapshot.record, epoch: 1n };
    expect(await ledger.write(record, snapshot, never)).toBe('8');
    expect(puts[0]?.metadata).toMatchObject({ resourceVersion: '7', uid: 'u' });
    answer = new KubeApiError(409, 'Conflict', 'changed');
    const next = { record, version: '8', id: 'u' };
    await expect(ledger.write({ ...record, epoch: 2n }, next, never)).rejects.toBeInstanceOf(LedgerConflict);
    answer = new KubeApiError(504, 'Timeout', 'perhaps');
    await expect(ledger.write({ ...record, epoch: 2n }, next, never)).rejects.toBe(answer);
  });
});

describe('a ledger in a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-ledger-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps what was written, and refuses a write over an old version', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (record) => {
        const ledger = openFileLedger(folder, counters);
        const before = await ledger.read(never);
        if (before === undefined) throw new Error('no ledger');
        await ledger.write(record, before, never);
        await expect(ledger.write(record, before, never)).rejects.toBeInstanceOf(LedgerConflict);
        await ledger.close();
        const again = openFileLedger(folder, counters);
        const { endpoint: _notKept, marks, ...kept } = record;
        const after = await again.read(never);
        expect(after?.record).toMatchObject(kept);
        for (const [key, entry] of marks) expect(after?.record.marks.get(key)).toEqual(entry);
        expect(after?.id).toBe(before.id);
        await again.close();
      }),
      { numRuns: 20 },
    );
  });

  it('says what is wrong with a file that is none', async () => {
    await writeFile(join(folder, 'ledger.sqlite'), 'this is not a database, but it is long enough to look like one');
    expect(() => openFileLedger(folder, counters)).toThrow('cannot be used as a ledger');
  });
});
