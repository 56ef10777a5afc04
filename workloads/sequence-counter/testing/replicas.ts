import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, connectKubeconfig, Lease, Namespace } from '@sluice/runtime/kube';
import type { Ordering } from '../core/allocator.ts';
import { paddedValue } from '../core/value.ts';
import { type CounterLoadFigures, runCounterLoad } from '../load/run-counter-load.ts';

const main = new URL('../main.ts', import.meta.url).pathname;
const name = 'numbers';

export interface Replica {
  readonly pod: string;
  readonly process: ChildProcess;
  readonly url: string;
}

export interface StartOptions {
  readonly ordering: Ordering;
  readonly podUid?: string;
  /** Another way to the API server than the one of the test. */
  readonly kubeconfig?: string;
}

/** Replicas as processes on a real API server. The test stands in for the operator and makes the Leases. */
export interface ReplicaSet {
  readonly cluster: Cluster;
  /** The Lease that is the ledger. */
  readonly ledgerKey: { readonly namespace: string; readonly name: string };
  makeLedger(annotations?: Record<string, string>): Promise<void>;
  /** Starts the replica of this number. */
  start(ordinal: number, options: StartOptions): Promise<Replica>;
  startThree(ordering: Ordering): Promise<Replica[]>;
  /** The running process whose pod the ledger names. */
  holder(): Promise<Replica>;
  /** Ends all processes and deletes all Leases. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function createReplicaSet(kubeconfig: string): Promise<ReplicaSet> {
  const namespace = `counter-${randomUUID().slice(0, 8)}`;
  const cluster = await connectKubeconfig({ path: kubeconfig });
  const { client } = cluster;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-replica-'));
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  let replicas: Replica[] = [];

  async function makeLease(leaseName: string, annotations: Record<string, string>): Promise<void> {
    const metadata = { namespace, name: leaseName, annotations };
    await client.create(Lease, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
  }

  async function start(ordinal: number, options: StartOptions): Promise<Replica> {
    const { ordering, podUid = randomUUID() } = options;
    const pod = `${name}-${ordinal}`;
    const config = join(folder, `${ordering}.json`);
    const counters = [{ name: 'default', start: 1, step: 1 }];
    const rest = { leaseDurationSeconds: 2, outageBudgetSeconds: 60 };
    await writeFile(config, JSON.stringify({ name, ordering, counters, ...rest }));
    const flags = [
      '--config',
      config,
      '--kubeconfig',
      options.kubeconfig ?? kubeconfig,
      '--port',
      '0',
      '--peer-port',
      '0',
    ];
    const child = spawn(process.execPath, [main, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, POD_NAME: pod, POD_UID: podUid, POD_NAMESPACE: namespace, SLUICE_LOG_LEVEL: 'info' },
    });
    const replica = { pod, process: child, url: await addressOf(child) };
    replicas = [...replicas.filter((other) => other.pod !== pod), replica];
    return replica;
  }

  return {
    cluster,
    ledgerKey: { namespace, name: `${name}-ledger` },
    makeLedger: async (annotations) => {
      const first = {
        'sluice.dev/epoch': paddedValue(0n),
        'sluice.dev/format-version': paddedValue(1n),
        'high.sluice.dev/default': paddedValue(1n),
      };
      await makeLease(`${name}-ledger`, annotations ?? first);
      if (annotations !== undefined) return;
      for (const ordinal of [0, 1, 2]) await makeLease(`${name}-${ordinal}`, {});
    },
    start,
    startThree: (ordering) => Promise.all([0, 1, 2].map((ordinal) => start(ordinal, { ordering }))),
    holder: async () => {
      const lease = await client.get(Lease, { namespace, name: `${name}-ledger` });
      const pod = lease?.spec?.holderIdentity?.split('/', 1)[0];
      const found = replicas.find((replica) => replica.pod === pod);
      if (found === undefined) throw new Error(`no process of ${pod}`);
      return found;
    },
    reset: async () => {
      for (const replica of replicas) replica.process.kill('SIGKILL');
      replicas = [];
      for (const { metadata } of (await client.list(Lease, { namespace })).items) {
        const preconditions = { uid: metadata.uid ?? '' };
        await client.delete(Lease, { namespace, name: metadata.name }, { preconditions });
      }
    },
    close: async () => {
      cluster.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Waits for the line in the log that says where the service is. */
function addressOf(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  const lines = createInterface({ input: child.stdout });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`a replica ended with ${code}`)));
    lines.on('line', (line) => {
      const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
      if (msg === 'started' && address !== undefined) resolve(address);
    });
  });
}

/** Runs a load of six clients and does something else when a tenth of it is done; both end before this resolves. */
export async function loadWhile(
  urls: readonly string[],
  numbers: number,
  disturb: () => Promise<void>,
): Promise<CounterLoadFigures> {
  let disturbed: Promise<void> | undefined;
  const figures = await runCounterLoad({
    baseUrl: urls,
    numbers,
    clients: 6,
    onProgress: ({ answers }) => {
      if (answers > numbers / 10) disturbed ??= disturb();
    },
  });
  if (disturbed === undefined) throw new Error('the load was over before the disturbance began');
  await disturbed;
  return figures;
}
