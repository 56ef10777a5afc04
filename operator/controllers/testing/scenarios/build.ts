import { type KindName, kinds } from '@sluice/api';
import {
  ConfigMap,
  type Controller,
  HorizontalPodAutoscaler,
  type KubeObject,
  Lease,
  Node,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  ReplicaSet,
  type Resource,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { pick, type Scenario, type Stage, seededRandom, type UserAction, type Write } from '@sluice/runtime/testing';
import { StorageClass } from '../../order-book/observe.ts';
import { losingNode } from '../cluster/nodes.ts';
import type { Part } from '../cluster/part.ts';
import { ClusterSimulator, clusterName, type Programs } from '../cluster/simulator.ts';
import { definitions } from './definitions.ts';
import { essenceOf } from './essence.ts';
import { fieldChanges } from './field-changes.ts';
import {
  create,
  deleteByHand,
  edit,
  nodeNames,
  patchByHand,
  prepareCluster,
  remove,
  type Spec,
  subjectKey,
} from './subject.ts';

export type Act<P extends Part> = Omit<UserAction<ClusterSimulator<P>>, 'until'>;
/** Acts that belong together: what is broken in the first is whole again after the last. */
export type Episode<P extends Part> = readonly Act<P>[];

/** What is particular to scenarios of one kind. */
export interface KindUnderTest<P extends Part> {
  readonly kind: KindName;
  readonly programs: Programs<P>;
  controller(simulator: ClusterSimulator<P>): Controller;
  spec(random: () => number): Spec;
  /** A valid value for every field. */
  readonly examples: Spec;
  /** Episodes besides those that every kind has. */
  readonly episodes: (random: () => number) => readonly Episode<P>[];
  /** What somebody in a hurry remembers just before the resource is deleted. */
  readonly lastWords?: Act<P>;
  /** Children that somebody may delete by hand, and edits by hand that the operator takes back. */
  readonly children: readonly { readonly resource: Resource; readonly name: string; readonly edit?: object }[];
  readonly forbids: () => (write: Write, stage: Stage) => string | undefined;
  readonly destroys: (write: Write, stage: Stage) => string | undefined;
  readonly verdict: (stage: Stage, simulator: ClusterSimulator<P>) => readonly string[];
}

/** Everything that any of the controllers makes or reads. */
const resources: readonly Resource[] = [
  ConfigMap,
  HorizontalPodAutoscaler,
  Lease,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  ReplicaSet,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
];

/** The scenario of this number: the same each time. */
export function buildScenario<P extends Part>(of: KindUnderTest<P>, number: number): Scenario<ClusterSimulator<P>> {
  const random = seededRandom(number * 31 + of.kind.length);
  const calm = random() < 0.6;
  const { kind } = of;
  const every = [fieldEpisode(of, random), fieldEpisode(of, random), ...handEpisodes(of), nodeLoss<P>(random)];
  const episodes = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    return random() < 0.5 ? pick(random, of.episodes(random)) : pick(random, every);
  });
  const spec = of.spec(random);
  const ends: Act<P>[] = random() < 0.3 ? [remove(kind)] : [];
  const again: Act<P>[] = ends.length > 0 && random() < 0.3 ? [create(kind, spec)] : [];
  const acts = [create<ClusterSimulator<P>>(kind, spec), ...episodes.flat(), ...ends, ...again];
  const actions = acts.map((act) => {
    // Made again under the same name only when it is gone.
    const waits = calm || (again.length > 0 && ends.includes(act));
    return { ...act, until: waits ? ('quiet' as const) : Math.floor(random() ** 2 * 12_000) };
  });
  const { lastWords } = of;
  if (lastWords !== undefined && ends.length > 0 && !calm) {
    const untilMs = Math.floor(seededRandom(number)() ** 2 * 500);
    actions.splice(actions.length - ends.length - again.length, 0, { ...lastWords, until: untilMs });
  }
  const isHasty = !calm && ends.length > 0 && again.length === 0;
  const simulators = new WeakMap<Stage, ClusterSimulator<P>>();
  const guards = new WeakMap<Stage, ReturnType<typeof of.forbids>>();
  return {
    name: `${kind} ${number}`,
    calm,
    resources: [kinds[kind].resource, ...resources],
    definitions,
    prepare: prepareCluster,
    simulate(stage) {
      const simulator = new ClusterSimulator(stage, of.programs);
      simulators.set(stage, simulator);
      guards.set(stage, of.forbids());
      return simulator;
    },
    controllers: (simulator) => [of.controller(simulator)],
    actions,
    isNoise,
    forbids: (write, stage) => guards.get(stage)?.(write, stage),
    destroys: of.destroys,
    // A book that is deleted in a hurry may never have had a volume.
    essence: (object, resource) =>
      isHasty && resource === PersistentVolumeClaim ? undefined : essenceOf(object, resource),
    verdict(stage) {
      const simulator = simulators.get(stage);
      return simulator === undefined ? [] : of.verdict(stage, simulator);
    },
  };
}

