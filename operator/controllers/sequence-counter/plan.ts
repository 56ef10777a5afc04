import { type SequenceCounterStatus, unbuiltFields } from '@sluice/api';
import {
  defaultPlanSettings,
  type EventInput,
  Lease,
  type Plan,
  type PlannedDelete,
  setConditions,
} from '@sluice/runtime';
import { accepted, authenticated, type Refusal, unbuiltRefusal, versionRefusal } from '../children/acceptance.ts';
import { ledgerRegressed, ready } from './conditions.ts';
import {
  type Advance,
  advanceKey,
  advanceReasonKey,
  findRegression,
  firstLedger,
  isOurs,
  type Ledger,
  type Regression,
  raisedLedger,
  readAdvance,
  readLedger,
} from './ledger.ts';
import { ledgerFinalizer, ordinalOf } from './names.ts';
import { childrenOf } from './objects.ts';
import type { Observed } from './observe.ts';
import { numbersIn, numbersOf, replicasStatus, rolloutOf, withMarksOf } from './status.ts';

/** What is to be done at the ledger, before all else and never by server-side apply: that would overwrite marks. */
export type LedgerAction =
  | { readonly kind: 'create'; readonly lease: Lease }
  /** A compare-and-swap over the Lease that was observed. */
  | { readonly kind: 'replace'; readonly lease: Lease }
  /** The SequenceCounter goes, and the ledger may go with it. */
  | { readonly kind: 'letGo'; readonly lease: Lease };

export interface CounterPlan extends Plan<SequenceCounterStatus> {
  readonly ledger?: LedgerAction;
  /** The marks in the status are new: the next ones have to wait. */
  readonly writesMarks: boolean;
}

const waitForOldLedgerMs = 1_000;
const waitForPodsMs = 2_000;

/** Pure: what the world should look like for what was observed. */
export function plan(observed: Observed, nowMs: number): CounterPlan {
  const { counter, ledger: lease, statefulSet, images } = observed;
  if (counter.metadata.deletionTimestamp !== undefined) return farewell(observed);
  // An earlier resource of this name is still being collected: its ledger is not ours to use.
  if (lease !== undefined && !isOurs(counter, lease)) return waitForOldLedger(observed, nowMs);

  const image = images[counter.spec.version];
  const refusal = refusalOf(observed);
  const regression = findRegression(counter, lease);
  const advance: Advance = regression === undefined ? { kind: 'none' } : readAdvance(counter);
  // The ledger is let go of when the counter is, so the counter has to be held before there is a ledger.
  const held = counter.metadata.finalizers?.includes(defaultPlanSettings.finalizer) === true;
  const action = refusal === undefined && held ? ledgerAction(observed, regression, advance) : undefined;
  const ledger = lease === undefined ? undefined : readLedger(lease);
  const rollout = rolloutOf(counter, statefulSet, image);
  const numbers = numbersStatus(observed, regression === undefined ? ledger : undefined);

  const conditions = setConditions(
    counter.status?.conditions,
    [
      accepted(refusal),
      ready(counter, { refusal, regression, rollout, ledger }),
      ledgerRegressed(regression, advanceHint(advance)),
      authenticated(counter.spec.auth, 'take numbers'),
    ],
    counter.metadata.generation ?? 1,
    nowMs,
  );
  const members = membersInUse(observed);
  const children = refusal === undefined && image !== undefined && lease !== undefined;
  return {
    apply: children ? childrenOf(counter, image, members) : [],
    delete: children ? unusedMembers(observed, members) : [],
    status: {
      observedGeneration: counter.metadata.generation ?? 1,
      conditions,
      ...replicasStatus(counter, rollout),
      ...numbers.status,
    },
    finalizer: true,
    events: eventsOf(observed, regression, action),
    writesMarks: numbers.moved && numbers.written,
    ...(action !== undefined && { ledger: action }),
    ...wake(numbers.moved && !numbers.written ? observed.marksDueInMs : undefined, observed),
  };
}

/** Children go with their owner. The ledger's own finalizer goes first, or it would stay behind. */
function farewell({ counter, ledger }: Observed): CounterPlan {
  const held = ledger?.metadata.finalizers?.includes(ledgerFinalizer) === true && isOurs(counter, ledger);
  const nothing = { apply: [], delete: [], status: undefined, events: [], writesMarks: false };
  return { ...nothing, finalizer: false, ...(held && { ledger: { kind: 'letGo', lease: ledger } }) };
}

