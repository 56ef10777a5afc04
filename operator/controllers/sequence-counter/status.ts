import type { SequenceCounter, SequenceCounterStatus } from '@sluice/api';
import type { StatefulSet } from '@sluice/runtime';
import { selectorText } from '../children/labels.ts';
import { type Ledger, maxValue } from './ledger.ts';
import { counterLabels } from './names.ts';
import { isUpToDate } from './objects.ts';

type CounterStatus = NonNullable<SequenceCounterStatus['counters']>[number];

/** What the status says about the numbers. */
export type NumbersStatus = Pick<SequenceCounterStatus, 'holder' | 'epoch' | 'highWater' | 'remaining' | 'counters'>;

/** What the ledger says now. */
export function numbersOf(counter: SequenceCounter, ledger: Ledger): NumbersStatus {
  const { counters, ordering } = counter.spec;
  const held = ordering === 'Strict' && ledger.holder !== '';
  const shared = { ...(held && { holder: ledger.holder }), epoch: String(ledger.epoch) };
  const entries = counters.map(({ name, start, step }): CounterStatus => {
    const high = ledger.highs.get(name) ?? BigInt(start);
    const left = high > maxValue ? 0n : (maxValue - high) / BigInt(step) + 1n;
    const highWater = high > BigInt(start) ? high - BigInt(step) : 0n;
    return { name, ...shared, highWater: String(highWater), remaining: String(left), ledgerUID: ledger.uid };
  });
  const [first] = entries;
  return {
    ...shared,
    ...(first !== undefined && { highWater: first.highWater, remaining: first.remaining }),
    counters: entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** `next` with the marks of `previous`: they move with every reservation, and a status write for each is too much. */
export function withMarksOf(next: NumbersStatus, previous: SequenceCounterStatus): NumbersStatus {
  const before = new Map((previous.counters ?? []).map((entry) => [entry.name, entry]));
  if (previous.highWater === undefined || previous.remaining === undefined) return next;
  return {
    ...next,
    highWater: previous.highWater,
    remaining: previous.remaining,
    counters: (next.counters ?? []).map((entry) => {
      const { highWater, remaining } = before.get(entry.name) ?? entry;
      return { ...entry, highWater, remaining };
    }),
  };
}

/** The numbers part of a status as it stands. */
export function numbersIn(status: SequenceCounterStatus | undefined): NumbersStatus {
  const { holder, epoch, highWater, remaining, counters } = status ?? {};
  return {
    ...(holder !== undefined && { holder }),
    ...(epoch !== undefined && { epoch }),
    ...(highWater !== undefined && { highWater }),
    ...(remaining !== undefined && { remaining }),
    ...(counters !== undefined && { counters }),
  };
}

export interface Rollout {
  readonly replicas: number;
  readonly readyReplicas: number;
  /** All pods run what the spec says and are ready. */
  readonly complete: boolean;
}

/** `image`: the one that the spec asks for; undefined when it asks for none that exists. */
export function rolloutOf(
  counter: SequenceCounter,
  statefulSet: StatefulSet | undefined,
  image: string | undefined,
): Rollout {
  const { replicas: wanted } = counter.spec;
  const { replicas = 0, readyReplicas = 0, updatedReplicas = 0, observedGeneration = 0 } = statefulSet?.status ?? {};
  const { generation = 1 } = statefulSet?.metadata ?? {};
  // The StatefulSet of the previous spec says of itself that all is done.
  const told = statefulSet !== undefined && image !== undefined && isUpToDate(counter, statefulSet, image);
  const settled = told && observedGeneration >= generation;
  return {
    replicas,
    readyReplicas,
    complete: settled && replicas === wanted && readyReplicas === wanted && updatedReplicas === wanted,
  };
}

export function replicasStatus(
  counter: SequenceCounter,
  rollout: Rollout,
): Pick<SequenceCounterStatus, 'replicas' | 'readyReplicas' | 'selector' | 'version'> {
  return {
    replicas: rollout.replicas,
    readyReplicas: rollout.readyReplicas,
    selector: selectorText(counterLabels(counter.metadata.name)),
    ...(rollout.complete && rollout.replicas > 0 && { version: counter.spec.version }),
  };
}
