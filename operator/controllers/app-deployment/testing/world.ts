import type { AppDeployment, ConnectionOutcomes } from '@sluice/api';
import { HorizontalPodAutoscaler, type KubeObject, Pod, ReplicaSet, rfc3339, Service } from '@sluice/runtime';
import type { DrainReport } from '../drain-report.ts';
import { appContainer, revisionLabel } from '../names.ts';
import type { Observed } from '../observe.ts';
import { type AppPlan, plan } from '../plan.ts';
import { isReady, podState, revisionOfPod } from '../pods.ts';
import { sampleApp } from './samples.ts';

/** How a pod of some version behaves in the simulation. */
export interface Behaviour {
  /** Never becomes ready. */
  readonly broken: boolean;
  /** Connections open when it is deleted. */
  readonly connections: number;
}

/**
 * A cluster in memory with one AppDeployment: the ReplicaSet controller, the kubelets and the user move one step at a
 * time, in any order, and so does the operator, whose caches may be a step behind.
 */
export class World {
  app: AppDeployment;
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  replicaSets = new Map<string, ReplicaSet>();
  pods = new Map<string, Pod>();
  services = new Map<string, Service>();
  autoscalers = new Map<string, HorizontalPodAutoscaler>();
  readonly lostNodes = new Set<string>();
  /** What ended pods had reported, by pod: what the status must come to. */
  readonly ended = new Map<string, ConnectionOutcomes>();
  behaviour: (version: string) => Behaviour;
  private readonly deadlines = new Map<string, number>();
  private serial = 0;
  private stale: Observed | undefined;

  constructor(behaviour: (version: string) => Behaviour, spec: Partial<AppDeployment['spec']> = {}) {
    this.behaviour = behaviour;
    this.app = sampleApp(spec);
  }

  edit(spec: Partial<AppDeployment['spec']>): void {
    const generation = (this.app.metadata.generation ?? 0) + 1;
    this.app = { ...this.app, metadata: { ...this.app.metadata, generation }, spec: { ...this.app.spec, ...spec } };
  }

  tick(seconds: number): void {
    this.nowMs += seconds * 1000;
  }

  live(): Pod[] {
    return [...this.pods.values()].filter((pod) => podState(pod, this.nowMs, this.lostNodes) === 'live');
  }

  ready(): number {
    return this.live().filter(isReady).length;
  }

  draining(): Pod[] {
    return [...this.pods.values()].filter((pod) => podState(pod, this.nowMs, this.lostNodes) === 'draining');
  }

  observe(): Observed {
    return structuredClone({
      app: this.app,
      replicaSets: [...this.replicaSets.values()],
      pods: [...this.pods.values()],
      services: [...this.services.values()],
      autoscalers: [...this.autoscalers.values()],
      live: new Map<string, DrainReport>(),
      lostNodes: this.lostNodes,
      drainImage: 'sluice/drain:1',
    });
  }

  /** The operator looks; what it sees may be acted on later, by `act`. */
  look(): void {
    this.stale = this.observe();
  }

  /**
   * One reconcile from what was last looked at, which is never older than the operator's own writes: the runtime sees to
   * that. `crashAfter`: the operator dies after so many writes.
   */
  act(crashAfter = Number.POSITIVE_INFINITY): AppPlan {
    const made = plan(this.stale ?? this.observe(), this.nowMs);
    this.stale = undefined;
    const writes: (() => void)[] = [
      ...made.apply.map(
        ({ object }) =>
          () =>
            this.apply(object),
      ),
      ...made.delete.map((one) => () => this.delete(one.object, one.gracePeriodSeconds)),
      () => this.write(made),
      ...made.release.map((pod) => () => this.release(pod)),
    ];
    for (const write of writes.slice(0, crashAfter)) write();
    return made;
  }

  private write(made: AppPlan): void {
    if (made.status !== undefined) this.app = { ...this.app, status: structuredClone(made.status) };
    if (made.finalizer === false && this.app.metadata.deletionTimestamp !== undefined) this.services.clear();
  }

  private apply(object: KubeObject): void {
    const { name } = object.metadata;
    if (object.kind === 'Service') this.services.set(name, this.stored<Service>(object, this.services.get(name)));
    if (object.kind === 'HorizontalPodAutoscaler') {
      this.autoscalers.set(name, this.stored<HorizontalPodAutoscaler>(object, this.autoscalers.get(name)));
    }
    if (object.kind === 'ReplicaSet') {
      this.replicaSets.set(name, this.stored<ReplicaSet>(object, this.replicaSets.get(name)));
    }
  }

  private stored<T extends KubeObject>(object: KubeObject, before: T | undefined): T {
    this.serial += 1;
    const metadata = {
      creationTimestamp: before?.metadata.creationTimestamp ?? rfc3339(this.nowMs),
      ...object.metadata,
      uid: before?.metadata.uid ?? `uid-${this.serial}`,
      resourceVersion: String(this.serial),
    };
    // An equal object is not written: its version stays.
    const same =
      before !== undefined &&
      JSON.stringify({ ...before, metadata: undefined }) === JSON.stringify({ ...object, metadata: undefined });
    return same ? before : (structuredClone({ ...object, metadata }) as T);
  }

