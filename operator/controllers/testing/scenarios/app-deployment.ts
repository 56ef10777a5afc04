import { AppDeployment, type AppDeploymentSpec } from '@sluice/api';
import { controllerOf, Pod, PodDisruptionBudget, ReplicaSet, Service } from '@sluice/runtime';
import type { Stage, Write } from '@sluice/runtime/testing';
import { maximalAppDeployment } from '../../../api/testing/maximal-specs.ts';
import { appDeploymentController } from '../../app-deployment/controller.ts';
import { revisionOf } from '../../app-deployment/names.ts';
import { revisionOfPod } from '../../app-deployment/pods.ts';
import { resolveLimits } from '../../app-deployment/rollout.ts';
import { brokenImage } from '../cluster/kubelets.ts';
import type { Part } from '../cluster/part.ts';
import { isActive, isReady } from '../cluster/pod-state.ts';
import type { Episode, KindUnderTest } from './build.ts';
import { catalog } from './catalog.ts';
import { deleteByHand, edit, patchByHand, subjectKey } from './subject.ts';

/** The apps do nothing that anybody but their kubelet sees. */
type NoPrograms = Part;

const kind = 'AppDeployment';
const upTo = (random: () => number, most: number): number => 1 + Math.floor(random() * most);

export const appDeployments: KindUnderTest<NoPrograms> = {
  kind,
  programs: () => ({ sync: async () => {} }),
  controller: ({ kubelets }) => appDeploymentController({ catalog, poll: async (pod) => kubelets.drainReport(pod) }),
  spec: (random) => ({
    version: 'v1',
    image: 'shop:v1',
    replicas: upTo(random, 4),
    ports: [{ name: 'http', containerPort: 8080 }],
    progressDeadlineSeconds: 30,
    strategy: { rolling: { maxSurge: upTo(random, 2), maxUnavailable: Math.floor(random() * 2) } },
    drain: { deadlineSeconds: 30, maxDraining: upTo(random, 4) },
    revisionHistoryLimit: Math.floor(random() * 3),
  }),
  examples: maximalAppDeployment,
  episodes: (random) => {
    const version = `v${2 + Math.floor(random() * 3)}`;
    const to = (name: string) =>
      edit(kind, `version ${name}`, (spec) => ({ ...spec, version: name, image: `shop:${name}` }));
    const replicas = Math.floor(random() * 5);
    const paused = (on: boolean) => edit(kind, on ? 'pause' : 'go on', (spec) => ({ ...spec, paused: on }));
    const broken = edit(kind, 'a version that never gets ready', (spec) => ({
      ...spec,
      version: 'bad',
      image: `shop:${brokenImage}`,
    }));
    const scale = edit(kind, `scale to ${replicas}`, (spec) => ({ ...spec, replicas }));
    return [
      [to(version)],
      [to(version), to('v1')],
      [scale],
      [scale, to(version)],
      [paused(true), to(version), scale, paused(false)],
      [broken, to(version)],
      [to(version), broken, to(version)],
      byHandOnReplicaSet('delete'),
      byHandOnReplicaSet('scale'),
      killPod,
    ];
  },
  children: [
    {
      resource: Service,
      name: subjectKey.name,
      edit: { spec: { selector: { 'app.kubernetes.io/instance': 'nobody' } } },
    },
    { resource: PodDisruptionBudget, name: subjectKey.name, edit: { spec: { maxUnavailable: 7 } } },
  ],
  forbids: () => {
    const tooFewReady = guardReady();
    return (write, stage) =>
      forbiddenOnPod(write, stage) ??
      goneTooEarly(write, stage) ??
      closedTooEarly(write, stage) ??
      tooFewReady(write, stage);
  },
  destroys: ({ resource, before, after }) =>
    resource.plural === Pod.plural && before?.metadata.deletionTimestamp === undefined && after === undefined
      ? 'a pod that was not draining'
      : undefined,
  verdict: (stage, { kubelets }) => [
    ...kubelets.severed.map((pod) => `connections of ${pod} were cut`),
    ...rolledOut(stage),
  ],
};

const killPod: Episode<NoPrograms> = [
  {
    what: 'a pod is deleted by hand',
    act: async (stage) => {
      const [pod] = stage.objects(Pod);
      if (pod !== undefined) await deleteByHand(stage, Pod, pod.metadata.name);
    },
  },
];

function byHandOnReplicaSet(what: 'delete' | 'scale'): Episode<NoPrograms> {
  return [
    {
      what: `${what} a ReplicaSet by hand`,
      act: async (stage) => {
        const name = stage.objects(ReplicaSet).find(({ spec }) => spec?.replicas !== 0)?.metadata.name;
        if (name === undefined) return;
        if (what === 'delete') await deleteByHand(stage, ReplicaSet, name);
        else await patchByHand(stage, ReplicaSet, name, { spec: { replicas: 6 } });
      },
    },
  ];
}

