import { spawn } from 'node:child_process';
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../operator/runtime/clock.ts';
import { attempt, run } from './command.ts';
import { imageId } from './engine.ts';
import { ClusterError } from './errors.ts';
import { contentDigest, emptyFolder } from './files.ts';
import { kubernetesVersion } from './go-programs.ts';
import type { Layout } from './layout.ts';
import { kindSource, rootfsFolder } from './node-rootfs.ts';
import type { Step, StepContext } from './steps.ts';
import { buildSystemImages, kubeadmImages, ownImages } from './system-images.ts';
import { until } from './wait.ts';

export const builtNodeImage = `sluice/node:${kubernetesVersion}`;

const containerdLimitMs = 20_000;

/** The image that kind makes nodes from: the node's system, the Kubernetes programs, and every system image unpacked. */
export function nodeImageStep(places: Layout, env: NodeJS.ProcessEnv): Step {
  const sources = ['node-image.ts', 'system-images.ts'].map((name) => contentDigest(join(import.meta.dirname, name)));
  return {
    name: 'node-image',
    version: kubernetesVersion.slice(1),
    inputs: sources,
    after: [
      ...['engine', 'engine-packages', 'node-rootfs', 'hyperkube', 'etcd', 'cni-plugins', 'coredns', 'pause'],
      ...['local-path-provisioner', 'metrics-server'],
    ],
    outputs: [],
    present: async () => (await imageId(builtNodeImage, env)) !== undefined,
    lane: 'fetch',
    run: (context) => nodeImage(places, env, context),
  };
}

async function nodeImage(places: Layout, env: NodeJS.ProcessEnv, context: StepContext): Promise<void> {
  const refs = await buildSystemImages(places, env, context);
  const folder = await emptyFolder(join(places.scratch, 'node'));
  await programs(places, folder);
  await runtimeConfig(places, folder, context);
  await manifests(folder, context);
  await unpackImages(places, refs, folder, env, context);
  await importFolders([rootfsFolder(places), folder], builtNodeImage, env, context);
  await rm(join(places.scratch), { recursive: true, force: true });
}

async function programs(places: Layout, folder: string): Promise<void> {
  const copies: Record<string, string> = {
    [join(places.bin, 'hyperkube')]: 'usr/bin/hyperkube',
    [join(places.bin, 'cni')]: 'opt/cni/bin',
    [join(places.engine, 'usr/sbin/runc')]: 'usr/local/sbin/runc',
  };
  for (const name of ['containerd', 'ctr', 'containerd-shim-runc-v2']) {
    copies[join(places.engine, 'usr/bin', name)] = `usr/local/bin/${name}`;
  }
  for (const [from, to] of Object.entries(copies)) await cp(from, join(folder, to), { recursive: true });
  for (const name of ['kubelet', 'kubeadm', 'kubectl']) await symlink('hyperkube', join(folder, 'usr/bin', name));
  await mkdir(join(folder, 'kind/manifests'), { recursive: true });
  await writeFile(join(folder, 'kind/version'), kubernetesVersion);
}

/** containerd's settings: the pause image of this Kubernetes, and kind's hook in every container's runtime spec. */
async function runtimeConfig(places: Layout, folder: string, context: StepContext): Promise<void> {
  const pause = (await kubeadmImages(places, context)).find((ref) => ref.includes('/pause:'));
  const settings = await readFile(join(rootfsFolder(places), 'etc/containerd/config.toml'), 'utf8');
  await mkdir(join(folder, 'etc/containerd'), { recursive: true });
  await writeFile(
    join(folder, 'etc/containerd/config.toml'),
    settings.replace(/sandbox_image = ".*"/, `sandbox_image = "${pause}"`),
  );
  const spec = JSON.parse(await run(join(places.engine, 'usr/bin/ctr'), ['oci', 'spec'], context)) as {
    hooks?: Record<string, object[]>;
    process: { rlimits?: unknown };
  };
  spec.hooks = { ...spec.hooks, createContainer: [{ path: '/kind/bin/mount-product-files.sh' }] };
  delete spec.process.rlimits;
  await writeFile(join(folder, 'etc/containerd/cri-base.json'), JSON.stringify(spec));
}

