import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@sluice/runtime/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
// Not in the index of the testing package, which must stay free of sockets.
import { type FaultProxy, startFaultProxy } from '../../operator/runtime/testing/fault-proxy.ts';
import type { Ordering } from './core/allocator.ts';
import { runCounterLoad } from './load/run-counter-load.ts';
import { createReplicaSet, loadWhile, type Replica, type ReplicaSet } from './testing/replicas.ts';

const direct = inject('kubeconfig');
const seed = 7;

/** Each replica has its own way to the API server, which can be cut, frozen or closed. */
describe('replicas whose way to the API server breaks', () => {
  let replicas: ReplicaSet;
  let folder: string;
  const proxies: FaultProxy[] = [];

  beforeAll(async () => {
    replicas = await createReplicaSet(direct);
    folder = await mkdtemp(join(tmpdir(), 'sluice-proxied-'));
  });
  beforeEach(() => replicas.makeLedger());
  afterEach(async () => {
    await replicas.reset();
    for (const proxy of proxies.splice(0)) await proxy.stop();
  });
  afterAll(async () => {
    await replicas.close();
    await rm(folder, { recursive: true });
  });

  async function startProxied(ordinal: number, ordering: Ordering): Promise<Replica> {
    const text = await readFile(direct, 'utf8');
    const server = /https:\/\/127\.0\.0\.1:(\d+)/.exec(text);
    const proxy = await startFaultProxy({ host: '127.0.0.1', port: Number(server?.[1]) });
    proxies.push(proxy);
    const kubeconfig = join(folder, `${ordinal}.yaml`);
    await writeFile(kubeconfig, text.replaceAll(server?.[0] ?? '', `https://127.0.0.1:${proxy.port}`));
    return replicas.start(ordinal, { ordering, kubeconfig });
  }

  it('Strict: any mixture of cut, frozen and refused connections gives no duplicate and no inversion', async () => {
    const started = await Promise.all([0, 1, 2].map((ordinal) => startProxied(ordinal, 'Strict')));
    const urls = started.map(({ url }) => url);
    await runCounterLoad({ baseUrl: urls, numbers: 30, clients: 3 });
    const random = seededRandom(seed);
    let over = false;
    const harm = async (): Promise<void> => {
      for (let round = 0; round < 12 && !over; round += 1) {
        const proxy = proxies[Math.floor(random() * proxies.length)];
        const kind = random();
        if (kind < 0.4) proxy?.cut();
        else if (kind < 0.7) proxy?.freeze();
        else {
          proxy?.refuse(true);
          proxy?.cut();
        }
        await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1_500));
        proxy?.refuse(false);
      }
    };
    const figures = await loadWhile(urls, 6_000, harm);
    over = true;
    expect(figures).toMatchObject({ answers: 6_000, duplicates: 0, inverted: false });
  });

  it('Strict: answer 503 with Retry-After when the API server is away for longer than the lease, and go on after it', async () => {
    const { url } = await startProxied(0, 'Strict');
    await runCounterLoad({ baseUrl: url, numbers: 10, clients: 1 });
    for (const proxy of proxies) {
      proxy.refuse(true);
      proxy.cut();
    }
    const refused = async (): Promise<void> => {
      const response = await fetch(`${url}/v1/next`, { method: 'POST' });
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await response.json()).toMatchObject({ code: 'SLUICE_NO_NUMBERS' });
    };
    await vi.waitFor(refused, { timeout: 30_000 });
    for (const proxy of proxies) proxy.refuse(false);
    expect(await runCounterLoad({ baseUrl: url, numbers: 10, clients: 1 })).toMatchObject({
      answers: 10,
      duplicates: 0,
    });
  });

  it('Unique: go on from what is in hand while the API server is away', async () => {
    const { url } = await startProxied(0, 'Unique');
    await runCounterLoad({ baseUrl: url, numbers: 60, clients: 1 });
    for (const proxy of proxies) {
      proxy.refuse(true);
      proxy.cut();
    }
    const figures = await runCounterLoad({ baseUrl: url, numbers: 100, clients: 2 });
    expect(figures).toMatchObject({ answers: 100, retried: 0, duplicates: 0 });
  });
});
