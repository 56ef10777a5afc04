import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { startControlPlane } from '../../../hack/control-plane/index.ts';
import {
  type Cluster,
  CustomResourceDefinition,
  connectKubeconfig,
  type KubeObject,
  Lease,
  Namespace,
  type Resource,
} from '../index.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { type AcceptedWrite, acceptedWrites, auditFlags } from './testing/audit-log.ts';

// A leader is stopped (SIGSTOP) in the middle of its writes for longer than its lease, and goes on when another leads.
// The audit log of the API server, which orders all writes by resourceVersion, tells whether any was accepted too late.

const FREEZES = Number(process.env.FREEZES ?? 10);
const SEED = Number(process.env.SEED ?? 1);
const namespace = 'freezes';
const soon = { timeout: 30_000, interval: 20 };
const cleanup: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

interface Operator {
  readonly identity: string;
  readonly process: ChildProcess;
  /** Sum of the series of a metric. */
  metric(name: string): Promise<number>;
}

async function startOperator(identity: string, kubeconfig: string): Promise<Operator> {
  const env = { ...process.env, KUBECONFIG: kubeconfig, NAMESPACE: namespace, IDENTITY: identity };
  const program = join(import.meta.dirname, 'testing/busy-operator.ts');
  const started = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  cleanup.push(() => started.kill('SIGKILL'));
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(started.stdout).on('line', (line) => {
      const { port } = JSON.parse(line) as { port?: number };
      if (port !== undefined) resolve(port);
    });
    started.once('exit', (code) => reject(new Error(`${identity} ended with ${code}`)));
  });
  return {
    identity,
    process: started,
    async metric(name) {
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const series = page.split('\n').filter((line) => line.startsWith(`${name}{`));
      return series.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
  };
}

async function furnish({ client }: Cluster): Promise<void> {
  const crd = await readFile(join(import.meta.dirname, '../examples/greetings.crd.yaml'), 'utf8');
  await client.apply(CustomResourceDefinition, parse(crd) as CustomResourceDefinition, { fieldManager: 'test' });
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const type = { group: 'example.org', version: 'v1', kind: 'Greeting', plural: 'greetings', namespaced: true };
  const Greeting: Resource<KubeObject & { spec: object }> = type;
  await vi.waitFor(() => client.list(Greeting, { namespace }), soon);
  // So many that a new leader has not yet been at most of them when the old one goes on.
  for (let i = 0; i < 60; i++) {
    const metadata = { name: `g${i}`, namespace };
    await client.create(Greeting, { apiVersion: 'example.org/v1', kind: 'Greeting', metadata, spec: { names: [] } });
  }
}

/** Writes of an operator that were accepted after another one had taken the Lease. */
function late(writes: readonly AcceptedWrite[], operators: readonly string[]): AcceptedWrite[] {
  const terms = writes
    .filter(({ holder }) => holder !== undefined)
    .sort((a, b) => Number((a.resourceVersion ?? 0n) - (b.resourceVersion ?? 0n)));
  return writes.filter(({ userAgent, holder, resourceVersion, receivedAt }) => {
    if (holder !== undefined || !operators.includes(userAgent)) return false;
    // A delete has no version of its own: it is late when it was received after the Lease's writer had its answer.
    const before = terms.filter((term) =>
      resourceVersion === undefined ? term.answeredAt < receivedAt : (term.resourceVersion ?? 0n) < resourceVersion,
    );
    return before.at(-1)?.holder !== userAgent;
  });
}

test(
  'no write of a frozen leader is accepted once another one leads',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-freezes-'));
    cleanup.push(() => rm(directory, { recursive: true, force: true }));
    const plane = await startControlPlane({ directory, apiServerFlags: await auditFlags(directory) });
    cleanup.push(() => plane.stop());
    const cluster = await connectKubeconfig({ path: plane.kubeconfigPath });
    cleanup.push(() => cluster.close());
    await furnish(cluster);
    const operators = await Promise.all(['one', 'two'].map((name) => startOperator(name, plane.kubeconfigPath)));
    const random = seededRandom(SEED);
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const holder = async () => {
      const lease = await cluster.client.get(Lease, { namespace, name: 'busy' });
      return lease?.spec?.holderIdentity;
    };
    for (let i = 0; i < FREEZES; i++) {
      const leader = await vi.waitUntil(async () => {
        const name = await holder();
        return operators.find(({ identity }) => identity === name);
      }, soon);
      await sleep(100 + random() * 400);
      leader.process.kill('SIGSTOP');
      await vi.waitUntil(async () => (await holder()) !== leader.identity, soon);
      await sleep(random() < 0.5 ? 0 : random() * 200);
      leader.process.kill('SIGCONT');
      // It has found out; what it still had under way has left by then.
      await vi.waitUntil(async () => (await leader.metric('leader_election_master_status')) === 0, soon);
    }
    const refused = await Promise.all(operators.map((one) => one.metric('leader_election_refused_writes_total')));
    for (const { process: running } of operators) {
      running.kill('SIGTERM');
      await once(running, 'exit');
    }
    const writes = await acceptedWrites(directory, 'busy');
    const names = operators.map(({ identity }) => identity);
    const ofOperators = writes.filter(({ userAgent, holder }) => holder === undefined && names.includes(userAgent));
    const tooLate = late(writes, names);
    console.log(
      `${FREEZES} freezes (seed ${SEED}): ${ofOperators.length} writes accepted, ${tooLate.length} of them too late; ` +
        `${refused.reduce((sum, count) => sum + count, 0)} held back before they were sent`,
    );
    expect(tooLate).toEqual([]);
    expect(ofOperators.length).toBeGreaterThan(FREEZES * 20);
  },
  60_000 + FREEZES * 15_000,
);
