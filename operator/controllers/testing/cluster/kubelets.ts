import { keyOf, Node, Pod, rfc3339 } from '@sluice/runtime';
import { type DrainReport, noConnections } from '../../app-deployment/drain-report.ts';
import { appContainer } from '../../app-deployment/names.ts';
import { about, type Part, type PartInput } from './part.ts';
import { hasEnded, nodeAnswers } from './pod-state.ts';

/** What the kubelet of a pod's node knows of it. */
interface Running {
  readonly readyAt: number;
  /** Set when the deletion was seen. */
  endAt?: number;
  /** Clients that hold a connection when the deletion is seen. */
  readonly connections: number;
}

export interface Kubelets extends Part {
  /** The counts that the drain agent in this pod shows. */
  drainReport(pod: Pod): DrainReport | undefined;
  /** Pods whose clients still had connections when it ended before its drain did. */
  readonly severed: readonly string[];
}

/** An image with this in its name never gets ready. */
export const brokenImage = 'broken';

/** The scheduler and the kubelets: pods get a node, start, drain when they are deleted, end with a report, and are gone. */
export function kubelets({ stage, client, wakeAt }: PartInput): Kubelets {
  const running = new Map<string, Running>();
  const severed: string[] = [];
  let turn = 0;

  const now = (): number => stage.clock.monotonic();
  const wakeIn = (ms: number): number => {
    wakeAt(now() + ms);
    return now() + ms;
  };

  async function schedule(pod: Pod): Promise<void> {
    const nodes = stage.objects(Node).filter(({ metadata }) => nodeAnswers(stage, metadata.name));
    const node = nodes[turn++ % Math.max(1, nodes.length)];
    if (node === undefined) return;
    await client.mergePatch(Pod, keyOf(pod), { spec: { nodeName: node.metadata.name } });
  }

  async function run(pod: Pod, uid: string): Promise<void> {
    const known = running.get(uid);
    if (known === undefined) {
      const broken = pod.spec?.containers.some(({ image }) => image?.includes(brokenImage)) === true;
      const readyAt = broken ? Number.POSITIVE_INFINITY : wakeIn(about(stage, 1_500));
      running.set(uid, { readyAt, connections: Math.floor(stage.random() * 5) });
      return;
    }
    if (now() < known.readyAt || pod.status?.phase === 'Running') return;
    const lastTransitionTime = rfc3339(stage.clock.now());
    const status = {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime }],
      containerStatuses: containersOf(pod, true, { running: { startedAt: lastTransitionTime } }),
    };
    await client.mergePatch(Pod, keyOf(pod), { status }, { subresource: 'status' });
  }

  async function end(pod: Pod, uid: string): Promise<void> {
    const known = running.get(uid) ?? { readyAt: 0, connections: 0 };
    running.set(uid, known);
    const started = pod.status?.phase === 'Running';
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    known.endAt ??= wakeIn(started ? Math.min(graceMs, about(stage, isDrained(pod) ? 8_000 : 500)) : 100);
    if (now() < known.endAt) return;
    if (!hasEnded(pod.status?.phase)) {
      if (started && isDrained(pod) && graceMs === 0 && known.connections > 0) severed.push(pod.metadata.name);
      const message = started && isDrained(pod) ? JSON.stringify(finished(known.connections)) : undefined;
      const ended = { exitCode: 0, finishedAt: rfc3339(stage.clock.now()), ...(message !== undefined && { message }) };
      const state = started ? { terminated: ended } : { waiting: { reason: 'PodInitializing' } };
      const status = {
        phase: started ? 'Succeeded' : 'Failed',
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: rfc3339(stage.clock.now()) }],
        containerStatuses: containersOf(pod, false, state),
      };
      await client.mergePatch(Pod, keyOf(pod), { status }, { subresource: 'status' });
    }
    if (pod.metadata.deletionGracePeriodSeconds === 0) return;
    await client.delete(Pod, keyOf(pod), { preconditions: { uid }, gracePeriodSeconds: 0 });
  }

  return {
    severed,
    drainReport(pod) {
      const known = running.get(pod.metadata.uid ?? '');
      if (known === undefined || pod.metadata.deletionTimestamp === undefined) return undefined;
      const { connections } = known;
      const open = known.endAt !== undefined && now() >= known.endAt - 2_000 ? 0 : connections;
      return { ...finished(connections - open), phase: 'holding', open };
    },
    async sync() {
      for (const pod of stage.objects(Pod)) {
        const { uid = '' } = pod.metadata;
        const node = pod.spec?.nodeName;
        if (node === undefined && pod.metadata.deletionTimestamp === undefined) await schedule(pod);
        else if (node !== undefined && !nodeAnswers(stage, node)) continue;
        else if (pod.metadata.deletionTimestamp !== undefined) await end(pod, uid);
        else if (node !== undefined && !hasEnded(pod.status?.phase)) await run(pod, uid);
      }
    },
  };
}

/** Whether the drain agent holds the pod. */
function isDrained(pod: Pod): boolean {
  return pod.spec?.containers.some(({ lifecycle }) => lifecycle?.preStop !== undefined) === true;
}

function finished(drained: number): DrainReport & { readonly sluiceDrain: 1 } {
  const { closedByApp } = noConnections;
  return { sluiceDrain: 1, phase: 'finished', drained, closedByApp, open: 0, idle: 0, oldestSeconds: 0 };
}

function containersOf(pod: Pod, ready: boolean, state: object) {
  return (pod.spec?.containers ?? [{ name: appContainer }]).map(({ name }) => ({
    name,
    ready,
    restartCount: 0,
    image: '',
    imageID: '',
    state,
  }));
}
