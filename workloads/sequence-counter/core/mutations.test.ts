import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { edited } from '../../../hack/seeded-bugs/edit.ts';
import { faultPlans } from '../testing/fault-plans.ts';
import { type Core, type Fault, type SimulationOptions, simulate } from '../testing/simulation.ts';
import { verdictOn } from '../testing/verdict.ts';
import type { Ordering } from './allocator.ts';
import * as core from './allocator.ts';

/** A mistake that others made before, planted in a copy of the core. */
interface Mutation {
  readonly name: string;
  readonly ordering: Ordering;
  readonly file?: string;
  readonly from?: string;
  readonly to?: string;
  /** For mistakes that are not in the core but around it. */
  readonly options?: Partial<SimulationOptions>;
  /** Faults that bring it out sooner than the mixture does. */
  readonly faults?: readonly Fault['kind'][];
  /** A schedule that was found by a longer play, for what a short one does not find every time. */
  readonly example?: [seed: number, faults: Fault[]];
}

const mutations: readonly Mutation[] = [
  {
    name: 'leadership is a flag, not a clock read in the handler',
    ordering: 'Strict',
    file: 'allocator.ts',
    from: "this.#options.ordering === 'Unique' || (this.#lease !== undefined && stands(this.#lease, now))",
    to: "this.#options.ordering === 'Unique' || this.#lease !== undefined",
    faults: ['pause'],
  },
  {
    name: 'the clock is the one of the event loop, read before the request came',
    ordering: 'Strict',
    options: { cachedClock: true },
    faults: ['pause'],
  },
  {
    name: 'the deadline counts from the reply',
    ordering: 'Strict',
    file: 'allocator.ts',
    from: 'heldLease(sentAt, this.#options.leaseMs)',
    to: 'heldLease(now, this.#options.leaseMs)',
  },
  {
    name: 'a frozen monotonic clock is believed',
    ordering: 'Strict',
    file: 'lease-clock.ts',
    from: 'Math.abs(drift) <= disagreementMs',
    to: 'Math.abs(drift) <= Number.POSITIVE_INFINITY',
  },
  {
    name: 'a challenger does not wait for the lease to end',
    ordering: 'Strict',
    file: 'lease-clock.ts',
    from: 'return observedAt + leaseMs;',
    to: 'return observedAt + leaseMs / 2;',
  },
  { name: 'writes do not name the version they replace', ordering: 'Unique', options: { blindWrites: true } },
  {
    name: 'numbers of a write that timed out are used',
    ordering: 'Unique',
    file: 'allocator.ts',
    from: 'this.#doubt = this.#finishWrite();',
    to: 'this.#won(this.#finishWrite(), { monotonic: 0, wall: 0 });',
  },
  {
    name: 'the nonce of a write is not compared',
    ordering: 'Unique',
    file: 'allocator.ts',
    from: 'doubt !== undefined && snapshot.record.nonce === doubt.record.nonce',
    to: 'doubt !== undefined',
  },
  {
    name: 'the same pod takes over without a new epoch',
    ordering: 'Strict',
    file: 'record.ts',
    from: 'const epoch = record.epoch + 1n;',
    to: "const epoch = record.holder.split('/')[1] === author.identity.split('/')[1] ? record.epoch : record.epoch + 1n;",
  },
  {
    name: 'a pod is known by its name',
    ordering: 'Strict',
    file: 'identity.ts',
    from: 'return uid === podUid && nonce !== undefined && nonce !== processNonce;',
    to: 'return uid !== undefined && nonce !== processNonce;',
  },
  {
    name: 'values are doubles',
    ordering: 'Unique',
    file: 'pool.ts',
    from: 'first: head.first + BigInt(used) * this.#step',
    to: 'first: BigInt(Number(head.first) + used * Number(this.#step))',
    options: { start: 2n ** 53n - 60n },
  },
  {
    name: 'a batch overlaps the next by one',
    ordering: 'Unique',
    file: 'pool.ts',
    from: 'first: head.first + BigInt(used) * this.#step',
    to: 'first: head.first + BigInt(used > 1 ? used - 1 : used) * this.#step',
  },
  {
    name: 'numbers are still handed out after they were given back',
    ordering: 'Strict',
    file: 'allocator.ts',
    from: 'if (this.#stopping) return false;',
    to: '',
  },
  {
    name: 'a rest stays in the ledger after it was taken over',
    ordering: 'Strict',
    file: 'record.ts',
    from: 'marks.set(name, { high });',
    to: 'marks.set(name, { ...mark, high });',
  },
  {
    name: 'a reservation that takes a rest over leaves the mark where it was',
    ordering: 'Unique',
    file: 'record.ts',
    from: 'const least = mark.high + step;',
    to: 'const least = mark.high;',
    faults: ['stop', 'stop', 'rollback'],
  },
  {
    name: 'blocks outlive the lease they were won under',
    ordering: 'Strict',
    file: 'allocator.ts',
    from: 'for (const { pool } of this.#counters.values()) pool.clear();',
    to: '',
  },
  {
    name: 'a ledger that fell back or was made again from nothing is believed',
    ordering: 'Unique',
    file: 'sighting.ts',
    from: 'const { record, id } = snapshot;',
    to: 'const { record, id } = snapshot;\n  if (record.epoch >= 0n) return undefined;',
  },
  {
    name: 'a replica that was away does not compare the ledger with the status',
    ordering: 'Unique',
    file: 'allocator.ts',
    from: "this.#read(this.#options.ordering === 'Unique')",
    to: 'this.#read(false)',
    example: [
      -362969810,
      [
        { at: 4706, kind: 'rollback', process: 0, ms: 10 },
        { at: 2024, kind: 'pause', process: 2, ms: 2681 },
        { at: 4298, kind: 'stop', process: 0, ms: 10 },
      ],
    ],
  },
];

function toKinds(kinds: readonly Fault['kind'][]): (fault: Fault) => Fault {
  return (fault) => ({ ...fault, kind: kinds[fault.ms % kinds.length] ?? fault.kind });
}

const schedulesPerMutation = 6_000;

describe('the model test finds', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-mutants-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function plant({ file, from, to }: Mutation, index: number): Promise<Core> {
    if (file === undefined || from === undefined || to === undefined) return core;
    const copy = join(folder, String(index));
    await cp(import.meta.dirname, copy, { recursive: true, filter: (path) => !path.endsWith('.test.ts') });
    await writeFile(join(copy, file), edited(await readFile(join(copy, file), 'utf8'), [[from, to]], file));
    return (await import(pathToFileURL(join(copy, 'allocator.ts')).href)) as Core;
  }

  it.each(mutations.map((mutation, index) => [mutation.name, mutation, index] as const))(
    '%s',
    async (_name, mutation, index) => {
      const planted = await plant(mutation, index);
      const { ordering, options } = mutation;
      const run = fc.check(
        fc.property(fc.integer(), faultPlans, (seed, plan) => {
          const faults = mutation.faults === undefined ? plan : plan.map(toKinds(mutation.faults));
          const answers = simulate({ core: planted, ordering, seed, faults, ...options });
          return verdictOn(answers, ordering) === undefined;
        }),
        {
          numRuns: schedulesPerMutation,
          seed: 2,
          endOnFailure: true,
          examples: mutation.example ? [mutation.example] : [],
        },
      );
      expect(run.failed).toBe(true);
    },
    120_000,
  );
});
