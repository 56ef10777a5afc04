import type { SequenceCounter, SequenceCounterSpec } from '@sluice/api';
import type { KubeObject, Lease, StatefulSet } from '@sluice/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceKey, advanceReasonKey, readLedger } from './ledger.ts';
import type { Observed } from './observe.ts';
import { type CounterPlan, plan } from './plan.ts';

const now = Date.UTC(2026, 10, 21);

function counterWith(
  spec: Partial<SequenceCounterSpec> = {},
  more: { status?: SequenceCounter['status']; annotations?: Record<string, string>; deleted?: boolean } = {},
): SequenceCounter {
  const { status, annotations, deleted = false } = more;
  return {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'SequenceCounter',
    metadata: {
      name: 'invoices',
      namespace: 'shop',
      uid: 'counter-uid',
      generation: 3,
      ...(annotations && { annotations }),
      finalizers: ['sluice.dev/finalizer'],
      ...(deleted && { deletionTimestamp: '2026-11-21T00:00:00Z' }),
    },
    spec: {
      replicas: 3,
      ordering: 'Strict',
      version: '1.0.0',
      store: { type: 'Lease' },
      counters: [{ name: 'default', start: 1, step: 1 }],
      leaseDurationSeconds: 3,
      outageBudgetSeconds: 600,
      ...spec,
    },
    ...(status && { status }),
  };
}

function observedWith(counter: SequenceCounter, more: Partial<Observed> = {}): Observed {
  const images = { '1.0.0': 'sluice/sequence-counter:1.0.0-abc', '1.1.0': 'sluice/sequence-counter:1.1.0-def' };
  const nothing = { ledger: undefined, members: [], statefulSet: undefined, surplusPods: [] };
  return { counter, ...nothing, images, marksDueInMs: 0, ...more };
}

/** The ledger as replicas would have written it. */
function ledgerAt(high: bigint, more: { epoch?: bigint; uid?: string; holder?: string; owner?: string } = {}): Lease {
  const { epoch = 4n, uid = 'ledger-uid', holder = 'invoices-1/pod-uid/12345678ab', owner = 'counter-uid' } = more;
  const pad = (value: bigint): string => value.toString().padStart(20, '0');
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: 'invoices-ledger',
      namespace: 'shop',
      uid,
      resourceVersion: '77',
      finalizers: ['sluice.dev/ledger'],
      ownerReferences: [
        { apiVersion: 'sluice.dev/v1alpha1', kind: 'SequenceCounter', name: 'invoices', uid: owner, controller: true },
      ],
      annotations: { 'sluice.dev/epoch': pad(epoch), 'high.sluice.dev/default': pad(high) },
    },
    spec: { holderIdentity: holder },
  };
}

/** The StatefulSet that the plan for `counter` makes, with this many pods ready. */
function statefulSetWith(ready: number, replicas = 3, counter = counterWith({ replicas })): StatefulSet {
  const made = plan(observedWith(counter, { ledger: ledgerAt(1n) }), now);
  const planned = made.apply.find(({ object }) => object.kind === 'StatefulSet');
  const spec = (planned?.object as StatefulSet | undefined)?.spec;
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'invoices', namespace: 'shop', generation: 2 },
    ...(spec && { spec }),
    status: { observedGeneration: 2, replicas, readyReplicas: ready, updatedReplicas: replicas },
  };
}

/** The resource as it is after a plan was carried out. */
function after(counter: SequenceCounter, { status }: CounterPlan): SequenceCounter {
  return status === undefined ? counter : { ...counter, status };
}

function condition(made: CounterPlan, type: string) {
  const found = made.status?.conditions?.find((entry) => entry.type === type);
  return found && `${found.status} ${found.reason}`;
}

const kinds = (made: CounterPlan): string[] => made.apply.map(({ object }) => `${object.kind}/${object.metadata.name}`);

