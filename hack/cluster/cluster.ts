import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../operator/runtime/clock.ts';
import { attempt, run } from './command.ts';
import { type ClusterEnv, clusterName, context as contextName } from './environment.ts';
import { ClusterError } from './errors.ts';
import { writeWhole } from './files.ts';
import { hostPorts, kindConfig, nodeNames } from './kind-config.ts';
import type { Layout } from './layout.ts';
import { checkPortsFree } from './ports.ts';
import type { Step, StepContext } from './steps.ts';
import { until } from './wait.ts';

interface Node {
  readonly name: string;
  /** Of the container. */
  readonly id: string;
  /** What the container was made from; an id when that name is another image's now. */
  readonly image: string;
  readonly running: boolean;
}

/** What is there of the cluster. */
export interface Observed {
  readonly nodes: readonly Node[];
  /** The containers are those of a creation that came to its end. */
  readonly finished: boolean;
  /** Names of the nodes that the API server calls ready; undefined when it does not answer. */
  readonly ready: ReadonlySet<string> | undefined;
}

/** What to do next. `start`: begin the containers that stand still. `wait`: everything runs, it only needs time. */
export type Action = 'none' | 'create' | 'replace' | 'start' | 'wait';

/** The way from what is there to a cluster of the wanted nodes. */
export function nextAction({ nodes, finished, ready }: Observed, wanted: readonly string[]): Action {
  if (nodes.length === 0) return 'create';
  const names = new Set(nodes.map(({ name }) => name));
  if (names.size !== wanted.length || !wanted.every((name) => names.has(name))) return 'replace';
  if (nodes.some(({ running }) => !running)) return finished ? 'start' : 'replace';
  if (ready !== undefined && wanted.every((name) => ready.has(name))) return 'none';
  return finished ? 'wait' : 'replace';
}

const readyLimitMs = 150_000;
const systemPodsLimit = '150s';

/** Makes the cluster, or mends it; done while all its nodes are ready. */
export function clusterStep(places: Layout, how: ClusterEnv, nodeImage: string, after: readonly string[]): Step {
  return {
    name: 'cluster',
    version: '',
    inputs: [kindConfig()],
    after,
    outputs: [],
    present: async () => nextAction(await observe(places, how), nodeNames(clusterName)) === 'none',
    lane: 'fetch',
    run: (context) => bringUp(systemClock, places, how, nodeImage, context),
  };
}

async function bringUp(
  clock: Clock,
  places: Layout,
  how: ClusterEnv,
  nodeImage: string,
  context: StepContext,
): Promise<void> {
  const wanted = nodeNames(clusterName);
  const { env } = how;
  const { log, signal } = context;
  let action = nextAction(await observe(places, how), wanted);
  if (action === 'start' || action === 'wait') {
    // The user's kubeconfig may be another one than when the cluster was made.
    await attempt('kind', ['export', 'kubeconfig', '--name', clusterName], { env, log, signal });
    const begun = new Date();
    if (action === 'start') await startNodes(how, context);
    const settled = async (): Promise<boolean> => nextAction(await observe(places, how, begun), wanted) === 'none';
    action = (await until(clock, { limitMs: readyLimitMs, everyMs: 500 }, settled)) ? 'none' : 'replace';
  }
  if (action === 'replace') {
    await deleteCluster(how, context);
    action = 'create';
  }
  if (action === 'create') await create(places, how, nodeImage, context);
  await waitForSystemPods(how, context);
}

async function create(places: Layout, how: ClusterEnv, nodeImage: string, { log, signal }: StepContext): Promise<void> {
  checkPortsFree(hostPorts);
  const config = join(places.root, 'kind.yaml');
  await writeWhole(config, kindConfig());
  const flags = ['--name', clusterName, '--image', nodeImage, '--config', config, '--wait', '180s'];
  await run('kind', ['create', 'cluster', ...flags], { env: how.env, log, signal });
  const { nodes } = await observe(places, how);
  await writeWhole(finishedFile(places), nodes.map(({ id }) => id).join('\n'));
}

export async function deleteCluster({ env }: ClusterEnv, { log, signal }: Partial<StepContext>): Promise<void> {
  const options = { env, ...(log && { log }), ...(signal && { signal }) };
  await run('kind', ['delete', 'cluster', '--name', clusterName], options);
}

/** Starts the control plane first and the workers in their order, so that each is likely to get its old address. */
async function startNodes({ env }: ClusterEnv, { log, signal }: StepContext): Promise<void> {
  for (const name of nodeNames(clusterName)) {
    const { code, stderr } = await attempt('docker', ['start', name], { env, log, signal });
    if (code === 0) continue;
    checkPortsFree(hostPorts);
    throw new ClusterError('SLUICE_CLUSTER_BROKEN', `node ${name} does not start: ${stderr.trim().slice(-300)}`);
  }
}

async function waitForSystemPods({ env }: ClusterEnv, { log, signal }: StepContext): Promise<void> {
  for (const namespace of ['kube-system', 'local-path-storage']) {
    const what = ['deployment', '--all', '--for=condition=Available', `--namespace=${namespace}`];
    await run('kubectl', ['--context', contextName, 'wait', ...what, `--timeout=${systemPodsLimit}`], {
      env,
      log,
      signal,
    });
  }
}

/**
 * Looks at the containers and asks the API server. With `since`, a node counts as ready only when its kubelet has been
 * heard after that: for some 40 s after its end a node still has the condition it had.
 */
export async function observe(places: Layout, { env }: ClusterEnv, since?: Date): Promise<Observed> {
  const format = '{{.Names}} {{.ID}} {{.Image}} {{.State}}';
  const filter = `label=io.x-k8s.kind.cluster=${clusterName}`;
  const list = await run('docker', ['ps', '--all', '--no-trunc', '--filter', filter, '--format', format], { env });
  const nodes = list
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', id = '', image = '', state = ''] = line.split(' ');
      return { name, id, image, running: state === 'running' };
    });
  const ids = await readFile(finishedFile(places), 'utf8').catch(() => '');
  const finished = nodes.length > 0 && nodes.every(({ id }) => ids.includes(id));
  return { nodes, finished, ready: nodes.some(({ running }) => running) ? await readyNodes(env, since) : undefined };
}

async function readyNodes(env: NodeJS.ProcessEnv, since: Date | undefined): Promise<ReadonlySet<string> | undefined> {
  const statuses = await query(env, ['nodes'], '{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}');
  const ready = statuses?.filter(([, status]) => status === 'True').map(([name = '']) => name);
  if (ready === undefined || since === undefined) return ready && new Set(ready);
  const leases = await query(env, ['leases', '--namespace=kube-node-lease'], '{.metadata.name} {.spec.renewTime}');
  const heard = leases?.filter(([, time = '']) => new Date(time) > since).map(([name = '']) => name);
  return heard && new Set(ready.filter((name) => heard.includes(name)));
}

/** Words of one line per object; undefined when the API server does not answer. */
async function query(
  env: NodeJS.ProcessEnv,
  what: readonly string[],
  template: string,
): Promise<string[][] | undefined> {
  const output = `jsonpath={range .items[*]}${template}{"\\n"}{end}`;
  const question = ['--context', contextName, 'get', ...what, '--request-timeout=3s', '--output', output];
  const { code, stdout } = await attempt('kubectl', question, { env, timeoutMs: 5000 });
  if (code !== 0) return undefined;
  return stdout.split('\n').map((line) => line.split(' '));
}

/** Ids of the containers of the last creation that came to its end. */
function finishedFile({ root }: Layout): string {
  return join(root, 'nodes');
}
