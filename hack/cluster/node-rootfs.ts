import { globSync } from 'node:fs';
import { appendFile, chmod, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { debianMirror, ensureInstalled } from './debian.ts';
import { contentDigest, emptyFolder, putInPlace } from './files.ts';
import { goModules, goPrograms } from './go-programs.ts';
import { serviceSubnet } from './kind-config.ts';
import type { Layout } from './layout.ts';
import type { Step, StepContext } from './steps.ts';

/** systemd 252 of bookworm still works with cgroup v1. */
const suite = 'bookworm';

/** What kind's own image installs, less the storage clients, and busybox for the small images (system-images.ts). */
const packages = [
  ...['systemd', 'systemd-sysv', 'conntrack', 'iptables', 'nftables', 'iproute2', 'ethtool', 'util-linux', 'mount'],
  ...['kmod', 'libseccomp2', 'pigz', 'socat', 'e2fsprogs', 'bash', 'ca-certificates', 'curl', 'jq', 'procps'],
  ...['busybox', 'hostname'],
];

/** Units that a node has no use for, as in kind's Dockerfile. */
const unwanted = [
  'lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service',
  'lib/systemd/system/multi-user.target.wants/*',
  'etc/systemd/system/*.wants/*',
  'lib/systemd/system/local-fs.target.wants/*',
  'lib/systemd/system/sockets.target.wants/*udev*',
  'lib/systemd/system/sockets.target.wants/*initctl*',
  'lib/systemd/system/basic.target.wants/*',
  'var/cache/apt/*',
  'var/lib/apt/lists/*',
  'usr/share/{doc,man,locale,info}/*',
  'var/log/*.log',
];

export function rootfsFolder(places: Layout): string {
  return join(places.root, 'node-rootfs');
}

/** The operating system of a node: Debian with systemd and the files of kind's base image. */
export function nodeRootfsStep(places: Layout): Step {
  return {
    name: 'node-rootfs',
    version: suite,
    inputs: [goPrograms.kind.version, serviceSubnet, contentDigest(import.meta.filename)],
    after: [],
    outputs: [rootfsFolder(places)],
    lane: 'fetch',
    run: async (context) => {
      await ensureInstalled('debootstrap', 'debootstrap', context);
      const root = await emptyFolder(join(places.scratch, 'rootfs'));
      const { log, signal } = context;
      const flags = ['--variant=minbase', `--include=${packages.join(',')}`, suite, root, debianMirror()];
      await run('debootstrap', flags, { log, signal });
      await nodeFiles(root, context);
      await lowerDemands(root);
      await keepServicesInside(root);
      await putInPlace(root, rootfsFolder(places));
    },
  };
}

/** Source folder of the pinned kind module. */
export async function kindSource({ log, signal }: StepContext): Promise<string> {
  const cwd = join(goModules, goPrograms.kind.module);
  await run('go', ['mod', 'download', 'sigs.k8s.io/kind'], { cwd, log, signal });
  return (await run('go', ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kind'], { cwd, log, signal })).trim();
}

/** Lays kind's files over the system and switches on what a node runs. */
async function nodeFiles(root: string, context: StepContext): Promise<void> {
  const files = join(await kindSource(context), 'images/base/files');
  await cp(files, root, { recursive: true });
  // The module cache is read-only, and it has lost which files are programs.
  for (const path of globSync('**/*', { cwd: files })) await chmod(join(root, path), 0o755);
  for (const path of globSync('etc/**/*.{service,slice,conf,toml,yaml}', { cwd: files }))
    await chmod(join(root, path), 0o644);
  await chmod(join(root, 'etc/default/kubelet'), 0o644);
  for (const path of globSync(unwanted, { cwd: root })) await rm(join(root, path), { recursive: true, force: true });
  await appendFile(join(root, 'etc/systemd/journald.conf'), 'ReadKMsg=no\n');
  const wants = join(root, 'etc/systemd/system/multi-user.target.wants');
  await mkdir(wants, { recursive: true });
  for (const unit of ['kubelet', 'containerd', 'undo-mount-hacks']) {
    await symlink(`/etc/systemd/system/${unit}.service`, join(wants, `${unit}.service`));
  }
  // It would register itself in the kernel of the host.
  await symlink('/dev/null', join(root, 'etc/systemd/system/systemd-binfmt.service'));
  await mkdir(join(root, 'etc/kubernetes/manifests'), { recursive: true });
}

/**
 * Takes out what needs CAP_SYS_RESOURCE, which a confined host may not have: limits above the inherited ones and
 * negative OOM scores. Tells Debian's containerd where kind has the CNI plugins.
 */
async function lowerDemands(root: string): Promise<void> {
  const edit = async (path: string, change: (text: string) => string): Promise<void> => {
    await writeFile(join(root, path), change(await readFile(join(root, path), 'utf8')));
  };
  await edit('etc/systemd/system/containerd.service', (text) => text.replaceAll(/^(Limit|OOMScoreAdjust).*\n/gm, ''));
  const cni = [
    '[plugins."io.containerd.grpc.v1.cri".cni]',
    '  bin_dir = "/opt/cni/bin"',
    '  conf_dir = "/etc/cni/net.d"',
  ];
  await edit('etc/containerd/config.toml', (text) =>
    [text.replace('restrict_oom_score_adj = false', 'restrict_oom_score_adj = true'), ...cni, ''].join('\n'),
  );
  const dropIn = async (folder: string, section: string, lines: readonly string[]): Promise<void> => {
    await mkdir(join(root, 'etc/systemd', folder), { recursive: true });
    await writeFile(join(root, 'etc/systemd', folder, '10-limits.conf'), [`[${section}]`, ...lines, ''].join('\n'));
  };
  for (const unit of ['systemd-journald', 'systemd-udevd', 'dbus', 'systemd-logind']) {
    await dropIn(`system/${unit}.service.d`, 'Service', ['OOMScoreAdjust=0', 'LimitNOFILE=20000']);
  }
  await dropIn('system.conf.d', 'Manager', ['DefaultLimitNOFILE=20000:20000', 'DefaultOOMScoreAdjust=0']);
}

/**
 * Refuses connections to service addresses that kube-proxy does not know (yet): they would leave the node for whatever
 * answers there in the host's network, and a connection that was made so would stay. The rule sees only what was not
 * translated, because translation comes first.
 */
async function keepServicesInside(root: string): Promise<void> {
  const folder = join(root, 'etc/systemd/system/kubelet.service.d');
  const rule = `$$chain -d ${serviceSubnet} -j REJECT`;
  const command = `for chain in OUTPUT FORWARD; do iptables -w -C ${rule} || iptables -w -A ${rule}; done`;
  await writeFile(join(folder, '20-services.conf'), `[Service]\nExecStartPre=/bin/sh -c '${command}'\n`);
}