describe('the plan of a new counter', () => {
  it('makes the ledger before anything that could ask for it', () => {
    const made = plan(observedWith(counterWith({ counters: [{ name: 'default', start: 100, step: 5 }] })), now);
    expect(made.apply).toEqual([]);
    expect(made.ledger?.kind).toBe('create');
    expect(made.ledger?.lease.metadata).toMatchObject({
      name: 'invoices-ledger',
      finalizers: ['sluice.dev/ledger'],
      annotations: { 'high.sluice.dev/default': '00000000000000000100' },
    });
    expect(condition(made, 'Ready')).toBe('False LedgerPending');
  });

  it('makes all children once the ledger is there, the pods last, and applies the same every time', () => {
    const observed = observedWith(counterWith(), { ledger: ledgerAt(1n, { epoch: 0n, holder: '' }) });
    const made = plan(observed, now);
    expect(made.ledger).toBeUndefined();
    expect(kinds(made)).toEqual([
      'Lease/invoices-0',
      'Lease/invoices-1',
      'Lease/invoices-2',
      'ConfigMap/invoices',
      'ServiceAccount/invoices',
      'Role/invoices',
      'RoleBinding/invoices',
      'Service/invoices',
      'Service/invoices-peers',
      'PodDisruptionBudget/invoices',
      'StatefulSet/invoices',
    ]);
    expect(plan(observed, now + 60_000).apply).toEqual(made.apply);
    expect(condition(made, 'Ready')).toBe('False Progressing');
  });

  it('lets the pods read and write their own Leases by name, and nothing else', () => {
    const made = plan(observedWith(counterWith(), { ledger: ledgerAt(1n) }), now);
    const role = made.apply.find(({ object }) => object.kind === 'Role')?.object as KubeObject & { rules: unknown };
    expect(role.rules).toEqual([
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['invoices-ledger', 'invoices-0', 'invoices-1', 'invoices-2'],
        verbs: ['get', 'update'],
      },
      { apiGroups: ['sluice.dev'], resources: ['sequencecounters'], resourceNames: ['invoices'], verbs: ['get'] },
    ]);
  });
});

