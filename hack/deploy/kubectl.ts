import { resolve } from 'node:path';
import { attempt, lastWords } from '../cluster/command.ts';
import { clusterEnv, context as ownContext } from '../cluster/env.ts';

const root = resolve(import.meta.dirname, '../..');

/** Runs kubectl against one context, in the repository's root, and returns its standard output. Rejects with its last words. */
export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** `context`: one of the user's kubeconfig. The default is this project's own kind cluster. */
export function kubectlFor(context: string = ownContext): Kubectl {
  return async (...args) => {
    const { env } = await clusterEnv();
    const result = await attempt('kubectl', ['--context', context, ...args], { cwd: root, env });
    if (result.code === 0) return result.stdout;
    throw new Error(`kubectl ${args.slice(0, 4).join(' ')}: ${lastWords(result)}`);
  };
}
