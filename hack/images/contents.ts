import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { attempt } from '../cluster/command.ts';
import type { GoProgram, ImageSource, NodeProgram } from './sources.ts';

/** One file of a build context. */
export interface ContextFile {
  readonly name: string;
  readonly mode: 0o644 | 0o755;
  readonly bytes: Uint8Array;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Everything an image is made of, sorted by name. `scratch` is a folder for intermediate files. */
export async function imageContents(
  root: string,
  name: string,
  source: ImageSource,
  scratch: string,
): Promise<ContextFile[]> {
  const files =
    source.kind === 'node' ? await bundle(root, name, source) : [await goBinary(root, name, source, scratch)];
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function writeContents(folder: string, files: readonly ContextFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, mode, bytes } of files) await writeFile(join(folder, name), bytes, { mode });
}

/**
 * The program as one ES module, and one for each of its threads. Licence texts and the source maps lie beside them; names are kept, so
 * that stack traces read like the source.
 */
async function bundle(root: string, name: string, { entry, threads = [] }: NodeProgram): Promise<ContextFile[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry, ...threads],
    outdir: 'dist',
    entryNames: '[name]',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    charset: 'utf8',
    logLevel: 'silent',
    external: [
      // Optional native speed-ups of ws: it asks for them and does without.
      'bufferutil',
      'utf-8-validate',
      // Reads kubeconfigs, and is imported only for that. A program in a pod has a service account instead, and is spared
      // 17 MB of code.
      '@kubernetes/client-node',
    ],
    // Dependencies in CommonJS call `require` for Node's own modules, which an ES module does not have.
    banner: {
      js: "import { createRequire as createRequireOfBundle } from 'node:module'; const require = createRequireOfBundle(import.meta.url);",
    },
  }).catch((error: Error) => {
    throw new Error(`image ${name} does not build:\n${error.message}`);
  });
  const files = outputFiles.map(({ path, contents }): ContextFile => {
    return { name: basename(path), mode: 0o644, bytes: contents };
  });
  return [...files, { name: 'package.json', mode: 0o644, bytes: text('{ "type": "module" }\n') }];
}

/** A static binary, named after the image; the same source gives the same bytes on every machine. */
async function goBinary(
  root: string,
  name: string,
  { module, program }: GoProgram,
  scratch: string,
): Promise<ContextFile> {
  await mkdir(scratch, { recursive: true });
  const output = join(scratch, `${name}-${process.pid}`);
  const flags = ['build', '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=', '-o', output, program];
  const { code, stderr } = await attempt('go', flags, {
    cwd: join(root, module),
    env: { ...process.env, CGO_ENABLED: '0', GOOS: 'linux' },
  });
  if (code !== 0) throw new Error(`image ${name} does not build:\n${stderr}`);
  const bytes = await readFile(output);
  await rm(output);
  return { name, mode: 0o755, bytes };
}

/**
 * Twelve hex digits over everything that decides what the image does: its Dockerfile, build arguments and files.
 * Equal inputs give an equal tag, so an image that exists need not be built, loaded or rolled out again.
 */
export function inputsDigest(
  dockerfile: string,
  buildArguments: Readonly<Record<string, string>>,
  files: readonly ContextFile[],
): string {
  const hash = createHash('sha256');
  const part = (value: string | Uint8Array): void => {
    hash.update(`${value.length}:`).update(value);
  };
  part(dockerfile);
  for (const [name, value] of Object.entries(buildArguments).sort()) {
    part(name);
    part(value);
  }
  for (const { name, mode, bytes } of files) {
    part(name);
    part(mode.toString(8));
    part(bytes);
  }
  return hash.digest('hex').slice(0, 12);
}
