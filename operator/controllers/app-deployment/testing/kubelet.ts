import { type KubeClient, Node, Pod, rfc3339 } from '@sluice/runtime';
import { appContainer } from '../names.ts';

/** What the test decides about pods; both may change at any time. */
export interface KubeletBehaviour {
  /** Becomes ready. Default: every pod. */
  readonly starts?: (pod: Pod) => boolean;
  /** How a pod that is being deleted ends: its termination message, or undefined while it is held. */
  readonly ends?: (pod: Pod) => string | undefined;
}

const pollMs = 100;

/**
 * Plays the scheduler and the kubelets of one node on an API server that has none: binds, starts and ends the pods of a
 * namespace. Returns a function that stops it.
 */
export async function playKubelet(
  client: KubeClient,
  namespace: string,
  { starts = () => true, ends = () => drainReport(0) }: KubeletBehaviour = {},
): Promise<() => Promise<void>> {
  const stop = new AbortController();
  const node = `node-of-${namespace}`;
  await client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata: { name: node } });
  const done = (async () => {
    while (!stop.signal.aborted) {
      await heartbeat(client, node);
      const { items } = await client.list(Pod, { namespace });
      // A pod may change or go between the list and our write; the next round sees it anew.
      await Promise.all(items.map((pod) => step(client, pod, node, starts, ends).catch(() => undefined)));
      await new Promise((settle) => setTimeout(settle, pollMs));
    }
  })();
  return async () => {
    stop.abort();
    await done;
  };
}

/** The message of an agent that held `drained` connections to their end. */
export function drainReport(drained: number): string {
  return JSON.stringify({
    sluiceDrain: 1,
    phase: 'finished',
    drained,
    closedByApp: 0,
    open: 0,
    idle: 0,
    oldestSeconds: 0,
  });
}

async function heartbeat(client: KubeClient, name: string): Promise<void> {
  const now = rfc3339(Date.now());
  const condition = { type: 'Ready', status: 'True', reason: 'Played', message: '' };
  const conditions = [{ ...condition, lastHeartbeatTime: now, lastTransitionTime: now }];
  await client.mergePatch(Node, { namespace: '', name }, { status: { conditions } }, { subresource: 'status' });
}

async function step(
  client: KubeClient,
  pod: Pod,
  node: string,
  starts: (pod: Pod) => boolean,
  ends: (pod: Pod) => string | undefined,
): Promise<void> {
  const { name, namespace = '', deletionTimestamp, deletionGracePeriodSeconds, uid = '' } = pod.metadata;
  const key = { namespace, name };
  if (deletionTimestamp !== undefined) {
    if (deletionGracePeriodSeconds === 0) return;
    const message = ends(pod);
    if (message === undefined) return;
    const terminated = { exitCode: 0, message, finishedAt: rfc3339(Date.now()) };
    await patchStatus(client, pod, { phase: 'Succeeded', ...statusWith('False', { terminated }) });
    await client.delete(Pod, key, { preconditions: { uid }, gracePeriodSeconds: 0 });
    return;
  }
  if (pod.spec?.nodeName === undefined) {
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
    await client.raw('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, binding);
  } else if (pod.status?.phase !== 'Running' && starts(pod)) {
    await patchStatus(client, pod, {
      phase: 'Running',
      ...statusWith('True', { running: { startedAt: rfc3339(Date.now()) } }),
    });
  }
}

function statusWith(ready: 'True' | 'False', state: object) {
  return {
    conditions: [{ type: 'Ready', status: ready, lastTransitionTime: rfc3339(Date.now()) }],
    containerStatuses: [
      { name: appContainer, ready: ready === 'True', restartCount: 0, image: 'i', imageID: 'i', state },
    ],
  };
}

async function patchStatus(client: KubeClient, { metadata }: Pod, status: object): Promise<void> {
  const key = { namespace: metadata.namespace ?? '', name: metadata.name };
  await client.mergePatch(Pod, key, { status }, { subresource: 'status' });
}
