import type { SequenceCounter, SequenceCounterStatus } from '@sluice/api';
import { controllerOf, type Lease } from '@sluice/runtime';
import { counterChild, ledgerFinalizer, ledgerName } from './names.ts';

// The ledger as the replicas keep it (workloads/sequence-counter/ledger/lease-record.ts). The operator makes it once,
// reads it for the status, and raises it when a person asks for that; in between only the replicas write.

const epochKey = 'sluice.dev/epoch';
const formatKey = 'sluice.dev/format-version';
const highPrefix = 'high.sluice.dev/';
/** On the ledger: the request for an advance that it was raised for. */
export const advancedKey = 'sluice.dev/advanced';

/** The largest number there is: 2^63 − 1. */
export const maxValue = 2n ** 63n - 1n;

export interface Ledger {
  readonly uid: string;
  readonly epoch: bigint;
  /** Pod and process that hand out numbers (Strict), as in status; '' when there is none. */
  readonly holder: string;
  /** Per counter, the first value that nobody reserved. */
  readonly highs: ReadonlyMap<string, bigint>;
  readonly advanced: string | undefined;
}

/** Undefined when the Lease is not a readable ledger. */
export function readLedger(lease: Lease): Ledger | undefined {
  const { annotations = {}, uid } = lease.metadata;
  const epoch = annotations[epochKey];
  const highs = Object.entries(annotations).filter(([key]) => key.startsWith(highPrefix));
  const texts = [epoch, ...highs.map(([, value]) => value)];
  if (uid === undefined || !texts.every((text) => text !== undefined && /^\d{1,20}$/.test(text))) return undefined;
  const [pod = '', , nonce = ''] = (lease.spec?.holderIdentity ?? '').split('/');
  return {
    uid,
    epoch: BigInt(epoch ?? 0),
    holder: pod === '' ? '' : `${pod}/${nonce.slice(0, 8)}`,
    highs: new Map(highs.map(([key, value]) => [key.slice(highPrefix.length), BigInt(value)])),
    advanced: annotations[advancedKey],
  };
}

/** The ledger of a counter that never handed out a number: `high` is the first number. */
export function firstLedger(counter: SequenceCounter): Lease {
  const highs = counter.spec.counters.map(({ name, start }) => [name, BigInt(start)] as const);
  return ledgerObject(counter, 0n, new Map(highs));
}

/** A ledger above everything that may be in use. `lease` is the one that is there, if any. */
export function raisedLedger(
  counter: SequenceCounter,
  lease: Lease | undefined,
  marks: ReadonlyMap<string, bigint>,
  request: string,
): Lease {
  const current = lease === undefined ? undefined : readLedger(lease);
  const highs = new Map(current?.highs);
  for (const { name, start } of counter.spec.counters) {
    const known = [highs.get(name) ?? BigInt(start), marks.get(name) ?? 0n];
    highs.set(
      name,
      known.reduce((a, b) => (a > b ? a : b)),
    );
  }
  // Far above: replicas may have seen epochs that the status, which lags behind, has not.
  const epochs = [current?.epoch ?? 0n, BigInt(counter.status?.epoch ?? '0')];
  const epoch = epochs.reduce((a, b) => (a > b ? a : b)) + 1_000n;
  const raised = ledgerObject(counter, epoch, highs);
  const annotations = { ...raised.metadata.annotations, [advancedKey]: request };
  const identity = lease === undefined ? {} : pick(lease.metadata);
  return { ...raised, metadata: { ...raised.metadata, ...identity, annotations } };
}

function pick({ uid, resourceVersion }: Lease['metadata']) {
  return { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
}

function ledgerObject(counter: SequenceCounter, epoch: bigint, highs: ReadonlyMap<string, bigint>): Lease {
  const marks = [...highs].map(([name, high]) => [highPrefix + name, padded(high)]);
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      ...counterChild(counter, ledgerName(counter.metadata.name)),
      // A delete by mistake takes effect only when the SequenceCounter itself is deleted.
      finalizers: [ledgerFinalizer],
      annotations: { [epochKey]: padded(epoch), [formatKey]: padded(1n), ...Object.fromEntries(marks) },
    },
    spec: { leaseDurationSeconds: 1 },
  };
}

function padded(value: bigint): string {
  return value.toString().padStart(20, '0');
}

export interface Regression {
  readonly reason: 'LedgerMissing' | 'LedgerReplaced' | 'LedgerBehind' | 'LedgerUnreadable';
  readonly message: string;
}

