import { globSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DebianPackage, downloadPackages, unpack } from './debian.ts';
import { buildFromFolder, imageId } from './engine.ts';
import { contentDigest, digestOf, emptyFolder } from './files.ts';
import type { Layout } from './layout.ts';
import type { Step, StepContext } from './steps.ts';

const cLibrary: readonly DebianPackage[] = [
  { name: 'libc6', suite: 'bookworm', version: '2.36' },
  { name: 'ca-certificates', suite: 'bookworm', version: '20' },
];

/** An image made of Debian packages, unpacked and nothing run, and perhaps a program from elsewhere. */
interface PackagedImage {
  readonly name: string;
  /** Reference without the digest of the recipe. */
  readonly tag: string;
  readonly packages: readonly DebianPackage[];
  readonly extra?: (folder: string) => Promise<void>;
  readonly lines: readonly string[];
}

const nodeBase: PackagedImage = {
  name: 'node-base',
  tag: `sluice/node-base:${process.version.slice(1)}`,
  packages: [
    ...cLibrary,
    { name: 'libstdc++6', suite: 'bookworm', version: '12.2' },
    { name: 'libgcc-s1', suite: 'bookworm', version: '12.2' },
  ],
  // This very Node: it is the npm package `node`, pinned by package-lock.json.
  extra: async (folder) => {
    await mkdir(join(folder, 'usr/local/bin'), { recursive: true });
    await cp(process.execPath, join(folder, 'usr/local/bin/node'), { dereference: true });
    await chmod(join(folder, 'usr/local/bin/node'), 0o755);
  },
  lines: ['CMD ["node"]'],
};

const prometheus: PackagedImage = {
  name: 'prometheus-image',
  tag: 'sluice/prometheus:2.42.0',
  packages: [...cLibrary, { name: 'prometheus', suite: 'bookworm', version: '2.42.0' }],
  lines: ['USER 65532', 'ENTRYPOINT ["/usr/bin/prometheus"]'],
};

export interface BuiltImage {
  readonly ref: string;
  readonly step: Step;
}

/** The base of our images for Node programs, and Prometheus, for where no registry has them. */
export function baseImages(places: Layout, env: NodeJS.ProcessEnv): { node: BuiltImage; prometheus: BuiltImage } {
  return { node: builtImage(nodeBase, places, env), prometheus: builtImage(prometheus, places, env) };
}

function builtImage(image: PackagedImage, places: Layout, env: NodeJS.ProcessEnv): BuiltImage {
  const recipe = [contentDigest(import.meta.filename), process.version];
  const ref = `${image.tag}-${digestOf(recipe).slice(0, 12)}`;
  const step: Step = {
    name: image.name,
    version: image.tag.split(':')[1] ?? '',
    inputs: recipe,
    after: ['engine'],
    outputs: [],
    present: async () => (await imageId(ref, env)) !== undefined,
    lane: 'fetch',
    run: (context) => build(image, ref, places, env, context),
  };
  return { ref, step };
}

async function build(
  image: PackagedImage,
  ref: string,
  places: Layout,
  env: NodeJS.ProcessEnv,
  context: StepContext,
): Promise<void> {
  const folder = await emptyFolder(join(places.scratch, image.name, 'root'));
  const files = await downloadPackages(places, image.packages, join(places.scratch, image.name, 'packages'), context);
  await unpack(files, folder, context);
  await certificates(folder);
  await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0:root:/:/\nnonroot:x:65532:65532::/:/\n');
  await writeFile(join(folder, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n');
  await mkdir(join(folder, 'tmp'));
  await chmod(join(folder, 'tmp'), 0o1777);
  await image.extra?.(folder);
  for (const path of globSync('usr/share/{doc,man,lintian,locale}', { cwd: folder })) {
    await rm(join(folder, path), { recursive: true });
  }
  await buildFromFolder(ref, folder, image.lines, env, context);
  await rm(join(places.scratch, image.name), { recursive: true });
}

/** What the package's own script would do: all certificates in one file. */
async function certificates(folder: string): Promise<void> {
  const paths = globSync('usr/share/ca-certificates/mozilla/*.crt', { cwd: folder }).sort();
  const texts = await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')));
  await mkdir(join(folder, 'etc/ssl/certs'), { recursive: true });
  await writeFile(join(folder, 'etc/ssl/certs/ca-certificates.crt'), texts.join(''));
}
