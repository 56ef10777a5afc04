import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt } from './command.ts';
import { ClusterError } from './errors.ts';
import { goModules, goPrograms } from './go-programs.ts';
import type { Layout } from './layout.ts';
import type { Path } from './state.ts';

/** What a path asks of the machine. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly uid: number;
  /** Effective capabilities, as in /proc/self/status. */
  readonly capabilities: bigint;
  /** This process's root is another user outside: of a rootless container, say. */
  readonly userNamespace: boolean;
  /** Control groups can be made. */
  readonly cgroups: boolean;
  readonly freeBytes: number;
}

const gigabyte = 1e9;
/** Measured: 5 GB for nodes and images, and on the private path from nothing 9 GB more, most of it Go's two caches. */
const neededBytes = { pulled: 6 * gigabyte, built: 15 * gigabyte, again: 3 * gigabyte } as const;
/** Longest path of a socket in Linux, less its end. */
const longestSocketPath = 107;
/** Where the first version of control groups has the one for memory; the second has all in the folder above. */
const cgroupV1 = '/sys/fs/cgroup/memory';
const leastGo = [1, 26, 4] as const;

/** What containers and debootstrap cannot do without, by bit number (capability.h). */
const capabilitiesNeeded = { CAP_NET_ADMIN: 12, CAP_SYS_CHROOT: 18, CAP_SYS_ADMIN: 21, CAP_MKNOD: 27 } as const;

export async function thisMachine({ root }: Layout): Promise<Machine> {
  await mkdir(root, { recursive: true });
  const { bavail, bsize } = statfsSync(root);
  const [, capabilities = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return {
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.() ?? -1,
    capabilities: BigInt(`0x${capabilities}`),
    userNamespace: !/^\s*0\s+0\s+4294967295$/m.test(readFileSync('/proc/self/uid_map', 'utf8')),
    cgroups: isWritable(existsSync(cgroupV1) ? cgroupV1 : '/sys/fs/cgroup'),
    freeBytes: bavail * bsize,
  };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Throws the first thing that stands in the way of a path: SLUICE_NOT_SUPPORTED, SLUICE_NOT_PERMITTED or
 * SLUICE_DISK_FULL. `again`: the cluster has been made before, so that less is left to be stored.
 */
export function checkMachine(path: Path, machine: Machine, places: Layout, again: boolean): void {
  if (path.images === 'built') checkBuilding(machine);
  if (path.engine === 'private' && Buffer.byteLength(places.engineSocket) > longestSocketPath) {
    const sentence = `the cache folder's path is too long for a socket: ${places.root} (set XDG_CACHE_HOME to a shorter one)`;
    throw new ClusterError('SLUICE_NOT_SUPPORTED', sentence);
  }
  const needed = again ? neededBytes.again : neededBytes[path.images];
  if (machine.freeBytes < needed) {
    const sentence = `too little disk for the cluster: it needs ${gigabytes(needed)} below ${places.root}, and ${gigabytes(machine.freeBytes)} are free`;
    throw new ClusterError('SLUICE_DISK_FULL', sentence);
  }
}

function checkBuilding({ platform, arch, uid, capabilities, userNamespace, cgroups }: Machine): void {
  if (platform !== 'linux' || arch !== 'x64') {
    const sentence = `without Docker and a registry the cluster can be built on Linux on x64 only, and this is ${platform} on ${arch}`;
    throw new ClusterError('SLUICE_NOT_SUPPORTED', sentence);
  }
  if (uid !== 0) {
    const sentence =
      'no Docker with a registry answers, and building the cluster without them needs root: start Docker, or run this as root';
    throw new ClusterError('SLUICE_NOT_PERMITTED', sentence);
  }
  if (userNamespace) {
    const sentence =
      'root of a user namespace (a rootless container, say) may not mount file systems, so no containers can run here';
    throw new ClusterError('SLUICE_NOT_PERMITTED', sentence);
  }
  for (const [name, bit] of Object.entries(capabilitiesNeeded)) {
    if ((capabilities >> BigInt(bit)) & 1n) continue;
    const sentence = `this root may not mount or set up networks (${name} is missing), so no containers can run here`;
    throw new ClusterError('SLUICE_NOT_PERMITTED', sentence);
  }
  if (!cgroups) {
    const sentence = 'control groups cannot be made here (/sys/fs/cgroup is read-only), so no containers can run';
    throw new ClusterError('SLUICE_NOT_PERMITTED', sentence);
  }
}

/** Rejects with SLUICE_TOOL_MISSING when there is no Go, or one too old for the pinned modules that may not fetch a newer. */
export async function checkGo(): Promise<void> {
  // Inside the module that asks for most, go says which toolchain it would use there.
  const { stdout } = await attempt('go', ['env', 'GOVERSION'], {
    cwd: join(goModules, goPrograms.metricsServer.module),
  });
  if (isRecentGo(stdout.trim())) return;
  const found = (await attempt('go', ['version'], { cwd: '/' })).stdout.split(' ')[2] ?? 'this Go';
  throw new ClusterError('SLUICE_TOOL_MISSING', `${found} is too old: install Go ${leastGo.join('.')} or newer`);
}

export function isRecentGo(version: string): boolean {
  const found = /^go(\d+)\.(\d+)(?:\.(\d+))?/
    .exec(version)
    ?.slice(1)
    .map((part) => Number(part ?? 0));
  if (found === undefined) return false;
  for (const [index, least] of leastGo.entries()) {
    const part = found[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

function gigabytes(bytes: number): string {
  return `${(bytes / gigabyte).toFixed(1)} GB`;
}