/** kind's own manifests of storage and network, with our images. */
async function manifests(folder: string, context: StepContext): Promise<void> {
  const source = join(await kindSource(context), 'pkg/build/nodeimage');
  const storage = await goConstant(join(source, 'const_storage.go'), 'defaultStorageManifest', {
    storageProvisionerImage: ownImages.localPath,
    storageHelperImage: ownImages.localPathHelper,
  });
  const network = await goConstant(join(source, 'const_cni.go'), 'defaultCNIManifest', {
    kindnetdImage: `${ownImages.cni}\n        command: ["cnid"]`,
  });
  const nodeName = [
    '        env:',
    '        - name: NODE_NAME',
    '          valueFrom:',
    '            fieldRef:',
    '              fieldPath: spec.nodeName',
  ];
  await writeFile(join(folder, 'kind/manifests/default-storage.yaml'), storage);
  await writeFile(
    join(folder, 'kind/manifests/default-cni.yaml'),
    network.replace('        env:', nodeName.join('\n')),
  );
}

/** Value of a raw string constant in a Go file, with other constants spliced into it. */
async function goConstant(file: string, name: string, values: Readonly<Record<string, string>>): Promise<string> {
  const [, text] = new RegExp(`const ${name} = \`([\\s\\S]*)\``).exec(await readFile(file, 'utf8')) ?? [];
  if (text === undefined) throw new Error(`${file} has no constant ${name}`);
  return Object.entries(values).reduce((all, [key, value]) => all.replaceAll(`\` + ${key} + \``, value), text);
}

/**
 * Unpacks images into the image store that the node's containerd will find. A containerd of this host does it: inside a
 * build container the store would be an overlay on an overlay, which Linux refuses.
 */
async function unpackImages(
  places: Layout,
  refs: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
  context: StepContext,
): Promise<void> {
  const { log, signal } = context;
  const archive = join(places.scratch, 'images.tar');
  await run('docker', ['save', '--output', archive, ...refs], { env, log, signal });
  const runtime = await emptyFolder(join(places.scratch, 'containerd'));
  const socket = join(runtime, 'c.sock');
  const settings = [
    'version = 2',
    `root = "${join(folder, 'var/lib/containerd')}"`,
    `state = "${join(runtime, 'state')}"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `  address = "${socket}"`,
  ];
  await writeFile(join(runtime, 'config.toml'), settings.join('\n'));
  const daemon = spawn(join(places.engine, 'usr/bin/containerd'), ['--config', join(runtime, 'config.toml')], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => daemon.on('close', resolve));
  daemon.on('error', () => {});
  try {
    const ctr = (...args: string[]): [string, string[], typeof context] => [
      join(places.engine, 'usr/bin/ctr'),
      ['--address', socket, '--namespace', 'k8s.io', ...args],
      context,
    ];
    const answers = async (): Promise<boolean> => (await attempt(...ctr('version'))).code === 0;
    if (!(await until(systemClock, { limitMs: containerdLimitMs, everyMs: 200 }, answers))) {
      throw new ClusterError(
        'SLUICE_COMMAND_FAILED',
        `containerd does not start to unpack the system images; see ${log}`,
      );
    }
    await run(...ctr('images', 'import', '--digests=false', archive));
    // The layers are unpacked now; their archives would only make the node image larger.
    await attempt(...ctr('content', 'prune', 'references'));
    const images = (await run(...ctr('images', 'ls', '-q'))).split('\n').filter(Boolean);
    for (const image of images) await run(...ctr('images', 'label', image, 'io.cri-containerd.image=managed'));
  } finally {
    daemon.kill();
    await ended;
  }
}

/** Makes one image of one layer from folders laid over each other. */
async function importFolders(
  folders: readonly string[],
  ref: string,
  env: NodeJS.ProcessEnv,
  { log, signal }: StepContext,
): Promise<void> {
  const whole = await emptyFolder(`${folders.at(-1)}-whole`);
  // Hard links: nothing is copied, and what a later folder replaces is unlinked, not written to.
  const merge = ['--archive', '--link', '--remove-destination', '--no-target-directory'];
  for (const folder of folders) await run('cp', [...merge, folder, whole], { log, signal });
  const changes = [
    'ENV container=docker',
    'STOPSIGNAL SIGRTMIN+3',
    'ENTRYPOINT ["/usr/local/bin/entrypoint","/sbin/init"]',
  ].flatMap((change) => ['--change', change]);
  const script =
    'set -o pipefail; folder=$1; shift; tar -C "$folder" --create --xattrs --numeric-owner . | docker import "$@"';
  await run('bash', ['-c', script, 'bash', whole, ...changes, '-', ref], { env, log, signal });
  // The image that had this name before is now without one.
  await attempt('docker', ['image', 'prune', '--force'], { env, log, signal });
}
