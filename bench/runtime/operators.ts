import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { run } from '../../hack/cluster/command.ts';
import { contentDigest } from '../../hack/cluster/files.ts';
import { imageContents, writeContents } from '../../hack/images/contents.ts';
import { places } from './layout.ts';

export interface OperatorUnderTest {
  /** Folder below operators/ and key in the results. */
  readonly name: OperatorName;
  readonly language: string;
  /** Version of the framework as its lock file pins it. */
  readonly version: () => Promise<string>;
  /** Builds it, or finds it built, and returns the command that runs it as one process. */
  readonly build: () => Promise<readonly string[]>;
}

export const operatorNames = [
  'sluice',
  'controller-runtime',
  'kube-rs',
  'java-operator-sdk',
  'kopf',
  'client-node',
  'dot-i',
] as const;
export type OperatorName = (typeof operatorNames)[number];

// Runtimes that size their heap by the memory limit of their pod are told what they would find in one of 512 MiB, the limit
// of our own operator's: V8 takes half of it, a JVM a quarter and a collector for small machines.
const nodeInPod = ['--max-old-space-size=256'];
const javaInPod = ['-XX:MaxRAM=512m'];

const folder = (name: OperatorName, ...path: string[]): string => join(places.operators, name, ...path);
const built = (name: OperatorName, ...path: string[]): string => join(places.builds, name, ...path);

/** The first match of `pattern` in a file; its first group is the version. */
async function pinned(file: string, pattern: RegExp): Promise<string> {
  const version = pattern.exec(await readFile(file, 'utf8'))?.[1];
  if (version === undefined) throw new Error(`${file} names no version that matches ${pattern}`);
  return version;
}

const program = (name: OperatorName): string => join(places.results, 'programs', name, 'main.js');

/** The bundle that an image would hold, with the flags of the operator's image. */
async function buildOurs(): Promise<readonly string[]> {
  const source = { kind: 'node', entry: folder('sluice', 'main.ts'), dockerfile: 'operator/Dockerfile' } as const;
  const files = await imageContents(places.root, 'widgets', source, places.results);
  await writeContents(dirname(program('sluice')), files);
  const entrypoint = await pinned(
    join(places.root, source.dockerfile),
    /^ENTRYPOINT \["node",(.*)"\/app\/main\.js"\]/m,
  );
  const flags = entrypoint.split(',').map((flag) => flag.trim().replaceAll('"', ''));
  return [process.execPath, ...nodeInPod, ...flags.filter((flag) => flag !== ''), program('sluice')];
}

/** As JavaScript, so that no rival pays for reading TypeScript; its packages stay as they are installed. */
function transpiled(name: OperatorName): OperatorUnderTest['build'] {
  return async () => {
    const entryPoints = [folder(name, 'main.ts')];
    await build({
      entryPoints,
      outfile: program(name),
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    });
    await writeFile(join(dirname(program(name)), 'package.json'), '{ "type": "module" }\n');
    return [process.execPath, ...nodeInPod, program(name)];
  };
}

const go: OperatorUnderTest = {
  name: 'controller-runtime',
  language: 'Go',
  version: () => pinned(folder('controller-runtime', 'go.mod'), /sigs\.k8s\.io\/controller-runtime v(\S+)/),
  async build() {
    const program = built('controller-runtime', 'widgets');
    await run('go', ['build', '-trimpath', '-o', program, '.'], {
      cwd: folder('controller-runtime'),
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    });
    return [program];
  },
};

const rust: OperatorUnderTest = {
  name: 'kube-rs',
  language: 'Rust',
  version: () => pinned(folder('kube-rs', 'Cargo.toml'), /kube = \{ version = "=([^"]+)"/),
  async build() {
    const args = ['build', '--release', '--locked', '--quiet', '--target-dir', built('kube-rs')];
    await run('cargo', args, { cwd: folder('kube-rs') });
    return [built('kube-rs', 'release', 'widgets')];
  },
};

const python: OperatorUnderTest = {
  name: 'kopf',
  language: 'Python',
  version: () => pinned(folder('kopf', 'requirements.txt'), /^kopf==(\S+)/m),
  async build() {
    const requirements = folder('kopf', 'requirements.txt');
    // An environment for each set of requirements: a changed one is never mended in place.
    const environment = built('kopf', contentDigest(requirements).slice(0, 16));
    const done = join(environment, 'bin', 'kopf');
    if (!existsSync(done)) {
      await mkdir(environment, { recursive: true });
      await run('python3', ['-m', 'venv', '--clear', environment]);
      await run(join(environment, 'bin', 'pip'), ['install', '-q', '--require-hashes', '-r', requirements]);
    }
    const flags = ['--standalone', '--all-namespaces'];
    return [join(environment, 'bin', 'python'), done, 'run', ...flags, folder('kopf', 'main.py')];
  },
};

const java: OperatorUnderTest = {
  name: 'java-operator-sdk',
  language: 'Java',
  version: () => pinned(folder('java-operator-sdk', 'pom.xml'), /<josdk\.version>([^<]+)</),
  async build() {
    const target = built('java-operator-sdk', contentDigest(folder('java-operator-sdk')).slice(0, 16));
    const jar = join(target, 'widgets.jar');
    if (!existsSync(jar)) {
      const args = ['-q', '-B', `-Dbench.target=${target}`, 'package', 'dependency:copy-dependencies'];
      await run('mvn', args, { cwd: folder('java-operator-sdk') });
    }
    return ['java', ...javaInPod, '-cp', `${jar}:${join(target, 'dependency')}/*`, 'dev.sluice.bench.Main'];
  },
};

const packageVersion = (path: string): Promise<string> =>
  pinned(join(places.root, 'node_modules', path, 'package.json'), /"version": "([^"]+)"/);

/** In the order of the table. */
export const operators: readonly OperatorUnderTest[] = [
  {
    name: 'sluice',
    language: 'TypeScript',
    version: async () => 'this commit',
    build: buildOurs,
  },
  go,
  rust,
  java,
  python,
  {
    name: 'client-node',
    language: 'TypeScript',
    version: () => packageVersion('@kubernetes/client-node'),
    build: transpiled('client-node'),
  },
  {
    name: 'dot-i',
    language: 'TypeScript',
    version: () => packageVersion('@dot-i/k8s-operator'),
    build: transpiled('dot-i'),
  },
];
