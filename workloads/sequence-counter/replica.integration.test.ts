import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cluster, connectKubeconfig, Lease, Namespace } from '@sluice/runtime/kube';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { paddedValue } from './core/value.ts';
import { runCounterLoad } from './load/run-counter-load.ts';

const main = new URL('./main.ts', import.meta.url).pathname;
const name = 'numbers';

interface Replica {
  readonly pod: string;
  readonly process: ChildProcess;
  readonly url: string;
}

/** Three processes that share a ledger in a real API server; the test stands in for the operator and makes the Leases. */
describe('replicas on a Lease ledger', () => {
  const kubeconfig = inject('kubeconfig');
  const namespace = `counter-${randomUUID().slice(0, 8)}`;
  let cluster: Cluster;
  let folder: string;
  let replicas: Replica[] = [];

  beforeAll(async () => {
    cluster = await connectKubeconfig({ path: kubeconfig });
    folder = await mkdtemp(join(tmpdir(), 'sluice-replica-'));
    await cluster.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });
  afterAll(async () => {
    cluster.close();
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    const ledger = {
      'sluice.dev/epoch': paddedValue(0n),
      'sluice.dev/format-version': paddedValue(1n),
      'high.sluice.dev/default': paddedValue(1n),
    };
    await makeLease(`${name}-ledger`, ledger);
    for (const index of [0, 1, 2]) await makeLease(`${name}-${index}`, {});
  });
  afterEach(async () => {
    for (const { process } of replicas) process.kill('SIGKILL');
    replicas = [];
    for (const { metadata } of (await cluster.client.list(Lease, { namespace })).items) {
      await cluster.client.delete(
        Lease,
        { namespace, name: metadata.name },
        { preconditions: { uid: metadata.uid ?? '' } },
      );
    }
  });

  async function makeLease(leaseName: string, annotations: Record<string, string>): Promise<void> {
    const metadata = { namespace, name: leaseName, annotations };
    await cluster.client.create(Lease, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
  }

  async function start(pod: string, ordering: 'Strict' | 'Unique', podUid: string = randomUUID()): Promise<Replica> {
    const config = join(folder, `${ordering}.json`);
    const counters = [{ name: 'default', start: 1, step: 1 }];
    const rest = { leaseDurationSeconds: 2, outageBudgetSeconds: 60 };
    await writeFile(config, JSON.stringify({ name, ordering, counters, ...rest }));
    const flags = ['--config', config, '--kubeconfig', kubeconfig, '--port', '0', '--peer-port', '0'];
    const child = spawn(process.execPath, [main, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, POD_NAME: pod, POD_UID: podUid, POD_NAMESPACE: namespace, SLUICE_LOG_LEVEL: 'info' },
    });
    if (child.stdout === null) throw new Error('no stdout');
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${pod} ended with ${code}`)));
      lines.on('line', (line) => {
        const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
        if (msg === 'started' && address !== undefined) resolve(address);
      });
    });
    const replica = { pod, process: child, url };
    replicas.push(replica);
    return replica;
  }

  async function startThree(ordering: 'Strict' | 'Unique'): Promise<string[]> {
    const started = await Promise.all([0, 1, 2].map((index) => start(`${name}-${index}`, ordering)));
    return started.map(({ url }) => url);
  }

  async function holder(): Promise<Replica> {
    const lease = await cluster.client.get(Lease, { namespace, name: `${name}-ledger` });
    const pod = lease?.spec?.holderIdentity?.split('/', 1)[0];
    const found = replicas.find((replica) => replica.pod === pod);
    if (found === undefined) throw new Error(`no process of ${pod}`);
    return found;
  }

  /** Runs a load on `urls` and does something to the replicas when a part of it is done. */
  async function loadWhile(urls: readonly string[], numbers: number, disturb: () => Promise<void>) {
    let disturbed: Promise<void> | undefined;
    const figures = await runCounterLoad({
      baseUrl: urls,
      numbers,
      clients: 6,
      onProgress: ({ answers }) => {
        if (answers > numbers / 10) disturbed ??= disturb();
      },
    });
    expect(disturbed).toBeDefined();
    await disturbed;
    return figures;
  }

  it('Strict: keep uniqueness and order when the busy holder is killed', async () => {
    const urls = await startThree('Strict');
    await runCounterLoad({ baseUrl: urls, numbers: 30, clients: 3 });
    const first = await holder();
    const figures = await loadWhile(urls, 6_000, async () => void first.process.kill('SIGKILL'));
    expect(figures).toMatchObject({ answers: 6_000, duplicates: 0, inverted: false });
    expect((await holder()).pod).not.toBe(first.pod);
  });

  it('Strict: keep uniqueness and order when the busy holder is paused past its lease and wakes up', async () => {
    const urls = await startThree('Strict');
    await runCounterLoad({ baseUrl: urls, numbers: 30, clients: 3 });
    const first = await holder();
    const figures = await loadWhile(urls, 8_000, async () => {
      first.process.kill('SIGSTOP');
      await vi.waitFor(async () => expect((await holder()).pod).not.toBe(first.pod), {
        timeout: 20_000,
        interval: 100,
      });
      first.process.kill('SIGCONT');
    });
    expect(figures).toMatchObject({ answers: 8_000, duplicates: 0, inverted: false });
  });

  it('Strict: a clean hand-over fails no request of the other replicas and leaves no gap', async () => {
    const urls = await startThree('Strict');
    await runCounterLoad({ baseUrl: urls, numbers: 30, clients: 3 });
    const first = await holder();
    const others = urls.filter((url) => url !== first.url);
    const figures = await loadWhile(others, 6_000, async () => {
      const exited = once(first.process, 'exit');
      first.process.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    });
    expect(figures).toMatchObject({ answers: 6_000, retried: 0, duplicates: 0, missing: 0, inverted: false });
    expect((await holder()).pod).not.toBe(first.pod);
  });

  it('Strict: a restarted container does not wait for the lease of its predecessor, and has a new epoch', async () => {
    const podUid = randomUUID();
    const first = await start(`${name}-0`, 'Strict', podUid);
    await runCounterLoad({ baseUrl: first.url, numbers: 5, clients: 1 });
    const before = await peek(first.url);
    const exited = once(first.process, 'exit');
    first.process.kill('SIGKILL');
    await exited;
    const again = await start(`${name}-0`, 'Strict', podUid);
    const figures = await runCounterLoad({ baseUrl: again.url, numbers: 5, clients: 1 });
    expect(figures.duplicates).toBe(0);
    expect(BigInt((await peek(again.url)).epoch)).toBe(BigInt(before.epoch) + 1n);
  });

  it('Unique: three replicas and a killed one never give a number twice', async () => {
    const urls = await startThree('Unique');
    const figures = await loadWhile(urls, 6_000, async () => void replicas[0]?.process.kill('SIGKILL'));
    expect(figures).toMatchObject({ answers: 6_000, duplicates: 0 });
  });

  it('give no number when the ledger is made again from nothing, and say why', async () => {
    const { url } = await start(`${name}-0`, 'Strict');
    await runCounterLoad({ baseUrl: url, numbers: 5, clients: 1 });
    const ledger = await cluster.client.get(Lease, { namespace, name: `${name}-ledger` });
    const { uid = '', annotations = {} } = ledger?.metadata ?? {};
    await cluster.client.delete(Lease, { namespace, name: `${name}-ledger` }, { preconditions: { uid } });
    await makeLease(`${name}-ledger`, annotations);
    await vi.waitFor(
      async () => {
        const response = await fetch(`${url}/v1/next`, { method: 'POST' });
        expect(response.status).toBe(503);
        expect(response.headers.get('retry-after')).toBe('10');
        expect(await response.json()).toMatchObject({
          code: 'SLUICE_LEDGER_REGRESSED',
          detail: expect.stringContaining('the ledger was replaced'),
        });
      },
      { timeout: 10_000, interval: 100 },
    );
  });
});

async function peek(url: string): Promise<{ epoch: string; holder: string }> {
  return (await fetch(`${url}/v1/peek`)).json() as Promise<{ epoch: string; holder: string }>;
}
