import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Lease } from '@sluice/runtime/kube';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { runCounterLoad } from './load/run-counter-load.ts';
import { createReplicaSet, loadWhile, type ReplicaSet } from './testing/replicas.ts';

const kubeconfig = inject('kubeconfig');

describe('replicas on a Lease ledger', () => {
  let replicas: ReplicaSet;

  beforeAll(async () => {
    replicas = await createReplicaSet(kubeconfig);
  });
  beforeEach(() => replicas.makeLedger());
  afterEach(() => replicas.reset());
  afterAll(() => replicas.close());

  /** Three replicas, of which one holds the ledger. */
  async function startHolding(): Promise<string[]> {
    const urls = (await replicas.startThree('Strict')).map(({ url }) => url);
    await runCounterLoad({ baseUrl: urls, numbers: 30, clients: 3 });
    return urls;
  }

  it('Strict: keep uniqueness and order when the busy holder is killed', async () => {
    const urls = await startHolding();
    const first = await replicas.holder();
    const figures = await loadWhile(urls, 6_000, async () => void first.process.kill('SIGKILL'));
    expect(figures).toMatchObject({ answers: 6_000, duplicates: 0, inverted: false });
    expect((await replicas.holder()).pod).not.toBe(first.pod);
  });

  it('Strict: keep uniqueness and order when the busy holder is paused past its lease and wakes up', async () => {
    const urls = await startHolding();
    const first = await replicas.holder();
    const figures = await loadWhile(urls, 8_000, async () => {
      first.process.kill('SIGSTOP');
      const another = async () => expect((await replicas.holder()).pod).not.toBe(first.pod);
      await vi.waitFor(another, { timeout: 20_000, interval: 100 });
      first.process.kill('SIGCONT');
    });
    expect(figures).toMatchObject({ answers: 8_000, duplicates: 0, inverted: false });
  });

  it('Strict: a clean hand-over fails no request of the other replicas and leaves no gap', async () => {
    const urls = await startHolding();
    const first = await replicas.holder();
    const others = urls.filter((url) => url !== first.url);
    const figures = await loadWhile(others, 6_000, async () => {
      const exited = once(first.process, 'exit');
      first.process.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    });
    expect(figures).toMatchObject({ answers: 6_000, retried: 0, duplicates: 0, missing: 0, inverted: false });
    expect((await replicas.holder()).pod).not.toBe(first.pod);
  });

  it('Strict: a restarted container does not wait for the lease of its predecessor, and has a new epoch', async () => {
    const podUid = randomUUID();
    const first = await replicas.start(0, { ordering: 'Strict', podUid });
    await runCounterLoad({ baseUrl: first.url, numbers: 5, clients: 1 });
    const before = await peek(first.url);
    const exited = once(first.process, 'exit');
    first.process.kill('SIGKILL');
    await exited;
    const again = await replicas.start(0, { ordering: 'Strict', podUid });
    const figures = await runCounterLoad({ baseUrl: again.url, numbers: 5, clients: 1 });
    expect(figures.duplicates).toBe(0);
    expect(BigInt((await peek(again.url)).epoch)).toBe(BigInt(before.epoch) + 1n);
  });

  it('Unique: three replicas and a killed one never give a number twice', async () => {
    const [first, ...others] = await replicas.startThree('Unique');
    const urls = [first, ...others].flatMap((replica) => replica?.url ?? []);
    const figures = await loadWhile(urls, 6_000, async () => void first?.process.kill('SIGKILL'));
    expect(figures).toMatchObject({ answers: 6_000, duplicates: 0 });
  });

  it('give no number when the ledger is made again, and say why', async () => {
    const { url } = await replicas.start(0, { ordering: 'Strict' });
    await runCounterLoad({ baseUrl: url, numbers: 5, clients: 1 });
    const { cluster, ledgerKey } = replicas;
    const { uid = '', annotations = {} } = (await cluster.client.get(Lease, ledgerKey))?.metadata ?? {};
    await cluster.client.delete(Lease, ledgerKey, { preconditions: { uid } });
    await replicas.makeLedger(annotations);
    const refused = async (): Promise<void> => {
      const response = await fetch(`${url}/v1/next`, { method: 'POST' });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('10');
      expect(await response.json()).toMatchObject({
        code: 'SLUICE_LEDGER_REGRESSED',
        detail: expect.stringContaining('the ledger was replaced'),
      });
    };
    await vi.waitFor(refused, { timeout: 10_000, interval: 100 });
  });
});

async function peek(url: string): Promise<{ epoch: string; holder: string }> {
  return (await fetch(`${url}/v1/peek`)).json() as Promise<{ epoch: string; holder: string }>;
}