describe('the plan of a running counter', () => {
  it('says who holds it, how far it is and what is left', () => {
    const made = plan(observedWith(counterWith(), { ledger: ledgerAt(1_201n), statefulSet: statefulSetWith(3) }), now);
    expect(made.status).toMatchObject({
      holder: 'invoices-1/12345678',
      epoch: '4',
      highWater: '1200',
      remaining: '9223372036854774607',
      replicas: 3,
      readyReplicas: 3,
      version: '1.0.0',
      counters: [{ name: 'default', highWater: '1200', ledgerUID: 'ledger-uid' }],
    });
    expect(condition(made, 'Ready')).toBe('True AllReplicasReady');
    expect(condition(made, 'Authenticated')).toBe('False NoAuthentication');
    expect(condition(made, 'LedgerRegressed')).toBe('False LedgerConsistent');
  });

  it('writes nothing when nothing changed', () => {
    const observed = observedWith(counterWith(), { ledger: ledgerAt(1_201n), statefulSet: statefulSetWith(3) });
    const counter = after(observed.counter, plan(observed, now));
    const again = plan({ ...observed, counter }, now + 60_000);
    expect(again.status).toEqual(counter.status);
    expect(again.events).toEqual([]);
  });

  it('mirrors marks at most so often, and everything else at once', () => {
    const first = observedWith(counterWith(), { ledger: ledgerAt(1_201n), statefulSet: statefulSetWith(3) });
    const counter = after(first.counter, plan(first, now));
    const moved = plan({ ...first, counter, ledger: ledgerAt(1_301n), marksDueInMs: 4_000 }, now);
    expect(moved.status).toEqual(counter.status);
    expect(moved.requeueAfterMs).toBe(4_000);
    const taken = plan({ ...first, counter, ledger: ledgerAt(1_301n, { epoch: 5n }), marksDueInMs: 4_000 }, now);
    expect(taken.status).toMatchObject({ epoch: '5', highWater: '1200' });
    const due = plan({ ...first, counter, ledger: ledgerAt(1_301n), marksDueInMs: 0 }, now);
    expect(due.status).toMatchObject({ highWater: '1300' });
    expect(due.writesMarks).toBe(true);
  });

  it.each<[string, Partial<SequenceCounterSpec>]>([
    ['configuration', { leaseDurationSeconds: 9 }],
    ['version', { version: '1.1.0' }],
    ['size', { replicas: 4 }],
  ])('is not ready with the pods of the previous %s', (_name, spec) => {
    const statefulSet = statefulSetWith(3);
    expect(condition(plan(observedWith(counterWith(), { ledger: ledgerAt(9n), statefulSet }), now), 'Ready')).toBe(
      'True AllReplicasReady',
    );
    const changed = plan(observedWith(counterWith(spec), { ledger: ledgerAt(9n), statefulSet }), now);
    expect(condition(changed, 'Ready')).toBe('False Progressing');
    expect(changed.status?.version).toBeUndefined();
  });

  it('makes no ledger before the counter is held: nobody would let go of it', () => {
    const counter = counterWith();
    const { finalizers: _, ...metadata } = counter.metadata;
    const made = plan(observedWith({ ...counter, metadata }), now);
    expect([made.finalizer, made.ledger]).toEqual([true, undefined]);
    expect(plan(observedWith(counter), now).ledger?.kind).toBe('create');
  });

  it('keeps the Leases of pods that are still there when it gets smaller', () => {
    const member = (ordinal: number): Lease => {
      const metadata = { ...ledgerAt(1n).metadata, name: `invoices-${ordinal}` };
      return { ...ledgerAt(1n), metadata };
    };
    const members = [member(0), member(1), member(2)];
    const shrinking = { ledger: ledgerAt(9n), members };
    const early = plan(
      observedWith(counterWith({ replicas: 1 }), { ...shrinking, statefulSet: statefulSetWith(3) }),
      now,
    );
    expect(early.delete).toEqual([]);
    expect(kinds(early)).toContain('Lease/invoices-2');
    // Pods of a Parallel StatefulSet end in any order: the two that are left may be 0 and 2.
    const oneGone = { ...statefulSetWith(1, 1), status: { observedGeneration: 2, replicas: 2, readyReplicas: 1 } };
    const midway = plan(observedWith(counterWith({ replicas: 1 }), { ...shrinking, statefulSet: oneGone }), now);
    expect(midway.delete).toEqual([]);
    expect(kinds(midway)).toContain('Lease/invoices-2');
    // Told of three replicas, and none of them started yet.
    const starting = { ...statefulSetWith(0, 3), status: { observedGeneration: 2, replicas: 0 } };
    const hasty = plan(observedWith(counterWith({ replicas: 1 }), { ...shrinking, statefulSet: starting }), now);
    expect(hasty.delete).toEqual([]);
    // The StatefulSet was made anew, and a pod of the one before it still runs.
    const leftover = { ...shrinking, statefulSet: statefulSetWith(1, 1), surplusPods: ['invoices-1'] };
    const almost = plan(observedWith(counterWith({ replicas: 1 }), leftover), now);
    expect(almost.delete.map(({ object }) => object.metadata.name)).toEqual(['invoices-2']);
    expect(almost.requeueAfterMs).toBeGreaterThan(0);
    const late = plan(
      observedWith(counterWith({ replicas: 1 }), { ...shrinking, statefulSet: statefulSetWith(1, 1) }),
      now,
    );
    expect(late.delete.map(({ object }) => object.metadata.name)).toEqual(['invoices-1', 'invoices-2']);
  });

  it.each<[string, Partial<SequenceCounterSpec>, string]>([
    ['a version nobody has', { version: '9.9.9' }, 'False UnknownVersion'],
    ['an order that is not built', { ordering: 'Gapless' }, 'False NotImplemented'],
    ['a store that is not built', { store: { type: 'Postgres' } }, 'False NotImplemented'],
  ])('keeps the last good state for %s', (_name, spec, expected) => {
    const made = plan(observedWith(counterWith(spec), { ledger: ledgerAt(9n) }), now);
    expect(condition(made, 'Accepted')).toBe(expected);
    expect(condition(made, 'Ready')).toBe(expected);
    expect([made.apply, made.delete, made.ledger]).toEqual([[], [], undefined]);
    expect(made.status?.highWater).toBe('8');
  });
});

