import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where everything lives that the cluster needs. One folder, shared by all clones of one user. */
export interface Layout {
  readonly root: string;
  /** Finished programs: etcd, hyperkube and its names, kind, docker, … */
  readonly bin: string;
  readonly stamps: string;
  readonly logs: string;
  /** Unpacked Debian packages of the private container engine. */
  readonly engine: string;
  /** dockerd's own data: images, containers, volumes. */
  readonly engineData: string;
  /** dockerd's runtime files: socket directories of containerd and of running containers. */
  readonly engineRun: string;
  readonly engineSocket: string;
  readonly enginePid: string;
  readonly apt: string;
  /** Unpacked Debian packages of Redis. */
  readonly redis: string;
  /** Work in progress; whatever is here may be thrown away when nobody holds the lock. */
  readonly scratch: string;
  readonly lock: string;
  readonly state: string;
}

/** The cache folder: `$XDG_CACHE_HOME/sluice`, or `~/.cache/sluice`. */
export function layout(env: NodeJS.ProcessEnv = process.env): Layout {
  const home = env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache');
  const root = join(home, 'sluice');
  return {
    root,
    bin: join(root, 'bin'),
    stamps: join(root, 'stamps'),
    logs: join(root, 'logs'),
    engine: join(root, 'engine'),
    engineData: join(root, 'docker'),
    engineRun: join(root, 'docker-run'),
    engineSocket: join(root, 'docker.sock'),
    enginePid: join(root, 'docker.pid'),
    apt: join(root, 'apt'),
    redis: join(root, 'redis'),
    scratch: join(root, 'scratch'),
    lock: join(root, 'lock'),
    state: join(root, 'state.json'),
  };
}
