import { globSync } from 'node:fs';
import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { run } from './command.ts';
import { buildFromFolder } from './engine.ts';
import { emptyFolder } from './files.ts';
import { goPrograms, kubernetesVersion } from './go-programs.ts';
import type { Layout } from './layout.ts';
import { rootfsFolder } from './node-rootfs.ts';
import type { StepContext } from './steps.ts';

/** Images of our own that nodes are born with, besides those that kubeadm asks for. */
export const ownImages = {
  cni: `sluice/cnid:${kubernetesVersion}`,
  localPath: `sluice/local-path-provisioner:${goPrograms.localPath.version}`,
  localPathHelper: `sluice/busybox:${goPrograms.localPath.version}`,
  metricsServer: `sluice/metrics-server:${goPrograms.metricsServer.version}`,
} as const;

const kubernetesPrograms = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubectl',
  'cnid',
];
const iptablesNames = ['iptables', 'ip6tables'].flatMap((name) =>
  ['', '-save', '-restore'].map((end) => `${name}${end}`),
);

/** Builds every image that a node is born with, in the engine, and returns their references. */
export async function buildSystemImages(
  places: Layout,
  env: NodeJS.ProcessEnv,
  context: StepContext,
): Promise<string[]> {
  const scratch = await emptyFolder(join(places.scratch, 'images'));
  const program = async (name: string, to: string): Promise<string> => {
    const folder = join(scratch, name);
    await copyProgram(join(places.bin, name), join(folder, to));
    return folder;
  };
  const kubernetes = await kubernetesFolder(places, join(scratch, 'kubernetes'), context);
  const folders: Record<string, [folder: string, ...lines: string[]]> = {
    'kube-apiserver': [kubernetes],
    'kube-controller-manager': [kubernetes],
    'kube-scheduler': [kubernetes],
    'kube-proxy': [kubernetes],
    etcd: [await program('etcd', 'usr/local/bin/etcd')],
    coredns: [await program('coredns', 'coredns'), 'ENTRYPOINT ["/coredns"]'],
    pause: [await program('pause', 'pause'), 'ENTRYPOINT ["/pause"]'],
  };
  const own: typeof folders = {
    [ownImages.cni]: [kubernetes],
    [ownImages.localPath]: [await program('local-path-provisioner', 'usr/local/bin/local-path-provisioner')],
    [ownImages.localPathHelper]: [await busyboxFolder(places, join(scratch, 'busybox'), context)],
    [ownImages.metricsServer]: [await program('metrics-server', 'metrics-server'), 'ENTRYPOINT ["/metrics-server"]'],
  };
  const required = await kubeadmImages(places, context);
  for (const ref of required) {
    const content = folders[imageName(ref)];
    if (content === undefined) throw new Error(`kubeadm asks for ${ref}, which is not built`);
    own[ref] = content;
  }
  for (const [ref, [folder, ...lines]] of Object.entries(own)) await buildFromFolder(ref, folder, lines, env, context);
  return Object.keys(own);
}

/** What kubeadm of this version will start. */
export async function kubeadmImages(places: Layout, { log, signal }: StepContext): Promise<string[]> {
  const question = ['config', 'images', 'list', '--kubernetes-version', kubernetesVersion];
  const list = await run(join(places.bin, 'kubeadm'), question, { log, signal });
  return list.split('\n').filter((line) => line !== '');
}

function imageName(ref: string): string {
  return basename(ref).split(':')[0] ?? '';
}

async function copyProgram(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to, { dereference: true });
  await chmod(to, 0o755);
}

/**
 * All Kubernetes programs, and iptables for kube-proxy and cnid. The nft flavour everywhere, like the engine's. Every
 * extension's libraries are needed: without libm a Service with more than one endpoint fails and the others work.
 */
async function kubernetesFolder(places: Layout, folder: string, context: StepContext): Promise<string> {
  const root = rootfsFolder(places);
  await copyProgram(join(places.bin, 'hyperkube'), join(folder, 'usr/local/bin/hyperkube'));
  for (const name of kubernetesPrograms) await symlink('hyperkube', join(folder, 'usr/local/bin', name));
  const extensions = globSync('usr/lib/*/xtables/*.so', { cwd: root });
  const programs = ['usr/sbin/xtables-nft-multi', 'usr/sbin/conntrack', 'usr/sbin/nft'];
  for (const path of [...programs, ...extensions]) await copyProgram(join(root, path), join(folder, path));
  for (const name of iptablesNames) await symlink('xtables-nft-multi', join(folder, 'usr/sbin', name));
  await copyLibraries(root, [...programs, ...extensions], folder, context);
  return folder;
}

async function busyboxFolder(places: Layout, folder: string, context: StepContext): Promise<string> {
  const root = rootfsFolder(places);
  await copyProgram(join(root, 'usr/bin/busybox'), join(folder, 'bin/busybox'));
  await copyLibraries(root, ['usr/bin/busybox'], folder, context);
  const applets = await run('chroot', [root, '/bin/busybox', '--list'], context);
  for (const applet of applets.split('\n').filter((name) => name !== '' && name !== 'busybox')) {
    await symlink('busybox', join(folder, 'bin', applet));
  }
  await mkdir(join(folder, 'etc'));
  await writeFile(join(folder, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n');
  await writeFile(join(folder, 'etc/group'), 'root:x:0:\nnobody:x:65534:\n');
  await mkdir(join(folder, 'tmp'));
  await chmod(join(folder, 'tmp'), 0o1777);
  return folder;
}

/** Copies the shared libraries that programs of the node's system need, to where they look for them. */
async function copyLibraries(
  root: string,
  programs: readonly string[],
  folder: string,
  context: StepContext,
): Promise<void> {
  const libraries = new Set<string>();
  const said = await run('chroot', [root, '/usr/bin/ldd', ...programs.map((path) => `/${path}`)], context);
  for (const [, library = ''] of said.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)) libraries.add(library);
  for (const library of libraries) await copyProgram(join(root, library), join(folder, library));
}
