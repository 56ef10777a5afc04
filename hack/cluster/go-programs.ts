import { readdirSync } from 'node:fs';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { run } from './command.ts';
import { contentDigest } from './files.ts';
import type { Step } from './steps.ts';

/** A Go module below hack/go and the programs that are built from it. */
interface GoProgram {
  readonly name: string;
  readonly version: string;
  /** Folder below hack/go; its go.mod and go.sum pin everything. */
  readonly module: string;
  /** Package to build → path of the program below the folder of finished programs. */
  readonly programs: Readonly<Record<string, string>>;
  readonly tags?: string;
  readonly linkerFlags?: string;
  /** Other names of the program, which looks at the name it was called by. */
  readonly names?: readonly string[];
}

export const kubernetesVersion = 'v1.34.4';

/** Release 3.x.y of Prometheus is version 0.3xx.y of its Go module. */
export const prometheusVersion = '3.13.0';

const cniPlugins = ['main/ptp', 'main/loopback', 'ipam/host-local', 'meta/portmap'];
const kubernetesLinkerFlags = [
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=34',
].join(' ');

/**
 * The programs that Kubernetes, kind and the demo are made of, in the order in which they are built: what the node image
 * waits for first; at the end, what tests need besides. The versions are those of the go.mod files; a test compares.
 */
export const goPrograms = {
  kind: { name: 'kind', version: '0.33.0', module: 'kind', programs: { 'sigs.k8s.io/kind': 'kind' } },
  etcd: { name: 'etcd', version: '3.6.5', module: 'etcd', programs: { 'go.etcd.io/etcd/server/v3': 'etcd' } },
  pause: { name: 'pause', version: '1', module: 'pause', programs: { '.': 'pause' } },
  cni: {
    name: 'cni-plugins',
    version: '1.9.1',
    module: 'cni',
    programs: Object.fromEntries(
      cniPlugins.map((path) => [`github.com/containernetworking/plugins/plugins/${path}`, `cni/${basename(path)}`]),
    ),
  },
  hyperkube: {
    name: 'hyperkube',
    version: kubernetesVersion.slice(1),
    module: 'hyperkube',
    programs: { '.': 'hyperkube' },
    // What the release builds of Kubernetes use, less what needs C.
    tags: 'selinux,providerless',
    linkerFlags: kubernetesLinkerFlags,
    names: ['kube-apiserver', 'kube-controller-manager', 'kubectl', 'kubeadm', 'kubelet'],
  },
  coredns: { name: 'coredns', version: '1.12.1', module: 'coredns', programs: { '.': 'coredns' } },
  // One module, so that these share the client of Kubernetes and it is compiled once.
  localPath: {
    name: 'local-path-provisioner',
    version: '0.0.30',
    module: 'addons',
    programs: { 'github.com/rancher/local-path-provisioner': 'local-path-provisioner' },
  },
  metricsServer: {
    name: 'metrics-server',
    version: '0.9.0',
    module: 'addons',
    programs: { 'sigs.k8s.io/metrics-server/cmd/metrics-server': 'metrics-server' },
  },
  // Debian's own Prometheus is built without the discovery of Kubernetes pods.
  prometheus: {
    name: 'prometheus',
    version: '0.313.0',
    module: 'addons',
    programs: { 'github.com/prometheus/prometheus/cmd/prometheus': 'prometheus' },
    tags: 'remove_all_sd,enable_kubernetes_sd',
    linkerFlags: `-X github.com/prometheus/common/version.Version=${prometheusVersion}`,
  },
  // Debian 12 has 2.9, which cannot sync before it acknowledges.
  nats: {
    name: 'nats-server',
    version: '2.15.2',
    module: 'nats',
    programs: { 'github.com/nats-io/nats-server/v2': 'nats-server' },
  },
} as const satisfies Record<string, GoProgram>;

export const goModules = resolve(import.meta.dirname, '../go');

/** The step that builds a program, static and without C, into `bin`. */
export function goStep(program: GoProgram, bin: string): Step {
  const folder = join(goModules, program.module);
  const outputs = Object.values(program.programs).map((path) => join(bin, path));
  const names = program.names ?? [];
  return {
    name: program.name,
    version: program.version,
    inputs: [moduleDigest(folder), program.tags ?? '', program.linkerFlags ?? '', ...names],
    after: [],
    outputs: [...outputs, ...names.map((name) => join(bin, name))],
    lane: 'compile',
    run: async ({ log, signal }) => {
      for (const [source, path] of Object.entries(program.programs)) {
        const output = join(bin, path);
        const temporary = `${output}.${process.pid}.tmp`;
        await mkdir(dirname(output), { recursive: true });
        const flags = ['-tags', program.tags ?? '', '-ldflags', `-s -w ${program.linkerFlags ?? ''}`.trim()];
        await run('go', ['build', ...flags, '-o', temporary, source], {
          cwd: folder,
          env: goEnvironment(),
          log,
          signal,
        });
        await rename(temporary, output);
      }
      for (const name of names) {
        await rm(join(bin, name), { force: true });
        await symlink(program.name, join(bin, name));
      }
    },
  };
}

/** Go's own caches are the user's; the flags decide what is in them, so they are the same for every program. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false', GOWORK: 'off' };
}

/** Digest over a module's own files: go.mod, go.sum and sources. */
function moduleDigest(folder: string): string {
  const names = readdirSync(folder).filter((name) => !name.endsWith('_test.go'));
  return names.map((name) => `${name}:${contentDigest(join(folder, name))}`).join();
}
