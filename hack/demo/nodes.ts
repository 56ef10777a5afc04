import { type KubeClient, Pod } from '@sluice/runtime';
import { run } from '../cluster/command.ts';
import { clusterEnv, clusterName } from '../cluster/env.ts';

/** A node that stands still is started again after so long: the outage is real, and the demo ends in minutes. */
const restartAfterMs = 20_000;
const pollMs = 2000;

export interface NodeWatch {
  /** Nodes that were seen standing still, by name. */
  lost(): readonly string[];
  /** Whether this pod ran on a lost node. A pod never seen counts as lost when any node was. */
  lostPod(name: string | undefined): boolean;
  stop(): Promise<void>;
}

/**
 * Watches the containers that are the cluster's nodes, and where the pods of `namespace` run: so that connections lost
 * with a node can be told from connections lost by us. Nodes that stopped are started again.
 */
export function watchNodes(client: KubeClient, namespace: string, say: (line: string) => void): NodeWatch {
  const stopped = new Map<string, number>();
  const lost = new Set<string>();
  const nodeOfPod = new Map<string, string>();
  let running = true;

  async function observe(): Promise<void> {
    const { items } = await client.list(Pod, { namespace });
    for (const { metadata, spec } of items) if (spec?.nodeName) nodeOfPod.set(metadata.name, spec.nodeName);
    for (const { name, up } of await nodeContainers()) {
      if (up) {
        stopped.delete(name);
        continue;
      }
      if (!lost.has(name)) say(`node ${name} is gone; it will be started again in ${restartAfterMs / 1000} s`);
      lost.add(name);
      const since = stopped.get(name) ?? performance.now();
      stopped.set(name, since);
      if (performance.now() - since >= restartAfterMs) {
        await startContainer(name);
        say(`node ${name} is started again`);
      }
    }
  }

  const loop = (async () => {
    while (running) {
      // A look that fails (the API server is busy, the engine too) is repeated by the next one.
      await observe().catch(() => undefined);
      await new Promise((settle) => setTimeout(settle, pollMs));
    }
    for (const { name, up } of await nodeContainers()) if (!up) await startContainer(name);
  })();

  return {
    lost: () => [...lost],
    lostPod: (name) => {
      const node = name === undefined ? undefined : nodeOfPod.get(name);
      return node === undefined ? lost.size > 0 : lost.has(node);
    },
    stop: () => {
      running = false;
      return loop;
    },
  };
}

async function nodeContainers(): Promise<{ name: string; up: boolean }[]> {
  const { env } = await clusterEnv();
  const filter = ['--filter', `label=io.x-k8s.kind.cluster=${clusterName}`];
  const stdout = await run('docker', ['ps', '-a', ...filter, '--format', '{{.Names}} {{.State}}'], { env });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
    .map(([name = '', state]) => ({ name, up: state === 'running' }));
}

async function startContainer(name: string): Promise<void> {
  const { env } = await clusterEnv();
  await run('docker', ['start', name], { env });
}
