import { randomUUID } from 'node:crypto';
import { expect, inject, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { connectKubeconfig, Lease, Namespace } from '../kube/index.ts';
import { createLogger } from '../telemetry/log.ts';
import { createLeaderElection } from './leader.ts';

test('two candidates on a real API server: one leads, stops, and hands over without waiting for the lease to run out', async () => {
  const { client, close } = await connectKubeconfig({ path: inject('kubeconfig') });
  const namespace = `election-${randomUUID().slice(0, 8)}`;
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const lease = { namespace, name: 'operator' };
  const reigns: { identity: string; epoch: number }[] = [];
  const log = createLogger('test', 'silent');
  const stand = (identity: string) => {
    const stop = new AbortController();
    const election = createLeaderElection({ client, clock: systemClock, random: Math.random, log, lease, identity });
    const ended = election.run(stop.signal, async ({ epoch }, signal) => {
      reigns.push({ identity, epoch });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    return { stop, ended };
  };
  const patience = { timeout: 10_000, interval: 10 };
  const candidates = { a: stand('a'), b: stand('b') };
  try {
    await expect.poll(() => reigns, patience).toHaveLength(1);
    const first = reigns[0]?.identity === 'a' ? candidates.a : candidates.b;
    first.stop.abort();
    await first.ended;
    // A lease that had to run out would take fifteen seconds.
    await expect.poll(() => reigns, patience).toHaveLength(2);
    expect(new Set(reigns.map(({ identity }) => identity))).toEqual(new Set(['a', 'b']));
    expect(reigns.map(({ epoch }) => epoch)).toEqual([1, 2]);
  } finally {
    candidates.a.stop.abort();
    candidates.b.stop.abort();
    await Promise.all([candidates.a.ended, candidates.b.ended]);
    const left = await client.get(Lease, lease);
    expect(left?.spec).toMatchObject({ holderIdentity: '', leaseTransitions: 2 });
    close();
  }
});
