import { resolve } from 'node:path';
import { AppDeployment } from '@sluice/api';
import {
  type Clock,
  CustomResourceDefinition,
  connectKubeconfig,
  KubeApiError,
  type KubeClient,
  Namespace,
  pause,
  systemClock,
} from '@sluice/runtime';
import { clusterEnv, loadImages } from '../hack/cluster/env.ts';
import { buildImages, defaultVersion } from '../hack/images/build.ts';
import type { ImageName } from '../hack/images/sources.ts';
import { type AppManifest, readManifests } from './app-manifests.ts';
import { DeployError } from './errors.ts';
import { rolloutState } from './rollout-line.ts';

export const defaultNamespace = 'sluice-demo';
const fieldManager = 'deploy-apps';
const pollMs = 500;
/** An operator that has not looked at a new spec for so long is not running. */
const operatorMs = 60_000;

export interface DeployOptions {
  /** Names of apps: folders of workloads with an app.yaml. */
  readonly apps: readonly string[];
  /** Version to build and to write into spec.version. Default 1.0.0. */
  readonly version?: string;
  readonly namespace?: string;
  /** kubeconfig context; images are loaded only into this project's own kind cluster, the default. */
  readonly context?: string;
  /** False: return when the resources are applied. */
  readonly wait?: boolean;
  /** Gets one line over all apps, and the line of each app, several times a second while something happens. */
  readonly report?: (line: string, byApp: ReadonlyMap<string, string>) => void;
  /** Stops waiting; the rollouts go on. */
  readonly signal?: AbortSignal;
}

export interface AppOutcome {
  readonly app: string;
  /** Undefined while it runs: after `wait: false` or an abort. */
  readonly succeeded: boolean | undefined;
  readonly line: string;
}

/**
 * Builds what changed, applies the AppDeployments and waits until every one runs the version alone, or cannot. Everything
 * that can fail for a reason outside the cluster fails before the first one is applied. Rejects with DeployError for what
 * the user can mend; a rollout that fails or severs connections is an outcome, not an error.
 */
export async function deployApps(options: DeployOptions): Promise<AppOutcome[]> {
  const { version = defaultVersion, namespace = defaultNamespace, report = () => {} } = options;
  const root = resolve(import.meta.dirname, '..');
  const manifests = await readManifests(root, options.apps);
  const client = await connect(options.context);
  const say = (line: string) => report(line, new Map(manifests.map(({ name }) => [name, line])));
  await requireKind(client);
  const names = manifests.map(({ name }) => name);
  say('building');
  const images = await buildImages(names, { version, report: say });
  say('loading images into the nodes');
  await loadImages(Object.values(images));
  const before = await applyAll(client, manifests, { images, version, namespace });
  if (options.wait === false) {
    return names.map((app) => ({ app, succeeded: undefined, line: `applied ${version}; not waiting` }));
  }
  return follow(systemClock, client, namespace, before, report, options.signal);
}

async function connect(context: string | undefined): Promise<KubeClient> {
  const cluster = await clusterEnv();
  if (context !== undefined && context !== cluster.context) {
    throw new DeployError(
      `images can be loaded into ${cluster.context} only; for context ${context}, push them to a registry and use kubectl apply`,
    );
  }
  try {
    return (await connectKubeconfig({ path: cluster.kubeconfig, context: cluster.context })).client;
  } catch (error) {
    throw new DeployError(`no way into the cluster (${(error as Error).message}); make kind-up writes the kubeconfig`);
  }
}

/** One question that finds out whether the cluster answers and knows the kind. */
async function requireKind(client: KubeClient): Promise<void> {
  const name = `${AppDeployment.plural}.${AppDeployment.group}`;
  let found: CustomResourceDefinition | undefined;
  try {
    found = await client.get(CustomResourceDefinition, { namespace: '', name }, { timeoutMs: 5000 });
  } catch (error) {
    throw new DeployError(`the cluster does not answer (${(error as Error).message}); make kind-up brings it up`);
  }
  if (found === undefined)
    throw new DeployError('the cluster does not know AppDeployment: make deploy installs the operator');
}

interface Target {
  readonly images: Readonly<Partial<Record<ImageName, string>>>;
  readonly version: string;
  readonly namespace: string;
}

/**
 * Asks the API server about every app before it applies the first. Resolves to the startTime of each app's last rollout
 * before this one.
 */
async function applyAll(
  client: KubeClient,
  manifests: readonly AppManifest[],
  target: Target,
): Promise<Map<string, string | undefined>> {
  const { namespace } = target;
  const objects = manifests.map(({ name, object }) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
    spec: { ...object.spec, version: target.version, image: target.images[name] },
  }));
  await ensureNamespace(client, namespace);
  for (const object of objects) await tryOut(client, object, namespace);
  const before = new Map<string, string | undefined>();
  for (const object of objects) {
    const { name } = object.metadata;
    const old = await client.get(AppDeployment, { namespace, name });
    before.set(name, old?.status?.lastRollout?.startTime);
    await client.apply(AppDeployment, object, { fieldManager });
  }
  return before;
}

async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  if ((await client.get(Namespace, { namespace: '', name })) !== undefined) return;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await client.apply(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }, { fieldManager });
}

/** A dry run of a create validates the object; that it exists already is no objection. */
async function tryOut(client: KubeClient, object: AppManifest['object'], namespace: string): Promise<void> {
  const path = `/apis/${object.apiVersion}/namespaces/${namespace}/${AppDeployment.plural}?dryRun=All`;
  try {
    await client.raw('POST', path, object);
  } catch (error) {
    if (error instanceof KubeApiError && error.reason === 'AlreadyExists') return;
    throw new DeployError(`${object.metadata.name}: ${(error as Error).message}`);
  }
}

async function follow(
  clock: Clock,
  client: KubeClient,
  namespace: string,
  before: ReadonlyMap<string, string | undefined>,
  report: NonNullable<DeployOptions['report']>,
  signal: AbortSignal | undefined,
): Promise<AppOutcome[]> {
  const outcomes = new Map<string, AppOutcome>();
  const lines = new Map<string, string>();
  const started = clock.monotonic();
  while (outcomes.size < before.size && signal?.aborted !== true) {
    for (const [name, since] of before) {
      if (outcomes.has(name)) continue;
      const app = await client.get(AppDeployment, { namespace, name });
      if (app === undefined) {
        outcomes.set(name, { app: name, succeeded: false, line: 'somebody has deleted it' });
        continue;
      }
      const state = rolloutState(app, since, clock.now());
      const unseen = (app.status?.observedGeneration ?? 0) < (app.metadata.generation ?? 0);
      lines.set(name, state.line);
      if (state.kind !== 'running') {
        outcomes.set(name, { app: name, succeeded: state.kind === 'succeeded', line: state.line });
      } else if (unseen && clock.monotonic() - started > operatorMs) {
        const line = `the operator has not looked at it for ${operatorMs / 1000} s: is it running?`;
        outcomes.set(name, { app: name, succeeded: false, line });
      }
    }
    report([...lines].map(([name, line]) => `${name}: ${line}`).join('   '), lines);
    // Aborted: the loop ends by itself.
    if (outcomes.size < before.size) await pause(clock, pollMs, signal).catch(() => {});
  }
  return [...before.keys()].map((app) => {
    return outcomes.get(app) ?? { app, succeeded: undefined, line: lines.get(app) ?? 'applied' };
  });
}
