import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { controlPlaneBinaries } from './binaries.ts';
import { freePorts } from './free-ports.ts';
import { type ServerProcess, startServer } from './server-process.ts';

const execute = promisify(execFile);

export interface ControlPlaneOptions {
  /** Where data, certificates and logs go. Default: a temporary directory that `stop` removes. */
  readonly directory?: string;
  /** Files or directories of CustomResourceDefinitions to install. */
  readonly crds?: readonly string[];
  /** Further flags of kube-apiserver, such as those of its audit log. */
  readonly apiServerFlags?: readonly string[];
}

/** etcd, kube-apiserver and kube-controller-manager as plain processes on loopback: an API without nodes. */
export interface ControlPlane {
  /** A kubeconfig with the rights of system:masters. */
  readonly kubeconfigPath: string;
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  /** Where etcd serves its clients: `http://127.0.0.1:<port>` */
  readonly etcd: string;
  readonly directory: string;
  /** Runs kubectl against it and resolves to its standard output. */
  kubectl(...args: string[]): Promise<string>;
  /** Kills the API server without notice (SIGKILL) and starts it again on the same port with the same data. */
  restartApiServer(): Promise<void>;
  /** Ends all processes, the API server before etcd. */
  stop(): Promise<void>;
}

interface Setting {
  readonly directory: string;
  readonly etcd: string;
  readonly hyperkube: string;
  readonly ports: { readonly api: number; readonly etcd: number; readonly peer: number; readonly controllers: number };
  readonly token: string;
  readonly apiServerFlags: readonly string[];
}

/**
 * Starts a control plane and resolves when it serves, its controllers work and the CRDs are established, about 5 s.
 * Rejects with the end of the log of the program that failed. etcd does not sync to disk: for tests, not for data.
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'sluice-control-plane-')));
  await mkdir(join(directory, 'certs'), { recursive: true });
  const [api = 0, etcd = 0, peer = 0, controllers = 0] = await freePorts(4);
  const binaries = await controlPlaneBinaries();
  const setting = {
    directory,
    ...binaries,
    ports: { api, etcd, peer, controllers },
    token: randomBytes(24).toString('hex'),
    apiServerFlags: options.apiServerFlags ?? [],
  };
  await writeCredentials(setting);

  const running: ServerProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const process of running.splice(0).reverse()) await process.stop();
    if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
  };
  try {
    running.push(startEtcd(setting), startApiServer(setting));
    await waitUntil('kube-apiserver to be ready', running, () => isReady(setting));
    running.push(startControllers(setting));
    const kubectl = async (...args: string[]): Promise<string> =>
      (
        await execute(setting.hyperkube, ['kubectl', '--kubeconfig', kubeconfigOf(setting), ...args], {
          maxBuffer: 2 ** 26,
        })
      ).stdout;
    await waitUntil('the controllers to make a service account', running, () =>
      kubectl('get', 'serviceaccount', 'default').then(
        () => true,
        () => false,
      ),
    );
    await installCrds(kubectl, options.crds ?? []);
    const restartApiServer = async (): Promise<void> => {
      const index = running.findIndex((process) => process.name === 'kube-apiserver');
      const old = running[index];
      if (old === undefined) throw new Error('the control plane was stopped');
      process.kill(old.pid, 'SIGKILL');
      await old.stop();
      running[index] = startApiServer(setting);
      await waitUntil('kube-apiserver to be ready again', running, () => isReady(setting));
    };
    return {
      kubeconfigPath: kubeconfigOf(setting),
      server: serverOf(setting),
      etcd: etcdOf(setting),
      directory,
      kubectl,
      restartApiServer,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const serverOf = ({ ports }: Setting): string => `https://127.0.0.1:${ports.api}`;
const etcdOf = ({ ports }: Setting): string => `http://127.0.0.1:${ports.etcd}`;
const kubeconfigOf = ({ directory }: Setting): string => join(directory, 'kubeconfig');
const authorityOf = ({ directory }: Setting): string => join(directory, 'certs/apiserver.crt');

function startEtcd(setting: Setting): ServerProcess {
  const { directory, etcd, ports } = setting;
  const client = etcdOf(setting);
  const peer = `http://127.0.0.1:${ports.peer}`;
  const command = [
    etcd,
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
  ];
  return startServer('etcd', command, directory);
}

function startApiServer({ directory, hyperkube, ports, apiServerFlags }: Setting): ServerProcess {
  const command = [
    hyperkube,
    'kube-apiserver',
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    `--cert-dir=${join(directory, 'certs')}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.api}`,
    '--service-cluster-ip-range=10.97.0.0/24',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(directory, 'sa.pub')}`,
    `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    ...apiServerFlags,
  ];
  return startServer('kube-apiserver', command, directory);
}

function startControllers(setting: Setting): ServerProcess {
  const { directory, hyperkube, ports } = setting;
  const command = [
    hyperkube,
    'kube-controller-manager',
    `--kubeconfig=${kubeconfigOf(setting)}`,
    '--authentication-skip-lookup',
    `--service-account-private-key-file=${join(directory, 'sa.key')}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllers}`,
    `--cert-dir=${join(directory, 'certs')}`,
  ];
  return startServer('kube-controller-manager', command, directory);
}

async function writeCredentials(setting: Setting): Promise<void> {
  const { directory, token } = setting;
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const secret = { mode: 0o600 };
  await writeFile(join(directory, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), secret);
  await writeFile(join(directory, 'sa.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(join(directory, 'tokens.csv'), `${token},admin,1,"system:masters"\n`, secret);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'local', cluster: { server: serverOf(setting), 'certificate-authority': authorityOf(setting) } },
    ],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'admin' } }],
    'current-context': 'local',
  };
  // JSON is YAML.
  await writeFile(kubeconfigOf(setting), JSON.stringify(config), secret);
}

/** The API server writes its own certificate at its first start; before that it cannot be ready. */
async function isReady(setting: Setting): Promise<boolean> {
  if (!existsSync(authorityOf(setting))) return false;
  const ca = await readFile(authorityOf(setting));
  const headers = { authorization: `Bearer ${setting.token}` };
  return new Promise((settle) => {
    const request = get(`${serverOf(setting)}/readyz`, { ca, headers, timeout: 2000, agent: false }, (response) => {
      response.resume();
      settle(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => settle(false));
  });
}

async function installCrds(kubectl: ControlPlane['kubectl'], paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const files = paths.flatMap((path) => ['-f', path]);
  await kubectl('apply', '--server-side', ...files);
  await kubectl('wait', '--for=condition=Established', '--timeout=30s', ...files);
}

async function waitUntil(
  what: string,
  running: readonly ServerProcess[],
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await condition())) {
    for (const process of running) {
      const end = await process.ended();
      if (end !== undefined) throw new Error(end);
    }
    if (performance.now() > deadline) throw new Error(`waited 60 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
