import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { clusterEnv } from '../cluster/env.ts';

const execute = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/** Runs kubectl against one context, in the repository's root, and returns its standard output. Rejects with what kubectl said, in one line. */
export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** `context`: one of the user's kubeconfig. The default is this project's own kind cluster. */
export function kubectlFor(context = 'kind-sluice'): Kubectl {
  return async (...args) => {
    const { env } = await clusterEnv();
    try {
      const { stdout } = await execute('kubectl', ['--context', context, ...args], {
        cwd: root,
        env,
        maxBuffer: 64 << 20,
      });
      return stdout;
    } catch (error) {
      const { stderr, message } = error as { stderr?: string; message: string };
      throw new Error(
        `kubectl ${args.slice(0, 4).join(' ')}: ${(stderr || message).trim().replaceAll(/\s*\n\s*/g, '; ')}`,
      );
    }
  };
}
