import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of a few megabytes: one that a test can really fill up. */
export interface SmallDisk {
  /** Its folder, for programs that run within `within`. */
  readonly folder: string;
  /** The same folder, for this process. */
  readonly here: string;
  /** The command that runs a program where the file system is mounted. */
  readonly within: readonly string[];
  /** Takes all its room but `bytes`. */
  fill(bytes: number): void;
  /** Gives the room back. */
  empty(): void;
  remove(): void;
}

/** A container without privileges has a small file system already, in /dev/shm; a larger one is somebody's memory. */
const SHARED_MEMORY = '/dev/shm';
const SHARED_MEMORY_BYTES = 128 << 20;

/**
 * Mounts a tmpfs of `bytes` in a mount namespace of its own: as root, or as an ordinary user in a user namespace. Where neither is allowed,
 * as in most containers, it takes the /dev/shm of the container. Rejects with what to do where there is none of them.
 */
export async function createSmallDisk(bytes: number): Promise<SmallDisk> {
  const why: string[] = [];
  for (const namespaces of [['--mount'], ['--user', '--map-root-user', '--mount']]) {
    const found = await mountIn(namespaces, bytes);
    if (typeof found !== 'string') return found;
    why.push(found);
  }
  if (existsSync(SHARED_MEMORY)) {
    const { blocks, bsize } = statfsSync(SHARED_MEMORY);
    if (blocks * bsize <= SHARED_MEMORY_BYTES) return inSharedMemory();
  }
  throw new Error(
    `No small file system can be made here, and a full disk not be tested: ${why.join('; ')}; ${SHARED_MEMORY} is larger than 128 MiB. Run as root, allow user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu), or run in a container.`,
  );
}

/** Resolves to why not, when it is not allowed. */
async function mountIn(namespaces: readonly string[], bytes: number): Promise<SmallDisk | string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-small-disk-'));
  // The namespace lives as long as `cat`, and `cat` no longer than this process.
  const script = `mount -t tmpfs -o size=${bytes},mode=700 sluice "$1" && echo mounted && exec cat`;
  const holder = spawn('unshare', [...namespaces, 'sh', '-c', script, 'sh', folder]);
  const refusal = await mounted(holder);
  if (refusal !== undefined) {
    rmSync(folder, { recursive: true });
    return refusal;
  }
  const user = namespaces.includes('--user') ? ['--user', '--preserve-credentials'] : [];
  const within = ['nsenter', `--target=${holder.pid}`, ...user, '--mount'];
  return smallDisk({ folder, here: `/proc/${holder.pid}/root${folder}`, within }, () => {
    holder.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
}

function mounted(holder: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = '';
    holder.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    holder.stdout?.on('data', () => resolve(undefined));
    holder.once('error', (error) => resolve(error.message));
    holder.once('close', () => resolve(said.trim()));
  });
}

function inSharedMemory(): SmallDisk {
  const folder = mkdtempSync(join(SHARED_MEMORY, 'sluice-small-disk-'));
  return smallDisk({ folder, here: folder, within: [] }, () => rmSync(folder, { recursive: true }));
}

function smallDisk(place: Pick<SmallDisk, 'folder' | 'here' | 'within'>, remove: () => void): SmallDisk {
  const ballast = join(place.here, 'ballast');
  return {
    ...place,
    fill: (bytes) => {
      rmSync(ballast, { force: true });
      const { bavail, bsize } = statfsSync(place.here);
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - bytes));
    },
    empty: () => rmSync(ballast),
    remove,
  };
}
