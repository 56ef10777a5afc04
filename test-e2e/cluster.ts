/**
 * What every suite here starts from: the kind cluster is up, the operator of this checkout runs in it, and each test has
 * a namespace of its own that enforces Pod Security `restricted`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connectKubeconfig, type KubeClient, Pod, systemClock } from '@sluice/runtime';
import { run } from '../hack/cluster/command.ts';
import { clusterEnv, up } from '../hack/cluster/env.ts';
import { type Kubectl, kubectlFor } from '../hack/deploy/kubectl.ts';
import { installOperator, type OperatorRefs, operatorImages } from '../hack/deploy/operator.ts';
import { createScreen, during } from '../hack/screen/screen.ts';

const marker = resolve(import.meta.dirname, '../.cache/e2e/deployed.json');

export interface Cluster {
  readonly client: KubeClient;
  readonly kubectl: Kubectl;
  /** Images of this checkout, loaded into the nodes. */
  readonly images: OperatorRefs;
}

let connected: Promise<Cluster> | undefined;

/** Call it in `beforeAll`. The first caller of a test run brings everything up; the next ones find it there. */
export function useCluster(): Promise<Cluster> {
  connected ??= connect();
  return connected;
}

async function connect(): Promise<Cluster> {
  const images = deployedByThisRun() ?? (await deploy());
  const { kubeconfig, context } = await clusterEnv();
  return { client: (await connectKubeconfig({ path: kubeconfig, context })).client, kubectl: kubectlFor(), images };
}

/** Test files run in processes of their own, all children of one vitest: its id tells this run from an earlier one. */
function deployedByThisRun(): OperatorRefs | undefined {
  try {
    const { run, images } = JSON.parse(readFileSync(marker, 'utf8')) as { run: number; images: OperatorRefs };
    return run === process.ppid ? images : undefined;
  } catch {
    return undefined;
  }
}

async function deploy(): Promise<OperatorRefs> {
  const screen = createScreen(systemClock, process.stderr);
  await during(screen, 'cluster', (step) => up((line) => step.update(line)));
  const images = await during(screen, 'images', (step) => operatorImages(step, { load: true }));
  await during(screen, 'operator', (step) => installOperator(kubectlFor(), images, step));
  mkdirSync(join(marker, '..'), { recursive: true });
  writeFileSync(marker, JSON.stringify({ run: process.ppid, images }));
  return images;
}

/**
 * Runs `body` in a new namespace that refuses pods which are not `restricted`, and deletes it afterwards. When `body`
 * fails, the state of the namespace goes to standard error first.
 */
export async function withNamespace(cluster: Cluster, body: (namespace: string) => Promise<void>): Promise<void> {
  const { kubectl } = cluster;
  const namespace = `e2e-${randomBytes(4).toString('hex')}`;
  await kubectl('create', 'namespace', namespace);
  await kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
  try {
    await body(namespace);
  } catch (error) {
    console.error(await describeNamespace(kubectl, namespace));
    // Its node ports are the next test's too.
    await kubectl('delete', 'services', '--all', '-n', namespace).catch(() => undefined);
    await kubectl('delete', 'namespace', namespace, '--wait=false').catch(() => undefined);
    throw error;
  }
  // Resources first: the namespace controller, once it has deleted a pod, waits for half of its grace period.
  await kubectl('delete', 'appd,seqc,ob', '--all', '-n', namespace, '--timeout=120s');
  await kubectl('delete', 'namespace', namespace, '--timeout=120s');
}

/** Pods, resources, events and the last lines of every container, for a failed test. */
export async function describeNamespace(kubectl: Kubectl, namespace: string): Promise<string> {
  const say = (...args: string[]): Promise<string> => kubectl(...args).catch((error: Error) => error.message);
  const inNamespace = ['-n', namespace];
  const names = await say('get', 'pods', ...inNamespace, '-o', 'name');
  const pods = names.split('\n').filter((name) => name.startsWith('pod/'));
  const parts = [
    await say('get', 'appd,seqc,ob,pods', '-o', 'wide', ...inNamespace),
    await say('get', 'appd,seqc,ob', '-o', 'yaml', ...inNamespace),
    await say('get', 'events', '--sort-by=.lastTimestamp', ...inNamespace),
  ];
  for (const pod of pods)
    parts.push(`${pod}:\n${await say('logs', pod, '--all-containers', '--tail=30', ...inNamespace)}`);
  parts.push(
    `operator:\n${await say('logs', '-n', 'sluice-system', '-l', 'app.kubernetes.io/name=sluice-operator', '--tail=60')}`,
  );
  return parts.join('\n');
}

/**
 * Polls `read` until it gives something other than undefined and false, and resolves to that. `read` may throw while
 * things are not there yet; its last error is part of the message after the deadline.
 */
export async function waitFor<T>(
  what: string,
  read: () => Promise<T | undefined | false>,
  deadlineMs = 120_000,
  pollMs = 250,
): Promise<T> {
  const until = performance.now() + deadlineMs;
  let last = '';
  for (;;) {
    try {
      const value = await read();
      if (value !== undefined && value !== false) return value;
      last = '';
    } catch (error) {
      last = ` (${(error as Error).message})`;
    }
    if (performance.now() > until) throw new Error(`not within ${deadlineMs / 1000} s: ${what}${last}`);
    await new Promise((settle) => setTimeout(settle, pollMs));
  }
}

/** The condition of this type as the resource has it, if its controller has seen the newest spec. */
export function conditionOf(
  object: { metadata: { generation?: number }; status?: { conditions?: readonly Condition[] } } | undefined,
  type: string,
): Condition | undefined {
  const condition = object?.status?.conditions?.find((one) => one.type === type);
  return condition?.observedGeneration === object?.metadata.generation ? condition : undefined;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/**
 * kill -9 of a container's first process, from its node: nothing in the pod runs any more code, and the kubelet starts
 * the container again.
 */
export async function killContainer(
  cluster: Cluster,
  namespace: string,
  name: string,
  container?: string,
): Promise<void> {
  const pod = await cluster.client.get(Pod, { namespace, name });
  const status = pod?.status?.containerStatuses?.find((one) => container === undefined || one.name === container);
  const id = status?.containerID?.replace('containerd://', '');
  const node = pod?.spec?.nodeName;
  if (id === undefined || node === undefined)
    throw new Error(`pod ${name} has no running container ${container ?? ''}`);
  const { env } = await clusterEnv();
  await run('docker', ['exec', node, 'ctr', '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id], { env });
}

export interface Forwarded {
  /** `http://127.0.0.1:<free port>` */
  readonly url: string;
  stop(): void;
}

/** A tunnel to a port of a pod or Service (`svc/spot`), open until `stop`. Breaks when its pod goes. */
export async function portForward(namespace: string, target: string, port: number): Promise<Forwarded> {
  const { env } = await clusterEnv();
  const args = ['--context', 'kind-sluice', '-n', namespace, 'port-forward', target, `:${port}`];
  const child = spawn('kubectl', args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const localPort = await forwardedPort(child);
  return { url: `http://127.0.0.1:${localPort}`, stop: () => child.kill() };
}

function forwardedPort(child: ChildProcess): Promise<string> {
  return new Promise((settle, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    child.stdout?.on('data', (chunk) => {
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(String(chunk)) ?? [];
      if (port !== undefined) settle(port);
    });
    child.once('exit', () => reject(new Error(`kubectl port-forward ended: ${said.trim()}`)));
  });
}
