import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { attempt, run } from '../cluster/command.ts';
import { baseImage, clusterEnv } from '../cluster/env.ts';
import { imageContents, inputsDigest, writeContents } from './contents.ts';
import { type ImageName, imageSources } from './sources.ts';

const root = resolve(import.meta.dirname, '../..');

/** The version that an image has when nobody asks for another. */
export const defaultVersion = '1.0.0';
/** Every change of a source makes a new tag; the engine keeps this many of each image, the newest ones. */
const KEPT_TAGS = 4;

export interface BuildOptions {
  /** First part of the tag, and build argument VERSION. */
  readonly version?: string;
  /** Gets one line per image. Default: standard error. */
  readonly report?: (line: string) => void;
}

/**
 * Builds the images that the engine does not have yet, one after another, and returns their references
 * (`sluice/<name>:<version>-<digest of inputs>`). Rejects with a message that names the image.
 */
export async function buildImages<Name extends ImageName>(
  names: readonly Name[],
  { version = defaultVersion, report = (line) => console.error(line) }: BuildOptions = {},
): Promise<Record<Name, string>> {
  const engine = (await clusterEnv()).env;
  const base = await baseImage();
  const present = await imagesInEngine(engine);
  const refs: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const started = performance.now();
    const { ref, built } = await buildImage(name, { version, base, engine, present });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    report(`image ${ref} ${built ? 'built' : 'unchanged'} (${seconds} s)`);
    refs[name] = ref;
  }
  return refs as Record<Name, string>;
}

interface Surroundings {
  readonly version: string;
  /** Image that Node programs are built on. */
  readonly base: string;
  /** Environment that reaches the engine. */
  readonly engine: NodeJS.ProcessEnv;
  readonly present: ReadonlySet<string>;
}

async function buildImage(
  name: ImageName,
  { version, base, engine, present }: Surroundings,
): Promise<{ ref: string; built: boolean }> {
  const source = imageSources[name];
  const folder = join(root, '.cache/dist', name);
  const dockerfile = join(root, source.dockerfile);
  const files = await imageContents(root, name, source, folder);
  const buildArguments: Record<string, string> = { VERSION: version };
  if (source.kind === 'node') buildArguments.BASE = base;
  const digest = inputsDigest(await readFile(dockerfile, 'utf8'), buildArguments, files);
  const ref = `sluice/${name}:${version}-${digest}`;
  if (present.has(ref)) return { ref, built: false };
  const context = join(folder, digest);
  await writeContents(context, files);
  const flags = Object.entries(buildArguments).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  const { code, stderr } = await attempt('docker', ['build', '-t', ref, '-f', dockerfile, ...flags, context], {
    env: engine,
  });
  if (code !== 0) throw new Error(`image ${name} does not build:\n${stderr}`);
  await rm(context, { recursive: true });
  await removeOutdated(name, engine);
  return { ref, built: true };
}

/** Clusters have copies of their own, so what goes here is only what the engine would otherwise collect for ever. */
async function removeOutdated(name: ImageName, engine: NodeJS.ProcessEnv): Promise<void> {
  const listed = await run('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', `sluice/${name}`], {
    env: engine,
  });
  const outdated = listed.trim().split('\n').slice(KEPT_TAGS);
  // Best effort: the engine refuses to remove what a container of somebody else's runs on.
  if (outdated.length > 0) await attempt('docker', ['image', 'rm', ...outdated], { env: engine });
}

async function imagesInEngine(engine: NodeJS.ProcessEnv): Promise<Set<string>> {
  const listed = await run('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'], { env: engine });
  return new Set(listed.split('\n'));
}