describe('a ledger that must not be believed', () => {
  const healthy = observedWith(counterWith(), { ledger: ledgerAt(1_201n), statefulSet: statefulSetWith(3) });
  const { status } = plan(healthy, now);
  const known = status === undefined ? {} : { status };
  const counter = counterWith({}, known);

  it.each<[string, Lease | undefined, string]>([
    ['is gone', undefined, 'LedgerMissing'],
    ['was made again', ledgerAt(5_000n, { uid: 'another' }), 'LedgerReplaced'],
    ['lost numbers', ledgerAt(1_200n), 'LedgerBehind'],
    ['lost an epoch', ledgerAt(1_201n, { epoch: 3n }), 'LedgerBehind'],
  ])('because it %s: no new one is made and the status keeps what it knows', (_name, ledger, reason) => {
    const made = plan({ ...healthy, counter, ledger }, now);
    expect(condition(made, 'LedgerRegressed')).toBe(`True ${reason}`);
    expect(condition(made, 'Ready')).toBe(`False ${reason}`);
    expect(made.ledger).toBeUndefined();
    expect(made.status?.counters).toEqual(counter.status?.counters);
    expect(made.events).toMatchObject([{ type: 'Warning', reason }]);
    expect(plan({ ...healthy, counter: after(counter, made), ledger }, now).events).toEqual([]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['without a reason', { [advanceKey]: 'default=5000' }, 'needs sluice.dev/advance-reason'],
    ['backwards', { [advanceKey]: 'default=1200', [advanceReasonKey]: 'x' }, 'with a number from 1201'],
    ['for another counter', { [advanceKey]: 'other=5000', [advanceReasonKey]: 'x' }, 'must name default'],
    ['that is no number', { [advanceKey]: 'default=many', [advanceReasonKey]: 'x' }, 'not of the form'],
  ])('is not advanced %s', (_name, annotations, sentence) => {
    const made = plan({ ...healthy, counter: counterWith({}, { ...known, annotations }), ledger: undefined }, now);
    expect(made.ledger).toBeUndefined();
    expect(made.status?.conditions?.find(({ type }) => type === 'LedgerRegressed')?.message).toContain(sentence);
  });

  it('is advanced above all numbers in use, is believed then, and not a second time for the same request', () => {
    const annotations = { [advanceKey]: 'default=5000', [advanceReasonKey]: 'restored from a backup' };
    const asked = counterWith({}, { ...known, annotations });
    const made = plan({ ...healthy, counter: asked, ledger: undefined }, now);
    expect(made.ledger?.kind).toBe('create');
    const raised = made.ledger?.lease;
    if (raised === undefined) throw new Error('no ledger');
    const { highs, epoch } = readLedger({ ...raised, metadata: { ...raised.metadata, uid: 'new' } }) ?? {};
    expect(highs?.get('default')).toBe(5_001n);
    expect(epoch).toBeGreaterThan(4n);
    expect(made.events.map(({ reason }) => reason)).toEqual(['LedgerMissing', 'LedgerAdvanced']);

    const stored = { ...raised, metadata: { ...raised.metadata, uid: 'new', resourceVersion: '1' } };
    const believed = plan({ ...healthy, counter: after(asked, made), ledger: stored }, now);
    expect(condition(believed, 'LedgerRegressed')).toBe('False LedgerConsistent');
    expect(believed.status).toMatchObject({ highWater: '5000', counters: [{ ledgerUID: 'new' }] });
    const lostAgain = plan({ ...healthy, counter: after(asked, believed), ledger: undefined }, now);
    expect(lostAgain.ledger).toBeUndefined();
    expect(condition(lostAgain, 'LedgerRegressed')).toBe('True LedgerMissing');
  });

  it('never gets a smaller mark from the operator, whatever is asked', () => {
    const value = fc.bigInt(0n, 2n ** 63n - 1n);
    fc.assert(
      fc.property(value, value, fc.boolean(), fc.integer({ min: 1, max: 50 }), (high, asked, missing, step) => {
        const annotations = { [advanceKey]: `default=${asked}`, [advanceReasonKey]: 'x' };
        const spec = { counters: [{ name: 'default', start: 1, step }] };
        const ledger = missing ? undefined : ledgerAt(high, { uid: 'another' });
        const made = plan({ ...healthy, counter: counterWith(spec, { ...known, annotations }), ledger }, now);
        if (made.ledger === undefined) return;
        const uid = { ...made.ledger.lease.metadata, uid: 'x' };
        const written = readLedger({ ...made.ledger.lease, metadata: uid })?.highs.get('default') ?? 0n;
        expect(written).toBeGreaterThan(1_200n);
        expect(written).toBeGreaterThan(asked);
        if (!missing) expect(written).toBeGreaterThanOrEqual(high);
      }),
    );
  });
});

describe('the end of a counter', () => {
  it('lets the ledger go, then the resource', () => {
    const made = plan(observedWith(counterWith({}, { deleted: true }), { ledger: ledgerAt(9n) }), now);
    expect(made.ledger?.kind).toBe('letGo');
    expect(made.finalizer).toBe(false);
    expect(made.apply).toEqual([]);
  });

  it('does not touch the ledger of an earlier resource of the same name, and waits for it to go', () => {
    const old = ledgerAt(9n, { owner: 'an-earlier-uid' });
    const made = plan(observedWith(counterWith(), { ledger: old }), now);
    expect(condition(made, 'Ready')).toBe('False LedgerTaken');
    expect([made.apply, made.ledger, made.requeueAfterMs]).toEqual([[], undefined, 1_000]);
    const gone = plan(observedWith(counterWith({}, { deleted: true }), { ledger: old }), now);
    expect(gone.ledger).toBeUndefined();
  });
});
