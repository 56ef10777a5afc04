/**
 * What other programs of this repository need to know of the cluster: how to reach it, what to build images on, how to
 * bring images to its nodes. `up` makes the cluster; everything else here rejects with SLUICE_CLUSTER_DOWN before that.
 */
import { attempt, run } from './command.ts';
import { type ClusterEnv, clusterName, environmentFor } from './environment.ts';
import { ClusterError } from './errors.ts';
import { type Layout, layout } from './layout.ts';
import { readState, type State } from './state.ts';

export { type ClusterEnv, clusterName, context } from './environment.ts';
export { up } from './up.ts';

/** How to reach the engine and the cluster. Rejects with SLUICE_CLUSTER_DOWN when `up` was never run. */
export async function clusterEnv(): Promise<ClusterEnv> {
  const { path } = await knownState(layout());
  return environmentFor(path, layout(), process.env);
}

/** The image to build Node programs on: `node:24-slim`, or our own one with the same Node line. */
export async function baseImage(): Promise<string> {
  return (await knownState(layout())).baseImage;
}

/** Reference of an image of somebody else's program, present in the engine. */
export async function systemImage(name: 'prometheus' | 'metrics-server'): Promise<string> {
  const state = await knownState(layout());
  return name === 'prometheus' ? state.prometheusImage : state.metricsServerImage;
}

/** Brings images from the engine to every node of the cluster. Images that all nodes have are left alone. */
export async function loadImages(refs: readonly string[]): Promise<void> {
  const { env } = await clusterEnv();
  const nodes = (await run('kind', ['get', 'nodes', '--name', clusterName], { env })).split('\n').filter(Boolean);
  if (nodes.length === 0) throw new ClusterError('SLUICE_CLUSTER_DOWN', 'there is no cluster: make kind-up makes one');
  const present = await Promise.all(nodes.map((node) => imagesOn(node, env)));
  const absent = refs.filter((ref) => !present.every((images) => images.has(fullName(ref))));
  if (absent.length > 0) await run('kind', ['load', 'docker-image', '--name', clusterName, ...absent], { env });
}

async function imagesOn(node: string, env: NodeJS.ProcessEnv): Promise<Set<string>> {
  const { code, stdout } = await attempt('docker', ['exec', node, 'ctr', '-n', 'k8s.io', 'images', 'ls', '-q'], {
    env,
  });
  return new Set(code === 0 ? stdout.split('\n') : []);
}

/** The name that containerd gives an image: `a/b:1` is `docker.io/a/b:1`, `a:1` is `docker.io/library/a:1`. */
export function fullName(ref: string): string {
  const [first = '', ...rest] = ref.split('/');
  if (rest.length === 0) return `docker.io/library/${ref}`;
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost';
  return isHost ? ref : `docker.io/${ref}`;
}

async function knownState(places: Layout): Promise<State> {
  const state = await readState(places);
  if (state) return state;
  throw new ClusterError('SLUICE_CLUSTER_DOWN', 'there is no cluster yet: make kind-up makes one');
}