function waitForOldLedger({ counter, ledger }: Observed, nowMs: number): CounterPlan {
  const message = `The Lease ${ledger?.metadata.name} belongs to another object; waiting for it to be deleted.`;
  const conditions = setConditions(
    counter.status?.conditions,
    [accepted(undefined), { type: 'Ready', status: 'False', reason: 'LedgerTaken', message }],
    counter.metadata.generation ?? 1,
    nowMs,
  );
  return {
    apply: [],
    delete: [],
    status: { ...counter.status, observedGeneration: counter.metadata.generation ?? 1, conditions },
    finalizer: true,
    events: [],
    writesMarks: false,
    requeueAfterMs: waitForOldLedgerMs,
  };
}

function refusalOf({ counter, images }: Observed): Refusal | undefined {
  const { version } = counter.spec;
  return unbuiltRefusal(unbuiltFields('SequenceCounter', counter.spec)) ?? versionRefusal(version, images);
}

function ledgerAction(
  { counter, ledger: lease }: Observed,
  regression: Regression | undefined,
  advance: Advance,
): LedgerAction | undefined {
  if (regression === undefined) {
    return lease === undefined ? { kind: 'create', lease: firstLedger(counter) } : undefined;
  }
  if (advance.kind !== 'granted') return undefined;
  const raised = raisedLedger(counter, lease, advance.marks, advance.request);
  return { kind: lease === undefined ? 'create' : 'replace', lease: raised };
}

function advanceHint(advance: Advance): string {
  if (advance.kind === 'refused') return advance.message;
  return `To go on above every number in use, annotate the resource with ${advanceKey} (counter=number, …) and ${advanceReasonKey}.`;
}

/** Marks move with every reservation of the replicas; they are mirrored now and then, all the rest at once. */
function numbersStatus({ counter, marksDueInMs }: Observed, ledger: Ledger | undefined) {
  // While the ledger is not believed, the status keeps what it knows: it is the memory.
  if (ledger === undefined) return { status: numbersIn(counter.status), moved: false, written: false };
  const now = numbersOf(counter, ledger);
  const kept = counter.status === undefined ? now : withMarksOf(now, counter.status);
  const moved = JSON.stringify(now) !== JSON.stringify(kept);
  const written = marksDueInMs <= 0;
  return { status: written ? now : kept, moved, written };
}

/**
 * How many replicas have a Lease: those that spec asks for, and those whose pods are on their way out, for such pods still
 * use their Leases. They end in any order, and some may be of a StatefulSet that was deleted, so numbers alone do not tell.
 */
function membersInUse({ counter, members, statefulSet, surplusPods }: Observed): number {
  const { replicas } = counter.spec;
  const { metadata, spec, status } = statefulSet ?? {};
  const told = spec?.replicas !== undefined && spec.replicas <= replicas;
  const seen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 1);
  const settled = told && seen && (status?.replicas ?? 0) <= replicas;
  const used = settled ? surplusPods : members.map(({ metadata: { name } }) => name);
  return Math.max(replicas, ...used.map((name) => (ordinalOf(counter.metadata.name, name) ?? 0) + 1));
}

/** Pods are not watched: while some are on their way out, the plan looks again by itself. */
function wake(marksDueInMs: number | undefined, { surplusPods }: Observed): { requeueAfterMs?: number } {
  const moments = [marksDueInMs, surplusPods.length > 0 ? waitForPodsMs : undefined].filter((ms) => ms !== undefined);
  return moments.length === 0 ? {} : { requeueAfterMs: Math.min(...moments) };
}

function unusedMembers({ counter, members }: Observed, used: number): PlannedDelete[] {
  return members
    .filter(({ metadata }) => (ordinalOf(counter.metadata.name, metadata.name) ?? 0) >= used)
    .map((object) => ({ resource: Lease, object }));
}

function eventsOf(
  { counter }: Observed,
  regression: Regression | undefined,
  action: LedgerAction | undefined,
): EventInput[] {
  const before = counter.status?.conditions?.find(({ type }) => type === 'LedgerRegressed');
  const events: EventInput[] = [];
  if (regression !== undefined && before?.reason !== regression.reason) {
    events.push({ type: 'Warning', reason: regression.reason, action: 'StopNumbers', note: regression.message });
  }
  if (regression !== undefined && action !== undefined) {
    const { [advanceKey]: to, [advanceReasonKey]: why } = counter.metadata.annotations ?? {};
    const note = `The ledger is raised above ${to}: ${why}`;
    events.push({ type: 'Normal', reason: 'LedgerAdvanced', action: 'AdvanceLedger', note });
  }
  return events;
}
