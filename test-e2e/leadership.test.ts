import { Lease, Pod } from '@sluice/runtime';
import { beforeAll, expect, test } from 'vitest';
import { type Cluster, killContainer, useCluster, waitFor } from './cluster.ts';

// How long nobody leads when the leader is told to go, and when it dies. Timings are printed, not asserted: the machine
// that runs this may be busy. REPEATS=50 gives figures to quote.

const repeats = Number(process.env.REPEATS ?? 2);
const namespace = 'sluice-system';
const operators = { namespace, labelSelector: 'app.kubernetes.io/name=sluice-operator' };
const limitMs = repeats * 120_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await useCluster();
});

interface Held {
  /** '' while it is released. */
  readonly holder: string;
  readonly epoch: number;
}

async function held(): Promise<Held> {
  const lease = await cluster.client.get(Lease, { namespace, name: 'sluice-operator' });
  return { holder: lease?.spec?.holderIdentity ?? '', epoch: lease?.spec?.leaseTransitions ?? 0 };
}

/** The pod that leads, once all replicas are ready and one of them leads. */
async function settledLeader(): Promise<Held & { readonly pod: Pod }> {
  return waitFor('two operators are ready and one leads', async () => {
    const { items } = await cluster.client.list(Pod, operators);
    const ready = items.filter(
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined &&
        status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    const now = await held();
    // The identity is the name of the pod with something random behind it.
    const pod = ready.find(({ metadata }) => now.holder.startsWith(`${metadata.name}_`));
    return items.length === 2 && ready.length === 2 && pod !== undefined && { ...now, pod };
  });
}

/** Looks every 10 ms until somebody else leads; tells when that was seen, and when the Lease was seen released before it. */
async function succession(before: Held): Promise<{ next: Held; releasedAt: number | undefined; takenAt: number }> {
  let releasedAt: number | undefined;
  const next = await waitFor(
    'somebody else leads',
    async () => {
      const now = await held();
      if (now.holder === '') releasedAt ??= performance.now();
      return now.holder !== '' && now.holder !== before.holder && now;
    },
    60_000,
    10,
  );
  return { next, releasedAt, takenAt: performance.now() };
}

/** `p50 412 ms, p90 530 ms, most 655 ms of 50` */
function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, most ${at(1)} ms of ${sorted.length}`;
}

/** A long run says how far it is, and what it has seen when it is cut short. */
function progress(what: string, done: number, ms: number): void {
  if (repeats > 2) process.stderr.write(`${what} ${done}/${repeats}: ${Math.round(ms)} ms\n`);
}

async function deletePod({ metadata }: Pod): Promise<void> {
  await cluster.client.delete(Pod, { namespace, name: metadata.name }, { preconditions: { uid: metadata.uid ?? '' } });
}

test(
  'a leader whose pod is deleted hands over',
  async () => {
    const sinceDeletion: number[] = [];
    const sinceRelease: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const leader = await settledLeader();
      const deletedAt = performance.now();
      await deletePod(leader.pod);
      const { next, releasedAt, takenAt } = await succession(leader);
      expect(next.epoch).toBe(leader.epoch + 1);
      sinceDeletion.push(takenAt - deletedAt);
      // Taken between two looks: the release was not seen.
      sinceRelease.push(releasedAt === undefined ? 0 : takenAt - releasedAt);
      progress('hand-over', i + 1, takenAt - deletedAt);
    }
    console.log(`hand-over since the pod was deleted: ${summary(sinceDeletion)}`);
    console.log(`hand-over since the Lease was released: ${summary(sinceRelease)}`);
  },
  limitMs,
);

test(
  'a leader that is killed is followed when its Lease has run out',
  async () => {
    const sinceCommand: number[] = [];
    const sinceKill: number[] = [];
    for (let i = 0; i < repeats; i++) {
      const leader = await settledLeader();
      const commandedAt = performance.now();
      await killContainer(cluster, namespace, leader.pod.metadata.name);
      const killedAt = performance.now();
      const { next, takenAt } = await succession(leader);
      expect(next.epoch).toBe(leader.epoch + 1);
      sinceCommand.push(takenAt - commandedAt);
      sinceKill.push(takenAt - killedAt);
      progress('fail-over', i + 1, takenAt - killedAt);
      // A new pod has no back-off of its restarts to wait for.
      await deletePod(leader.pod);
    }
    console.log(`crash fail-over since the kill: ${summary(sinceKill)} (since its command: ${summary(sinceCommand)})`);
  },
  limitMs,
);