/** Pods end by their ReplicaSet, and go when their drain is counted. */
function forbiddenOnPod({ isOperator, resource, before, after, key }: Write, stage: Stage): string | undefined {
  if (!isOperator || resource.plural !== Pod.plural) return undefined;
  const phase = (before as Pod | undefined)?.status?.phase;
  const ended = phase === 'Succeeded' || phase === 'Failed' || before?.metadata.deletionGracePeriodSeconds === 0;
  if (!ended) return 'the pod has not ended';
  const lets = (before?.metadata.finalizers?.length ?? 0) > (after?.metadata.finalizers?.length ?? 0);
  const app = stage.find(AppDeployment, subjectKey);
  if (!lets || app === undefined) return undefined;
  const entries = app.status?.revisions?.flatMap(({ draining = [] }) => draining) ?? [];
  const counted = entries.some((entry) => entry.pod === key.name && entry.connections !== undefined);
  return counted ? undefined : 'it was let go before its drain was counted';
}

/** With the app its Services go, and the endpoints of pods that still drain. */
function goneTooEarly({ resource, after }: Write, stage: Stage): string | undefined {
  if (resource.plural !== AppDeployment.plural || after !== undefined) return undefined;
  const left = stage.objects(Pod).length;
  return left === 0 ? undefined : `it is gone before ${left} of its pods`;
}

/** The count of a pod is closed, by one write, when the pod is gone: else it would be counted once more. */
function closedTooEarly({ resource, before, after }: Write, stage: Stage): string | undefined {
  if (resource.plural !== AppDeployment.plural || before === undefined || after === undefined) return undefined;
  const entries = (app: AppDeployment): string[] =>
    app.status?.revisions?.flatMap(({ draining = [] }) => draining.map(({ pod }) => pod)) ?? [];
  const kept = new Set(entries(after as AppDeployment));
  const closed = entries(before as AppDeployment).filter((pod) => !kept.has(pod));
  const there = closed.filter((name) => stage.find(Pod, { ...subjectKey, name }) !== undefined);
  return there.length === 0 ? undefined : `the count of ${there.join(', ')} is closed while it is there`;
}

/** Who takes pods away has asked for the newest spec no longer than this before. */
const mostLagMs = 1_000;

/** A shrunk ReplicaSet may not take the last ready pods: desired less maxUnavailable stay, of the spec there was when it was sent. */
function guardReady(): (write: Write, stage: Stage) => string | undefined {
  const former: { readonly untilMs: number; readonly least: number }[] = [];
  return (write, stage) => {
    const { resource, before, after } = write;
    if (resource.plural === AppDeployment.plural && before !== undefined && after !== undefined) {
      former.push({ untilMs: stage.clock.monotonic(), least: leastReady(before as AppDeployment) });
    }
    const app = stage.find(AppDeployment, subjectKey);
    if (!write.isOperator || app === undefined || app.metadata.deletionTimestamp !== undefined) return undefined;
    const known = former.filter(({ untilMs }) => untilMs >= write.sentAt - mostLagMs);
    return tooFewReady(write, stage, Math.min(leastReady(app), ...known.map(({ least }) => least)));
  };
}

function leastReady({ spec: { replicas, strategy } }: AppDeployment): number {
  return replicas - resolveLimits(replicas, strategy.rolling).maxUnavailable;
}

function tooFewReady({ resource, before, after }: Write, stage: Stage, least: number): string | undefined {
  if (resource.plural !== ReplicaSet.plural || before === undefined) return undefined;
  const size = (object: Write['after']): number => (object as ReplicaSet | undefined)?.spec?.replicas ?? 0;
  if (size(after) >= size(before)) return undefined;
  const pods = stage.objects(Pod).filter((pod) => isActive(pod) && isReady(pod));
  const readyWith = (changed: number): number =>
    stage
      .objects(ReplicaSet)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.uid !== before.metadata.uid)
      .map((set) => Math.min(size(set), pods.filter((pod) => controllerOf(pod)?.uid === set.metadata.uid).length))
      .reduce((sum, count) => sum + count, 0) +
    Math.min(changed, pods.filter((pod) => controllerOf(pod)?.uid === before.metadata.uid).length);
  const left = readyWith(size(after));
  return left < least && left < readyWith(size(before))
    ? `${left} ready pods are left of at least ${least}`
    : undefined;
}

function rolledOut(stage: Stage): string[] {
  const app = stage.find(AppDeployment, subjectKey);
  const pods = stage.objects(Pod);
  if (app === undefined) return pods.length === 0 ? [] : [`${pods.length} pods are left behind`];
  const accepted = app.status?.conditions?.find(({ type }) => type === 'Accepted');
  if (accepted?.status !== 'True' || app.spec.paused) return [];
  const hash = revisionOf(app.spec as AppDeploymentSpec);
  const current = pods.filter((pod) => revisionOfPod(pod) === hash && isReady(pod));
  const wrong: string[] = [];
  if (current.length !== app.spec.replicas) wrong.push(`${current.length} of ${app.spec.replicas} pods are ready`);
  if (pods.length !== current.length) wrong.push(`${pods.length - current.length} pods of old revisions are left`);
  const progressing = app.status?.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason !== 'RolloutComplete') wrong.push(`Progressing says ${progressing?.reason}`);
  return wrong;
}
