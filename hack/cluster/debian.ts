import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt, run } from './command.ts';
import { ClusterError } from './errors.ts';
import { emptyFolder } from './files.ts';
import type { Layout } from './layout.ts';
import type { StepContext } from './steps.ts';

/** `bookworm` runs on what Debian 12 has; `trixie` has the newer engine, whose programs still run there. */
export type Suite = 'bookworm' | 'trixie';

/** A package of one suite. `version` is the beginning that its version must have: what was tried and is relied on. */
export interface DebianPackage {
  readonly name: string;
  readonly suite: Suite;
  readonly version: string;
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The first Debian mirror in the texts of apt's source files (both formats); undefined on a system that has none. */
export function mirrorIn(sources: readonly string[]): string | undefined {
  for (const text of sources) {
    const lines = text.split('\n').filter((line) => !line.trim().startsWith('#'));
    for (const line of lines) {
      const [, url] = /^\s*(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+\/debian\/?)(?=\s|$)/.exec(line) ?? [];
      if (url !== undefined) return url.replace(/\/$/, '');
    }
  }
  return undefined;
}

/** The mirror that this machine already uses. Rejects with SLUICE_NOT_SUPPORTED where there is none. */
export function debianMirror(): string {
  const files = ['/etc/apt/sources.list', ...globSync('/etc/apt/sources.list.d/*.{list,sources}').sort()];
  const texts = files.flatMap((file) => {
    try {
      return [readFileSync(file, 'utf8')];
    } catch {
      return [];
    }
  });
  const mirror = mirrorIn(texts);
  if (mirror) return mirror;
  throw new ClusterError(
    'SLUICE_NOT_SUPPORTED',
    'without Docker and a registry the cluster is built from Debian packages, and this system has no Debian package source: start Docker and give it a way to a registry',
  );
}

/** Downloads packages into an empty folder and checks their versions. Nothing is installed on this system. */
export async function downloadPackages(
  { apt }: Layout,
  packages: readonly DebianPackage[],
  folder: string,
  { log, signal }: StepContext,
): Promise<string[]> {
  const options = await aptOptions(apt);
  await run('apt-get', [...options, 'update'], { log, signal });
  await emptyFolder(folder);
  const wanted = packages.map(({ name, suite }) => `${name}/${suite}`);
  await run('apt-get', [...options, 'download', ...wanted], { cwd: folder, log, signal });
  const files = (await readdir(folder)).filter((name) => name.endsWith('.deb'));
  return packages.map(({ name, version }) => {
    const file = files.find((candidate) => candidate.startsWith(`${name}_`)) ?? '';
    const found = decodeURIComponent(file.split('_')[1] ?? 'none').replace(/^\d+:/, '');
    if (found.startsWith(version)) return join(folder, file);
    throw new ClusterError(
      'SLUICE_NOT_SUPPORTED',
      `Debian has ${name} ${found}, but the cluster was made for ${version}`,
    );
  });
}

/** Options that keep apt's lists and settings of the private suites apart from the system's own. */
async function aptOptions(apt: string): Promise<string[]> {
  const mirror = debianMirror();
  const sources = (['trixie', 'bookworm'] as const).map(
    (suite) => `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`,
  );
  await mkdir(join(apt, 'lists/partial'), { recursive: true });
  await mkdir(join(apt, 'cache/archives/partial'), { recursive: true });
  await writeFile(join(apt, 'sources.list'), sources.join(''));
  const settings = {
    'Dir::Etc::sourcelist': join(apt, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': join(apt, 'lists'),
    'Dir::Cache': join(apt, 'cache'),
    // Translations are the larger half of the lists and nobody reads them here.
    'Acquire::Languages': 'none',
    'APT::Sandbox::User': 'root',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** Unpacks packages into a folder, without running anything of theirs. */
export async function unpack(files: readonly string[], folder: string, { log, signal }: StepContext): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const file of files) await run('dpkg', ['-x', file, folder], { log, signal });
}

/** Installs a program of Debian on this system when it is not there. */
export async function ensureInstalled(
  program: string,
  packageName: string,
  { log, signal }: StepContext,
): Promise<void> {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
  if (folders.some((folder) => existsSync(join(folder, program)))) return;
  const options = { log, signal, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  // One source of the system that cannot be reached does not matter when the package comes from another.
  await attempt('apt-get', ['update'], options);
  await run('apt-get', ['install', '-y', '--no-install-recommends', packageName], options);
}
