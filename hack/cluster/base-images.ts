import { globSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type DebianPackage, downloadPackages, unpack } from './debian.ts';
import { buildFromFolder, imageId } from './engine.ts';
import { contentDigest, digestOf, emptyFolder } from './files.ts';
import { goModules, goPrograms, prometheusVersion } from './go-programs.ts';
import type { Layout } from './layout.ts';
import type { Step, StepContext } from './steps.ts';

export interface BuiltImage {
  readonly ref: string;
  readonly step: Step;
}

const packages: readonly DebianPackage[] = [
  { name: 'libc6', suite: 'bookworm', version: '2.36' },
  { name: 'libstdc++6', suite: 'bookworm', version: '12.2' },
  { name: 'libgcc-s1', suite: 'bookworm', version: '12.2' },
  { name: 'ca-certificates', suite: 'bookworm', version: '20' },
];

/**
 * The base of our images for Node programs, where no registry has one: what Node links to, certificates, and this very
 * Node, which is the npm package `node` as package-lock.json pins it. No shell.
 */
export function nodeBaseImage(places: Layout, env: NodeJS.ProcessEnv): BuiltImage {
  const recipe = [contentDigest(import.meta.filename), process.version];
  return imageOf({ name: 'node-base', version: process.version.slice(1), recipe, after: [] }, env, async (context) => {
    const scratch = join(places.scratch, 'node-base');
    const folder = await emptyFolder(join(scratch, 'root'));
    await unpack(await downloadPackages(places, packages, join(scratch, 'packages'), context), folder, context);
    await certificates(folder);
    for (const path of globSync('usr/share/{doc,man,lintian,locale}', { cwd: folder })) {
      await rm(join(folder, path), { recursive: true });
    }
    await program(process.execPath, join(folder, 'usr/local/bin/node'));
    return { folder, lines: ['CMD ["node"]'] };
  });
}

/** Prometheus with the discovery of pods, static, on top of nothing. Its web pages are not part of its Go module. */
export function prometheusImage(places: Layout, env: NodeJS.ProcessEnv): BuiltImage {
  const recipe = [contentDigest(import.meta.filename), contentDigest(join(goModules, goPrograms.prometheus.module))];
  const image: Image = { name: 'prometheus-image', version: prometheusVersion, recipe, after: ['prometheus'] };
  return imageOf(image, env, async () => {
    const folder = await emptyFolder(join(places.scratch, 'prometheus-image/root'));
    await program(join(places.bin, 'prometheus'), join(folder, 'bin/prometheus'));
    return { folder, lines: ['USER 65532', 'ENTRYPOINT ["/bin/prometheus"]'] };
  });
}

interface Image {
  readonly name: 'node-base' | 'prometheus-image';
  readonly version: string;
  /** What decides the content; the end of the tag is its digest. */
  readonly recipe: readonly string[];
  readonly after: readonly string[];
}

/** `content` makes a folder and says what else the Dockerfile holds. */
function imageOf(
  { name, version, recipe, after }: Image,
  env: NodeJS.ProcessEnv,
  content: (context: StepContext) => Promise<{ folder: string; lines: readonly string[] }>,
): BuiltImage {
  const ref = `sluice/${name.replace('-image', '')}:${version}-${digestOf(recipe).slice(0, 12)}`;
  const step: Step = {
    name,
    version,
    inputs: recipe,
    after: ['engine', ...after],
    outputs: [],
    present: async () => (await imageId(ref, env)) !== undefined,
    lane: 'fetch',
    run: async (context) => {
      const { folder, lines } = await content(context);
      await mkdir(join(folder, 'etc'), { recursive: true });
      await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0:root:/:/\nnonroot:x:65532:65532::/:/\n');
      await writeFile(join(folder, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
      await mkdir(join(folder, 'tmp'));
      await chmod(join(folder, 'tmp'), 0o1777);
      await buildFromFolder(ref, folder, lines, env, context);
      await rm(dirname(folder), { recursive: true });
    },
  };
  return { ref, step };
}

async function program(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { dereference: true });
  await chmod(to, 0o755);
}

/** What the package's own script would do: all certificates in one file. */
async function certificates(folder: string): Promise<void> {
  const paths = globSync('usr/share/ca-certificates/mozilla/*.crt', { cwd: folder }).sort();
  const texts = await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')));
  await mkdir(join(folder, 'etc/ssl/certs'), { recursive: true });
  await writeFile(join(folder, 'etc/ssl/certs/ca-certificates.crt'), texts.join(''));
}
