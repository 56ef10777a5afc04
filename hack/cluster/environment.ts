import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Layout } from './layout.ts';
import type { Path } from './state.ts';

export const clusterName = 'sluice';
export const context = 'kind-sluice';

export interface ClusterEnv {
  /** This process's environment with DOCKER_HOST, PATH and KUBECONFIG set so that `docker`, `kind` and `kubectl` fit. */
  readonly env: NodeJS.ProcessEnv;
  /** Only what `env` changes, for a shell. */
  readonly exports: Readonly<Record<string, string>>;
  readonly docker: string;
  readonly kind: string;
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly context: 'kind-sluice';
}

/** Pure: the environment for a path. */
export function environmentFor(path: Path, places: Layout, base: NodeJS.ProcessEnv): ClusterEnv {
  const own = [places.bin, join(places.engine, 'usr/sbin'), join(places.engine, 'usr/bin')];
  const folders = path.engine === 'private' ? own : own.slice(0, 1);
  const kubeconfig = base.KUBECONFIG || join(base.HOME || homedir(), '.kube/config');
  const before = (base.PATH ?? '').split(delimiter).filter((folder) => !own.includes(folder));
  // iptables and debootstrap live there, and `su` without a login leaves them out.
  const system = path.engine === 'private' ? ['/usr/sbin', '/sbin'].filter((folder) => !before.includes(folder)) : [];
  const exports: Record<string, string> = {
    PATH: [...folders, ...before, ...system].join(delimiter),
    KUBECONFIG: kubeconfig,
  };
  if (path.engine === 'private') {
    exports.DOCKER_HOST = `unix://${places.engineSocket}`;
    // Debian's engine comes without the buildx plugin; the builder inside dockerd needs nothing else.
    exports.DOCKER_BUILDKIT = '0';
  }
  return {
    env: { ...base, ...exports },
    exports,
    docker: 'docker',
    kind: 'kind',
    kubectl: 'kubectl',
    kubeconfig,
    context,
  };
}
