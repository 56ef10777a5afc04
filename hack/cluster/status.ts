import { observe } from './cluster.ts';
import { answers } from './engine.ts';
import { context, environmentFor } from './environment.ts';
import { hostPorts } from './kind-config.ts';
import { layout } from './layout.ts';
import { readState } from './state.ts';

/** What is up and where it lives, in lines for a person. */
export async function statusLines(): Promise<string[]> {
  const places = layout();
  const state = await readState(places);
  if (state === undefined) return ['there is no cluster: make kind-up makes one', `files      ${places.root}`];
  const { path } = state;
  const how = environmentFor(path, places, process.env);
  const engine = path.engine === 'private' ? `private, ${places.engineSocket}` : 'the Docker that runs here';
  const runs = await answers(how.env);
  const lines = [
    `engine     ${engine}${runs ? '' : ' (does not answer)'}`,
    `images     ${path.images}; nodes from ${state.nodeImage}`,
    `context    ${context} in ${how.kubeconfig}`,
    `ports      127.0.0.1:${hostPorts.at(0)}-${hostPorts.at(-1)}`,
    `files      ${places.root}`,
  ];
  if (!runs) return lines;
  const { nodes, ready } = await observe(places, how);
  if (nodes.length === 0) return [...lines, 'nodes      none'];
  const words = (name: string, running: boolean): string =>
    running ? (ready?.has(name) ? 'ready' : 'not ready') : 'stopped';
  const name = (image: string): string | undefined => image.split('@')[0];
  const old = nodes.some(({ image }) => name(image) !== name(state.nodeImage));
  return [
    ...lines,
    ...nodes.map(({ name, running }) => `node       ${name}: ${words(name, running)}`).sort(),
    ...(old ? ['the nodes were made from an older node image: make kind-down kind-up renews them'] : []),
  ];
}
