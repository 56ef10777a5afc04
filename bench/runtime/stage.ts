import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Cluster, connectKubeconfig } from '@sluice/runtime';
import { type ControlPlane, startControlPlane } from '../../hack/control-plane/index.ts';
import { type AuditEntry, parseAuditLine } from './audit.ts';

export const namespace = 'bench';
/** The user the operator is to the API server; the loader and the observer are another. */
export const operatorUser = `system:serviceaccount:${namespace}:operator`;

/** A fresh API server with the Widget resource, credentials for an operator, and the log of what it asks. */
export interface Stage {
  readonly plane: ControlPlane;
  /** As the loader and the observer. */
  readonly cluster: Cluster;
  /** What an operator needs to find the API server, whichever way it looks for it. */
  readonly operatorEnv: Readonly<Record<string, string>>;
  /** Everything logged so far. */
  audit(): Promise<AuditEntry[]>;
  stop(): Promise<void>;
}

const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    { level: 'Metadata', users: [operatorUser] },
    { level: 'Metadata', verbs: ['create'], resources: [{ group: 'bench.sluice.dev', resources: ['widgets'] }] },
    { level: 'None' },
  ],
};

export async function openStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const policy = join(directory, 'audit-policy.json');
  const log = join(directory, 'audit.log');
  await writeFile(policy, JSON.stringify(auditPolicy));
  const plane = await startControlPlane({
    directory,
    crds: [resolve(import.meta.dirname, 'widgets.crd.yaml')],
    // Batched, so that a request does not wait for the log.
    apiServerFlags: [`--audit-policy-file=${policy}`, `--audit-log-path=${log}`, '--audit-log-mode=batch'],
  });
  const cluster = await connectKubeconfig({ path: plane.kubeconfigPath });
  const stop = async (): Promise<void> => {
    cluster.close();
    await plane.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const operatorEnv = await admitOperator(plane);
    return { plane, cluster, operatorEnv, audit: () => readAudit(log), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A service account with all rights, as files of a pod and as a kubeconfig. */
async function admitOperator({ directory, kubectl, kubeconfigPath, server }: ControlPlane) {
  await kubectl('create', 'namespace', namespace);
  await kubectl('create', 'serviceaccount', 'operator', '-n', namespace);
  const who = `--serviceaccount=${namespace}:operator`;
  await kubectl('create', 'clusterrolebinding', 'bench-operator', '--clusterrole=cluster-admin', who);
  const token = (await kubectl('create', 'token', 'operator', '-n', namespace, '--duration=12h')).trim();
  const admin: unknown = JSON.parse(await readFile(kubeconfigPath, 'utf8'));
  const kubeconfig = join(directory, 'operator.kubeconfig');
  await writeFile(kubeconfig, JSON.stringify({ ...Object(admin), users: [{ name: 'admin', user: { token } }] }));
  await writeFile(join(directory, 'token'), token);
  await writeFile(join(directory, 'ca.crt'), await readFile(join(directory, 'certs/apiserver.crt')));
  const { hostname, port } = new URL(server);
  return {
    KUBECONFIG: kubeconfig,
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    SERVICE_ACCOUNT_FOLDER: directory,
  };
}

async function readAudit(log: string): Promise<AuditEntry[]> {
  const text = await readFile(log, 'utf8');
  // The last line may be half written.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.flatMap((line) => (line === '' ? [] : (parseAuditLine(line) ?? [])));
}