type MirroredCounter = NonNullable<SequenceCounterStatus['counters']>[number];

/** Why the ledger must not be believed, by what the status remembers. */
export function findRegression(counter: SequenceCounter, lease: Lease | undefined): Regression | undefined {
  const mirrored: readonly MirroredCounter[] = counter.status?.counters ?? [];
  const known = mirrored.find(({ ledgerUID }) => ledgerUID !== undefined)?.ledgerUID;
  if (lease === undefined) {
    return known === undefined ? undefined : { reason: 'LedgerMissing', message: `The ledger ${known} is gone.` };
  }
  const ledger = readLedger(lease);
  if (ledger === undefined) {
    return { reason: 'LedgerUnreadable', message: `The Lease ${lease.metadata.name} has no readable marks.` };
  }
  const vouched = vouchedFor(counter, ledger);
  if (known !== undefined && known !== ledger.uid && !vouched) {
    return { reason: 'LedgerReplaced', message: `The ledger has uid ${ledger.uid}, not ${known}.` };
  }
  const epoch = BigInt(counter.status?.epoch ?? '0');
  if (ledger.epoch < epoch) {
    return { reason: 'LedgerBehind', message: `The ledger fell back from epoch ${epoch} to ${ledger.epoch}.` };
  }
  for (const { name, start } of counter.spec.counters) {
    const high = ledger.highs.get(name) ?? BigInt(start);
    const highWater = BigInt(mirrored.find((entry) => entry.name === name)?.highWater ?? '0');
    if (highWater > BigInt(start) && high <= highWater) {
      const message = `Counter ${name} stands at ${high}, but numbers up to ${highWater} were handed out.`;
      return { reason: 'LedgerBehind', message };
    }
  }
  return undefined;
}

/** Whether this ledger is the one that was raised for the request that still stands on the resource. */
function vouchedFor(counter: SequenceCounter, ledger: Ledger): boolean {
  const request = counter.metadata.annotations?.[advanceKey];
  return request !== undefined && ledger.advanced === request;
}

/** On the SequenceCounter: `name=number` pairs, comma-separated: no number up to these is ever handed out again. */
export const advanceKey = 'sluice.dev/advance-to';
/** On the SequenceCounter: who asks for the advance, and why. */
export const advanceReasonKey = 'sluice.dev/advance-reason';

export type Advance =
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'granted'; readonly marks: ReadonlyMap<string, bigint>; readonly request: string };

/** What a person asked for to bring a regressed counter back: forward only, for every counter, with a reason. */
export function readAdvance(counter: SequenceCounter): Advance {
  const { [advanceKey]: request, [advanceReasonKey]: reason = '' } = counter.metadata.annotations ?? {};
  if (request === undefined) return { kind: 'none' };
  if (reason.trim() === '') return { kind: 'refused', message: `${advanceKey} needs ${advanceReasonKey} beside it.` };
  const marks = new Map<string, bigint>();
  for (const pair of request.split(',')) {
    const [, name, digits] = /^\s*([a-z0-9-]+)=(\d{1,19})\s*$/.exec(pair) ?? [];
    if (name === undefined || digits === undefined) {
      return { kind: 'refused', message: `${advanceKey}: "${pair.trim()}" is not of the form counter=number.` };
    }
    marks.set(name, BigInt(digits));
  }
  for (const { name, start, step } of counter.spec.counters) {
    const asked = marks.get(name);
    const highWater = BigInt(counter.status?.counters?.find((entry) => entry.name === name)?.highWater ?? '0');
    const next = firstAbove(asked ?? 0n, BigInt(start), BigInt(step));
    // More than one step above: a request that was granted before must not be granted again for the next accident.
    const least = highWater + BigInt(step);
    if (asked === undefined || next <= least || asked > maxValue) {
      const message = `${advanceKey} must name ${name} with a number from ${least} to ${maxValue}.`;
      return { kind: 'refused', message };
    }
    marks.set(name, next);
  }
  return { kind: 'granted', marks, request };
}

/** The smallest value above `value` that the counter would reach by its steps. */
function firstAbove(value: bigint, start: bigint, step: bigint): bigint {
  if (value < start) return start;
  return start + ((value - start) / step + 1n) * step;
}

/** Whether this Lease belongs to this very resource, and not to an earlier one of the same name that is going away. */
export function isOurs(counter: SequenceCounter, lease: Lease): boolean {
  return controllerOf(lease)?.uid === counter.metadata.uid;
}