  private delete({ kind, metadata: { name, uid } }: KubeObject, grace?: number): void {
    if (kind === Pod.kind) {
      const pod = this.pods.get(name);
      if (pod?.metadata.uid === uid) this.beginDeletion(name, grace);
    }
    for (const [resource, store] of [
      [ReplicaSet, this.replicaSets],
      [Service, this.services],
      [HorizontalPodAutoscaler, this.autoscalers],
    ] as const) {
      if (resource.kind === kind && store.get(name)?.metadata.uid === uid) store.delete(name);
    }
  }

  private beginDeletion(name: string, grace?: number): void {
    const pod = this.pods.get(name);
    if (pod === undefined) return;
    const full = pod.spec?.terminationGracePeriodSeconds ?? 30;
    const started = this.deadlines.get(name) ?? this.nowMs;
    const seconds = Math.min(pod.metadata.deletionGracePeriodSeconds ?? full, grace ?? full);
    const { metadata } = pod;
    this.deadlines.set(name, started);
    metadata.deletionTimestamp = rfc3339(started + seconds * 1000);
    metadata.deletionGracePeriodSeconds = seconds;
    metadata.resourceVersion = String(++this.serial);
  }

  private release({ metadata: { name } }: Pod): void {
    this.pods.delete(name);
  }

  /** The ReplicaSet controller: makes what is missing, deletes what is too much, the least ready first. */
  replicaSetController(): void {
    for (const replicaSet of this.replicaSets.values()) {
      const revision = replicaSet.metadata.labels?.[revisionLabel] ?? '';
      const own = this.live().filter((pod) => revisionOfPod(pod) === revision);
      const wanted = replicaSet.spec?.replicas ?? 0;
      for (let missing = wanted - own.length; missing > 0; missing -= 1) this.create(replicaSet);
      const leastReady = own.sort((a, b) => Number(isReady(a)) - Number(isReady(b)));
      for (const pod of leastReady.slice(0, Math.max(0, own.length - wanted))) this.beginDeletion(pod.metadata.name);
    }
    const kept = new Set([...this.replicaSets.values()].map(({ metadata }) => metadata.labels?.[revisionLabel]));
    for (const pod of this.live()) if (!kept.has(revisionOfPod(pod))) this.beginDeletion(pod.metadata.name);
  }

  private create(replicaSet: ReplicaSet): void {
    this.serial += 1;
    const name = `${replicaSet.metadata.name}-${this.serial}`;
    const template = structuredClone(replicaSet.spec?.template);
    const metadata = { ...template?.metadata, name, uid: `uid-${this.serial}`, resourceVersion: String(this.serial) };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template?.spec, status: { phase: 'Pending' } };
    this.pods.set(name, pod as unknown as Pod);
  }

  /** One pod's kubelet: starts it, or ends it when it drains. */
  kubelet(name: string): void {
    const pod = this.pods.get(name);
    if (pod === undefined || podState(pod, this.nowMs, this.lostNodes) === 'ended') return;
    const { broken, connections } = this.behaviour(pod.metadata.labels?.['app.kubernetes.io/version'] ?? '');
    if (pod.metadata.deletionTimestamp === undefined) {
      if (!broken && !isReady(pod)) pod.status = running(this.nowMs);
      return;
    }
    const report = {
      sluiceDrain: 1,
      phase: 'finished',
      drained: connections,
      closedByApp: 0,
      open: 0,
      idle: 0,
      oldestSeconds: 0,
    };
    const wasRunning = isReady(pod);
    pod.status = ended(this.nowMs, wasRunning ? JSON.stringify(report) : undefined);
    this.ended.set(name, {
      drained: wasRunning ? connections : 0,
      closedByApp: 0,
      severedByDeadline: 0,
      severedByNode: 0,
      unknown: 0,
      podsWithoutReport: 0,
    });
  }
}

function running(nowMs: number): NonNullable<Pod['status']> {
  return {
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: rfc3339(nowMs) }],
    containerStatuses: [
      { name: appContainer, ready: true, restartCount: 0, image: '', imageID: '', state: { running: {} } },
    ],
  };
}

function ended(nowMs: number, message: string | undefined): NonNullable<Pod['status']> {
  const terminated = { exitCode: 0, finishedAt: rfc3339(nowMs), ...(message === undefined ? {} : { message }) };
  const state = message === undefined ? { waiting: { reason: 'PodInitializing' } } : { terminated };
  return {
    phase: 'Failed',
    containerStatuses: [{ name: appContainer, ready: false, restartCount: 0, image: '', imageID: '', state }],
  };
}