/** One field takes another value, now and then goes, and is then as it was. */
function fieldEpisode<P extends Part>({ kind, examples }: KindUnderTest<P>, random: () => number): Episode<P> {
  const { path, set, remove: without, oneWay } = pick(random, fieldChanges(kind, examples));
  let before: Spec | undefined;
  const changed = edit<ClusterSimulator<P>>(kind, `change ${path}`, (spec) => {
    before = spec;
    return set(spec);
  });
  if (oneWay) return [changed];
  const removed =
    without === undefined || random() < 0.5 ? [] : [edit<ClusterSimulator<P>>(kind, `remove ${path}`, without)];
  return [changed, ...removed, edit(kind, `roll back ${path}`, (spec) => before ?? spec)];
}

function handEpisodes<P extends Part>({ children }: KindUnderTest<P>): Episode<P>[] {
  return children.flatMap(({ resource, name, edit: patch }) => {
    const deletion: Act<P> = {
      what: `delete ${resource.kind} ${name} by hand`,
      act: (stage) => deleteByHand(stage, resource, name),
    };
    if (patch === undefined) return [[deletion]];
    const change: Act<P> = {
      what: `edit ${resource.kind} ${name} by hand`,
      act: (stage) => patchByHand(stage, resource, name, patch),
    };
    return [[deletion], [change], [change, deletion]];
  });
}

/** A node falls silent with its pods; it comes back, or it is given up and removed. */
function nodeLoss<P extends Part>(random: () => number): Episode<P> {
  const name = pick(random, nodeNames);
  const returns = random() < 0.5;
  const steps = (stage: Stage) => losingNode(stage, stage.client(`${clusterName}-nodes`), name);
  const is = (stage: Stage): boolean => stage.find(Node, { namespace: '', name }) !== undefined;
  const step = (what: string, does: (steps: ReturnType<typeof losingNode>) => Promise<void>): Act<P> => ({
    what: `${name} ${what}`,
    act: async (stage) => {
      if (is(stage)) await does(steps(stage));
    },
  });
  return [
    step('falls silent', ({ fallSilent }) => fallSilent()),
    step('loses its pods', ({ evict }) => evict()),
    returns
      ? step('answers again', ({ answerAgain }) => answerAgain())
      : step('is removed', ({ remove: goes }) => goes()),
  ];
}

/** The programs in the pods renew their Leases; nobody waits for that to end. */
function isNoise({ resource, before, after }: Write): boolean {
  if (resource.plural !== Lease.plural || before === undefined || after === undefined) return false;
  const still = (lease: KubeObject): string => {
    const { resourceVersion: _, ...metadata } = lease.metadata as Lease['metadata'] & { managedFields?: unknown };
    const { managedFields: __, ...rest } = metadata;
    return JSON.stringify([rest, (lease as Lease).spec?.holderIdentity]);
  };
  return still(before) === still(after);
}

/** Children of the two kinds that run their pods in a StatefulSet. */
export const statefulChildren = [
  { resource: StatefulSet, edit: { spec: { replicas: 0 } } },
  { resource: Service, edit: { spec: { selector: { 'app.kubernetes.io/instance': 'nobody' } } } },
  { resource: ConfigMap },
].map((child) => ({ ...child, name: subjectKey.name }));
