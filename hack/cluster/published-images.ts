import { spawn } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../operator/runtime/clock.ts';
import { run } from './command.ts';
import { imageId } from './engine.ts';
import { prometheusVersion } from './go-programs.ts';
import type { Layout } from './layout.ts';
import type { Step } from './steps.ts';

/**
 * Images of the ordinary path. The node image is the one that the notes of kind v0.33.0 name for Kubernetes 1.34: an
 * image belongs to the kind release that it was built for.
 */
export const publishedImages = {
  node: 'kindest/node:v1.34.11@sha256:44e222ee2132dab25ff87301682f89eb82c7880ea3a1bf543bfe9708fd08d67d',
  base: 'node:24-slim',
  prometheus: `prom/prometheus:v${prometheusVersion}`,
  metricsServer: 'registry.k8s.io/metrics-server/metrics-server:v0.8.1',
} as const;

/** A registry that answers at all says what it has within this time. */
const firstWordLimitMs = 20_000;

/** True when the image is in the engine or a registry begins to send it; the rest of the download is left to the steps. */
export async function canHave(clock: Clock, ref: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  if ((await imageId(ref, env)) !== undefined) return true;
  return beginsToPull(clock, ref, env);
}

/** Starts `docker pull` and waits for the line that it prints when the registry has named the image's layers. */
function beginsToPull(clock: Clock, ref: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('docker', ['pull', ref], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const end = (answer: boolean): void => {
      cancel();
      child.kill();
      resolve(answer);
    };
    const cancel = clock.setTimer(firstWordLimitMs, () => end(false));
    child.stdout.once('data', () => end(true));
    child.on('error', () => end(false));
    child.on('close', (code) => end(code === 0));
  });
}

/** Takes kubectl out of the node image, so that it fits the cluster whatever the machine has. */
export function kubectlStep(places: Layout, nodeImage: string, env: NodeJS.ProcessEnv): Step {
  const kubectl = join(places.bin, 'kubectl');
  return {
    name: 'kubectl',
    version: '',
    inputs: [nodeImage],
    after: ['node-image'],
    outputs: [kubectl],
    lane: 'fetch',
    run: async ({ log, signal }) => {
      const container = (await run('docker', ['create', nodeImage], { env, log, signal })).trim();
      const temporary = `${kubectl}.${process.pid}.tmp`;
      await mkdir(places.bin, { recursive: true });
      await run('docker', ['cp', '--follow-link', `${container}:/usr/bin/kubectl`, temporary], { env, log, signal });
      await run('docker', ['rm', container], { env, log, signal });
      await rename(temporary, kubectl);
    },
  };
}

export function pullStep(name: string, ref: string, env: NodeJS.ProcessEnv): Step {
  return {
    name,
    version: ref.split('@')[0] ?? ref,
    inputs: [],
    after: [],
    outputs: [],
    present: async () => (await imageId(ref, env)) !== undefined,
    lane: 'fetch',
    run: async ({ log, signal }) => {
      // An image that somebody brought is as good, and there may be no registry.
      if ((await imageId(ref, env)) === undefined) await run('docker', ['pull', ref], { env, log, signal });
    },
  };
}
