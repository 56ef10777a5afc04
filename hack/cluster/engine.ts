import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../operator/runtime/clock.ts';
import { attempt, run } from './command.ts';
import { type DebianPackage, downloadPackages, ensureInstalled, unpack } from './debian.ts';
import { ClusterError } from './errors.ts';
import { emptyFolder, putInPlace } from './files.ts';
import type { Layout } from './layout.ts';
import { commandLine, processStart, readPid } from './process.ts';
import type { Step, StepContext } from './steps.ts';
import { until } from './wait.ts';

/** trixie's engine runs on Debian 12; its runc needs a newer C library, so that one is bookworm's. */
const enginePackages: readonly DebianPackage[] = [
  { name: 'docker.io', suite: 'trixie', version: '26.1.5' },
  { name: 'docker-cli', suite: 'trixie', version: '26.1.5' },
  { name: 'containerd', suite: 'trixie', version: '1.7.24' },
  { name: 'runc', suite: 'bookworm', version: '1.1.5' },
];

const startLimitMs = 60_000;
const stopLimitMs = 30_000;

/** Unpacks the private container engine below the cache folder. */
export function enginePackagesStep(places: Layout): Step {
  return {
    name: 'engine-packages',
    version: '26.1.5',
    inputs: enginePackages.map(({ name, suite, version }) => `${name}/${suite} ${version}`),
    after: [],
    outputs: ['usr/sbin/dockerd', 'usr/bin/docker', 'usr/bin/containerd', 'usr/sbin/runc'].map((path) =>
      join(places.engine, path),
    ),
    lane: 'fetch',
    run: async (context) => {
      const files = await downloadPackages(places, enginePackages, join(places.scratch, 'engine-packages'), context);
      const unpacked = await emptyFolder(join(places.scratch, 'engine'));
      await unpack(files, unpacked, context);
      await ensureInstalled('iptables', 'iptables', context);
      await putInPlace(unpacked, places.engine);
    },
  };
}

/** Starts the private engine; done while it answers. */
export function engineStep(places: Layout, env: NodeJS.ProcessEnv): Step {
  return {
    name: 'engine',
    version: '',
    inputs: [],
    after: ['engine-packages'],
    outputs: [],
    lane: 'fetch',
    present: async () => {
      await raiseWatchLimits();
      return answers(env);
    },
    run: (context) => startEngine(systemClock, places, env, context),
  };
}

/** Stands in the place of the private engine where the user's Docker is the engine. */
export function runningEngineStep(env: NodeJS.ProcessEnv): Step {
  return {
    name: 'engine',
    version: '',
    inputs: ['running'],
    after: [],
    outputs: [],
    lane: 'fetch',
    present: () => answers(env),
    run: async () => {
      await run('docker', ['version'], { env });
    },
  };
}

export async function answers(env: NodeJS.ProcessEnv): Promise<boolean> {
  const question = ['version', '--format', '{{.Server.Version}}'];
  const result = await attempt('docker', question, { env, timeoutMs: 5000 }).catch(() => undefined);
  return result?.code === 0;
}

/**
 * Starts dockerd apart from this process, so that it outlives the make command. Pid files that an engine left when the
 * machine went down are removed: dockerd believes any process that has got the old number.
 */
async function startEngine(clock: Clock, places: Layout, env: NodeJS.ProcessEnv, { log }: StepContext): Promise<void> {
  await stopEngine(clock, places);
  await mkdir(places.engineData, { recursive: true });
  await mkdir(places.engineRun, { recursive: true });
  const output = openSync(log, 'w');
  const flags = [
    ...['--host', `unix://${places.engineSocket}`, '--data-root', places.engineData],
    ...['--exec-root', places.engineRun, '--pidfile', places.enginePid, '--storage-driver', 'overlay2'],
    // kind makes a network of its own; without docker0 this engine can live beside another.
    '--bridge=none',
  ];
  const child = spawn(join(places.engine, 'usr/sbin/dockerd'), flags, {
    env,
    detached: true,
    stdio: ['ignore', output, output],
    cwd: '/',
  });
  let ended = false;
  child.on('error', () => {
    ended = true;
  });
  child.on('exit', () => {
    ended = true;
  });
  child.unref();
  const up = await until(clock, { limitMs: startLimitMs, everyMs: 200 }, async () => ended || (await answers(env)));
  if (up && !ended) return;
  const said = await readFile(log, 'utf8');
  const [, reason = 'it says nothing'] = /.*failed to start daemon: (.*)/s.exec(said) ?? [];
  throw new ClusterError(
    'SLUICE_COMMAND_FAILED',
    `the private container engine does not start: ${reason.trim()}; the whole log is ${log}`,
  );
}

/** Stops the engine that was started from this cache folder, and no other; removes what it leaves. */
export async function stopEngine(clock: Clock, places: Layout): Promise<void> {
  const containerdPid = join(places.engineRun, 'containerd/containerd.pid');
  for (const [file, mark] of [
    [places.enginePid, places.engineSocket],
    [containerdPid, places.engineRun],
  ] as const) {
    const pid = readPid(file);
    if (pid !== undefined && commandLine(pid).includes(mark)) await endProcess(clock, pid);
    await rm(file, { force: true });
  }
  await rm(places.engineSocket, { force: true });
}

async function endProcess(clock: Clock, pid: number): Promise<void> {
  const start = processStart(pid);
  const gone = async (): Promise<boolean> => processStart(pid) !== start;
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    if (await until(clock, { limitMs: stopLimitMs, everyMs: 100 }, gone)) return;
  }
}

/** Four nodes watch more files than Linux allows by default: kube-proxy would end with "too many open files". */
async function raiseWatchLimits(): Promise<void> {
  for (const [name, least] of [
    ['max_user_instances', 8192],
    ['max_user_watches', 1_048_576],
  ] as const) {
    const file = `/proc/sys/fs/inotify/${name}`;
    if (Number(await readFile(file, 'utf8')) < least) await writeFile(file, String(least));
  }
}

/** The id of an image in the engine; undefined when it is not there. */
export async function imageId(ref: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { code, stdout } = await attempt('docker', ['image', 'inspect', '--format', '{{.Id}}', ref], { env });
  return code === 0 ? stdout.trim() : undefined;
}

/** Builds an image whose whole content is a folder, on top of nothing. `lines` are more lines for its Dockerfile. */
export async function buildFromFolder(
  ref: string,
  folder: string,
  lines: readonly string[],
  env: NodeJS.ProcessEnv,
  { log, signal }: StepContext,
): Promise<void> {
  const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const dockerfile = `${folder}.Dockerfile`;
  await writeFile(dockerfile, ['FROM scratch', 'COPY . /', path, ...lines, ''].join('\n'));
  await run('docker', ['build', '--quiet', '--tag', ref, '--file', dockerfile, folder], { env, log, signal });
}
