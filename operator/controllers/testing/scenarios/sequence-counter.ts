import { SequenceCounter } from '@sluice/api';
import { type KubeObject, Lease, Pod, PodDisruptionBudget } from '@sluice/runtime';
import type { Stage, Write } from '@sluice/runtime/testing';
import { maximalSequenceCounter } from '../../../api/testing/maximal-specs.ts';
import { sequenceCounterController } from '../../sequence-counter/controller.ts';
import { readLedger } from '../../sequence-counter/ledger.ts';
import { ledgerName } from '../../sequence-counter/names.ts';
import { type CounterPrograms, counterPrograms } from '../cluster/counter-programs.ts';
import { type Act, type KindUnderTest, statefulChildren } from './build.ts';
import { catalog } from './catalog.ts';
import { conditionOf, deleteByHand, edit, resourceOf, subjectKey, userName } from './subject.ts';

const kind = 'SequenceCounter';
const ledgerKey = { namespace: subjectKey.namespace, name: ledgerName(subjectKey.name) };

export const sequenceCounters: KindUnderTest<CounterPrograms> = {
  kind,
  programs: counterPrograms,
  controller: () => sequenceCounterController({ catalog }),
  spec: (random) => ({
    replicas: 1 + Math.floor(random() * 3),
    ordering: random() < 0.6 ? 'Strict' : 'Unique',
    counters: random() < 0.5 ? [{ name: 'a' }] : [{ name: 'a' }, { name: 'b', start: 10, step: 3 }],
  }),
  examples: maximalSequenceCounter,
  episodes: (random) => {
    const version = (name: string) => edit(kind, `version ${name}`, (spec) => ({ ...spec, version: name }));
    const replicas = Math.floor(random() * 4);
    const scale = edit(kind, `scale to ${replicas}`, (spec) => ({ ...spec, replicas }));
    return [
      [version('1.1.0')],
      [version('9.9.9'), version('1.1.0')],
      [version('6.6.6'), version('1.0.0')],
      [scale],
      [handOut, scale],
      [handOut, handOut, handOut],
      [killReplica],
    ];
  },
  children: [
    ...statefulChildren,
    { resource: Lease, name: ledgerKey.name },
    { resource: Lease, name: `${subjectKey.name}-0` },
    { resource: PodDisruptionBudget, name: subjectKey.name, edit: { spec: { maxUnavailable: 7 } } },
  ],
  forbids: () => {
    const guard = guardLedger();
    return (write, stage) => guard(write, stage) ?? forbiddenOnMember(write, stage);
  },
  destroys: ({ key, resource, before, after }, stage) => {
    const isLedger = resource.plural === Lease.plural && key.name === ledgerKey.name;
    const lost = before?.metadata.finalizers !== undefined && after?.metadata.finalizers === undefined;
    // Nobody can ask a counter that is gone for numbers.
    return isLedger && lost && ownerOf(before, stage) !== undefined ? 'the ledger' : undefined;
  },
  verdict: (stage) => numbersAreMirrored(stage),
};

const handOut: Act<CounterPrograms> = {
  what: 'numbers are handed out',
  act: (_, { programs }) => programs.handOut(subjectKey.namespace, subjectKey.name).catch(() => {}),
};

const killReplica: Act<CounterPrograms> = {
  what: 'a replica is deleted by hand',
  act: (stage) => deleteByHand(stage, Pod, `${subjectKey.name}-0`),
};

/** No number twice: marks of one counter never fall, whatever happens to its ledger, and it goes only with its counter. */
function guardLedger(): (write: Write, stage: Stage) => string | undefined {
  const marks = new Map<string, ReturnType<typeof readLedger>>();
  return ({ who, key, resource, before, after }, stage) => {
    if (resource.plural !== Lease.plural || key.name !== ledgerKey.name) return undefined;
    const counter = ownerOf(after ?? before, stage);
    const lives = counter !== undefined && counter.metadata.deletionTimestamp === undefined;
    if (after === undefined) return lives ? 'the ledger is gone while its counter lives' : undefined;
    const { deletionTimestamp, ownerReferences } = after.metadata;
    const goes = deletionTimestamp !== undefined && before?.metadata.deletionTimestamp === undefined;
    // What people delete by hand stays until its counter goes.
    if (goes && lives && who !== userName) return 'the ledger is deleted while its counter lives';
    const owner = ownerReferences?.[0]?.uid ?? '';
    const now = readLedger(after as Lease);
    const known = marks.get(owner);
    if (now === undefined) return 'the ledger cannot be read';
    marks.set(owner, now);
    if (known === undefined) return undefined;
    if (now.epoch < known.epoch) return `epoch ${now.epoch} after ${known.epoch}`;
    const fallen = [...known.highs].find(([name, high]) => (now.highs.get(name) ?? 0n) < high);
    return fallen === undefined ? undefined : `counter ${fallen[0]} fell from ${fallen[1]}`;
  };
}

/** The counter that this ledger was made for, as long as it is there. */
function ownerOf(ledger: KubeObject | undefined, stage: Stage): SequenceCounter | undefined {
  const counter = stage.find(SequenceCounter, subjectKey);
  return counter?.metadata.uid === ledger?.metadata.ownerReferences?.[0]?.uid ? counter : undefined;
}

/** A replica that still runs uses its Lease. */
function forbiddenOnMember({ isOperator, resource, key, after }: Write, stage: Stage): string | undefined {
  if (!isOperator || resource.plural !== Lease.plural || after !== undefined) return undefined;
  return stage.find(Pod, key) === undefined ? undefined : 'the replica of this Lease still runs';
}

function numbersAreMirrored(stage: Stage): string[] {
  const counter = stage.find(SequenceCounter, subjectKey);
  if (counter === undefined) {
    return stage.objects(Lease).filter(({ metadata }) => metadata.namespace === subjectKey.namespace).length === 0
      ? []
      : ['Leases are left behind'];
  }
  const lease = stage.find(Lease, ledgerKey);
  const ledger = lease === undefined ? undefined : readLedger(lease);
  const wrong: string[] = [];
  for (const { name, start, step } of counter.spec.counters) {
    const high = ledger?.highs.get(name) ?? BigInt(start);
    const expected = high > BigInt(start) ? high - BigInt(step) : 0n;
    const shown = counter.status?.counters?.find((entry) => entry.name === name)?.highWater;
    if (shown !== String(expected)) wrong.push(`counter ${name}: status says ${shown}, the ledger ${expected}`);
  }
  const ready = stage.find(resourceOf(kind), subjectKey);
  const condition = ready === undefined ? undefined : conditionOf(ready, 'Ready');
  if (condition?.status !== 'True') wrong.push(`it is not ready: ${condition?.reason}: ${condition?.message}`);
  return wrong;
}
