import { systemClock } from '../../operator/runtime/clock.ts';
import { nodeBaseImage, prometheusImage } from './base-images.ts';
import { choosePath } from './choose-path.ts';
import { clusterStep } from './cluster.ts';
import { attempt } from './command.ts';
import { answers, enginePackagesStep, engineStep, runningEngineStep } from './engine.ts';
import { type ClusterEnv, context, environmentFor } from './environment.ts';
import { goPrograms, goStep } from './go-programs.ts';
import { type Layout, layout } from './layout.ts';
import { takeLock } from './lock.ts';
import { metricsServerManifests, metricsServerStep } from './metrics-server.ts';
import { builtNodeImage, nodeImageStep } from './node-image.ts';
import { nodeRootfsStep } from './node-rootfs.ts';
import { createProgress, duration, lineOutput, type Output, type Progress } from './progress.ts';
import { canHave, kubectlStep, publishedImages, pullStep } from './published-images.ts';
import { checkGo, checkMachine, thisMachine } from './requirements.ts';
import { type Path, readState, type State, writeState } from './state.ts';
import { runSteps, type Step, stepsToDo } from './steps.ts';
import { ownImages } from './system-images.ts';

const lockWaitMs = 30 * 60_000;

/**
 * Brings the cluster up, or mends it; does nothing when it is up and well. `report` gets one line per step.
 * Rejects with a ClusterError whose message says in a sentence what is missing.
 */
export async function up(report: (line: string) => void): Promise<void> {
  await bringUp(lineOutput(report), new AbortController().signal);
}

export async function bringUp(output: Output, signal: AbortSignal): Promise<void> {
  const places = layout();
  const progress = createProgress(systemClock, output);
  const begun = systemClock.monotonic();
  const release = await takeLock(systemClock, {
    path: places.lock,
    doing: 'bringing the cluster up',
    waitMs: lockWaitMs,
    report: progress.line,
  });
  try {
    const known = await readState(places);
    const path = await findPath(known, places, progress);
    const plan = await planFor(path, places);
    const todo = await stepsToDo(plan.steps, places.stamps);
    if (todo.length > 0 || known === undefined) {
      checkMachine(path, await thisMachine(places), places, known !== undefined);
      if (todo.some(({ lane }) => lane === 'compile')) await checkGo();
      await runSteps(systemClock, plan.steps, { stamps: places.stamps, logs: places.logs, progress, signal });
      await writeState(places, plan.state);
    }
    const seconds = (systemClock.monotonic() - begun) / 1000;
    progress.line(`the cluster is up: context ${context} (${duration(seconds)})`);
  } finally {
    progress.end();
    await release();
  }
}

/**
 * The path of the cluster that is there, or a new choice. A private engine that is down is not started beside a Docker
 * that the user has begun to use meanwhile: its start would flush the other's network rules.
 */
async function findPath(known: State | undefined, places: Layout, progress: Progress): Promise<Path> {
  const mine = known?.path.engine === 'private';
  if (mine && (await answers(environmentFor(known.path, places, process.env).env))) return known.path;
  const env = userEnvironment(places);
  const docker = await answers(env);
  const stays = mine ? !docker : docker;
  if (known !== undefined && stays) return known.path;
  if (docker) progress.line('Docker answers; asking for the published images');
  const { node, base } = publishedImages;
  const images = docker && (await canHave(systemClock, node, env)) && (await canHave(systemClock, base, env));
  const path = choosePath({ docker, images });
  const engine = path.engine === 'running' ? 'the Docker that runs here' : 'a private one';
  progress.line(`container engine: ${engine}; images: ${path.images}`);
  return path;
}

/** The environment without what `make kind-env` put into it, so that Docker means the user's own. */
function userEnvironment(places: Layout): NodeJS.ProcessEnv {
  const env = environmentFor({ engine: 'running', images: 'pulled' }, places, process.env).env;
  if (env.DOCKER_HOST === `unix://${places.engineSocket}`) delete env.DOCKER_HOST;
  return env;
}

interface Plan {
  readonly steps: readonly Step[];
  /** What holds when all steps are done. */
  readonly state: State;
}

async function planFor(path: Path, places: Layout): Promise<Plan> {
  const base = path.engine === 'private' ? process.env : userEnvironment(places);
  const how = environmentFor(path, places, base);
  return path.images === 'built' ? builtPlan(path, places, how) : pulledPlan(path, places, how);
}

async function builtPlan(path: Path, places: Layout, how: ClusterEnv): Promise<Plan> {
  const { env } = how;
  const node = nodeBaseImage(places, env);
  const prometheus = prometheusImage(places, env);
  const compile = Object.values(goPrograms);
  const steps = [
    enginePackagesStep(places),
    path.engine === 'private' ? engineStep(places, env) : runningEngineStep(env),
    ...compile.map((program) => goStep(program, places.bin)),
    nodeRootfsStep(places),
    node.step,
    prometheus.step,
    nodeImageStep(places, env),
    clusterStep(places, how, builtNodeImage, ['node-image', 'kind']),
    metricsServerStep(how, ownImages.metricsServer, await metricsServerManifests()),
  ];
  const state = {
    path,
    baseImage: node.ref,
    nodeImage: builtNodeImage,
    prometheusImage: prometheus.ref,
    metricsServerImage: ownImages.metricsServer,
  };
  return { steps, state };
}

async function pulledPlan(path: Path, places: Layout, how: ClusterEnv): Promise<Plan> {
  const { env } = how;
  const kind = (await kindFits(env)) ? [] : [goStep(goPrograms.kind, places.bin)];
  const steps = [
    pullStep('node-image', publishedImages.node, env),
    pullStep('node-base', publishedImages.base, env),
    pullStep('prometheus-image', publishedImages.prometheus, env),
    kubectlStep(places, publishedImages.node, env),
    ...kind,
    clusterStep(places, how, publishedImages.node, ['node-image', 'kubectl', ...kind.map(({ name }) => name)]),
    metricsServerStep(how, publishedImages.metricsServer, await metricsServerManifests()),
  ];
  const state = {
    path,
    baseImage: publishedImages.base,
    nodeImage: publishedImages.node,
    prometheusImage: publishedImages.prometheus,
    metricsServerImage: publishedImages.metricsServer,
  };
  return { steps, state };
}

/** True when a kind of the pinned version is on the PATH (our own, built earlier, counts). */
async function kindFits(env: NodeJS.ProcessEnv): Promise<boolean> {
  const result = await attempt('kind', ['version'], { env }).catch(() => undefined);
  return result?.stdout.startsWith(`kind v${goPrograms.kind.version} `) === true;
}
