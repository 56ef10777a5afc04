import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { Random } from '../clock.ts';
import type { Lease } from '../kube/resources.ts';
import { createLogger } from '../telemetry/log.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { createLeaderElection } from './leader.ts';
import { Deposed, type Leadership } from './leadership.ts';
import { createLeaseServer, ProcessClock } from './testing/lease-world.ts';

const SEEDS = Array.from({ length: 150 }, (_, i) => i + 1);
const log = createLogger('test', 'silent');
const key = { namespace: 'n', name: 'operator' };

interface Reign {
  readonly epoch: number;
  readonly leadership: Leadership;
  readonly signal: AbortSignal;
  readonly clock: ProcessClock;
}

/** Whether a write of this reign would be sent now. */
function maySend({ leadership }: Reign): boolean {
  try {
    leadership.assertMayWrite();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Deposed);
    return false;
  }
}

/** Candidates of one Lease. `begin` is called when one of them is elected; its work ends `wrapUpMs` after its signal. */
function world(seed: number) {
  const time = new VirtualClock();
  const random: Random = seededRandom(seed);
  const server = createLeaseServer(time, random);
  const reigns: Reign[] = [];
  /** Those who believe that they lead and are able to act on it. */
  const inPower = () => reigns.filter(({ signal, clock }) => !signal.aborted && !clock.stopped);

  function stand(identity: string, { wrapUpMs = 0, rate = 1, wallOffsetMs = 0 } = {}) {
    const clock = new ProcessClock(time, rate, wallOffsetMs);
    const stop = new AbortController();
    const registry = new Registry();
    const election = createLeaderElection({
      client: server.clientOf(clock),
      clock,
      random,
      log,
      lease: key,
      identity,
      registry,
    });
    const ended = election.run(stop.signal, async (leadership, signal) => {
      reigns.push({ epoch: leadership.epoch, leadership, signal, clock });
      expect(inPower().length, `seed ${seed}: more than one leader at ${time.monotonic()} ms`).toBeLessThanOrEqual(1);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await new Promise<void>((resolve) => clock.setTimer(wrapUpMs, resolve));
    });
    const isMaster = async () =>
      (await registry.getSingleMetric('leader_election_master_status')?.get())?.values[0]?.value;
    return { clock, stop, ended, isMaster };
  }

  return { time, random, server, reigns, inPower, stand };
}

test('a process that was frozen past its lease sends nothing from its first instruction on, and knows that it has lost', async () => {
  const { time, reigns, stand } = world(9);
  const first = stand('a');
  await time.advance(1_000);
  stand('b');
  await time.advance(9_000);
  const [old] = reigns as [Reign];
  expect(maySend(old)).toBe(true);
  first.clock.stop();
  await time.advance(20_000);
  expect(reigns.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(old.signal.aborted).toBe(false);
  expect(maySend(old)).toBe(false);
  expect(old.signal.aborted).toBe(true);
  expect(reigns.map(maySend)).toEqual([false, true]);
});

test('what is still running after the Lease was given back sends nothing', async () => {
  const { time, reigns, stand } = world(10);
  const only = stand('a', { wrapUpMs: 1_000 });
  await time.advance(1_000);
  only.stop.abort();
  await time.advance(900);
  expect(reigns.map(maySend)).toEqual([true]);
  await time.advance(200);
  expect(reigns.map(maySend)).toEqual([false]);
});

test('there is never more than one leader: lost requests, slow answers, stopped processes, drifting and wrong clocks', async () => {
  let elected = 0;
  let sent = 0;
  let refused = 0;
  for (const seed of SEEDS) {
    const { time, random, server, reigns, inPower, stand } = world(seed);
    const candidates = [1, 2, 3].map((i) =>
      stand(`c${i}`, { rate: 0.9 + random() * 0.2, wallOffsetMs: (random() - 0.5) * 1e9, wrapUpMs: random() * 500 }),
    );
    const failures: unknown[] = [];
    for (const { ended } of candidates) ended.catch((error: unknown) => failures.push(error));
    server.setTrouble(0.2);
    for (let i = 0; i < 100; i++) {
      await time.advance(random() * 3_000);
      const candidate = candidates[Math.floor(random() * candidates.length)];
      if (candidate === undefined) continue;
      if (random() < 0.15) candidate.clock.stop();
      if (random() < 0.3) {
        // What a process does first when it goes on is the rest of what it was doing; its late timers come after that.
        const latest = Math.max(...reigns.map(({ epoch }) => epoch));
        for (const reign of reigns.filter(({ clock }) => clock === candidate.clock)) {
          const may = maySend(reign);
          if (may) expect(reign.epoch, `seed ${seed}: sent by a deposed leader`).toBe(latest);
          if (may) sent++;
          else refused++;
        }
        candidate.clock.resume();
      }
      if (random() < 0.05) server.touch();
      expect(inPower().length, `seed ${seed}, ${time.monotonic()} ms`).toBeLessThanOrEqual(1);
    }
    server.setTrouble(0);
    for (const { clock } of candidates) clock.resume();
    // A whole lease of a leader that was lost, and a little for the slowest clock.
    await time.advance(40_000);
    expect(inPower(), `seed ${seed}: a leader in the end`).toHaveLength(1);
    const epochs = reigns.map(({ epoch }) => epoch);
    expect(epochs, `seed ${seed}: epochs only grow`).toEqual([...new Set(epochs)].sort((a, b) => a - b));
    for (const { stop } of candidates) stop.abort();
    await time.advance(5_000);
    await Promise.all(candidates.map(({ ended }) => ended));
    expect(failures).toEqual([]);
    elected += reigns.length;
  }
  expect(elected).toBeGreaterThan(SEEDS.length * 2);
  expect(sent).toBeGreaterThan(SEEDS.length);
  expect(refused).toBeGreaterThan(SEEDS.length);
}, 120_000);

test('a leader that stops ends its work, gives the Lease back, and the next one leads within a second', async () => {
  const { time, server, reigns, inPower, stand } = world(1);
  const first = stand('a', { wrapUpMs: 3_000 });
  await time.advance(1_000);
  const second = stand('b');
  await time.advance(60_000);
  expect(reigns.map(({ epoch }) => epoch)).toEqual([1]);
  expect(await first.isMaster()).toBe(1);
  first.stop.abort();
  await time.advance(2_900);
  expect(inPower(), 'the work still winds down').toHaveLength(0);
  await time.advance(100 + 1_000);
  await first.ended;
  expect(reigns.map(({ epoch }) => epoch)).toEqual([1, 2]);
  expect(await first.isMaster()).toBe(0);
  expect(await second.isMaster()).toBe(1);
  second.stop.abort();
  await time.advance(100);
  expect((server.lease() as Lease).spec).toMatchObject({
    holderIdentity: '',
    leaseDurationSeconds: 1,
    leaseTransitions: 2,
  });
});

test('a leader that died is followed when its lease has run out, not before', async () => {
  const { time, reigns, stand } = world(2);
  const first = stand('a');
  await time.advance(30_000);
  stand('b');
  await time.advance(5_000);
  first.clock.stop();
  await time.advance(12_500);
  expect(reigns).toHaveLength(1);
  await time.advance(4_000);
  expect(reigns).toHaveLength(2);
});

test('a leader that cannot renew gives up before others may take over, and leads again later', async () => {
  const { time, server, reigns, stand } = world(3);
  stand('a');
  await time.advance(1_000);
  server.setTrouble(1);
  await time.advance(10_100);
  expect(reigns[0]?.signal.aborted).toBe(true);
  expect(String(reigns[0]?.signal.reason)).toContain('leadership lost');
  server.setTrouble(0);
  await time.advance(20_000);
  expect(reigns.map(({ epoch }) => epoch)).toHaveLength(2);
});

test('a process that was stuck longer than its lease gives up, although its late renewal would succeed', async () => {
  const { time, reigns, stand } = world(4);
  const only = stand('a');
  await time.advance(1_000);
  only.clock.stop();
  await time.advance(11_000);
  expect(reigns[0]?.signal.aborted).toBe(false);
  only.clock.resume();
  await time.advance(100);
  expect(reigns[0]?.signal.aborted).toBe(true);
});

test('a write of somebody else to the Lease does not cost the leadership', async () => {
  const { time, server, reigns, inPower, stand } = world(5);
  stand('a');
  for (let i = 0; i < 30; i++) {
    await time.advance(1_000);
    server.touch();
  }
  expect(reigns).toHaveLength(1);
  expect(inPower()).toHaveLength(1);
});

test('a Lease that somebody else holds is not taken back', async () => {
  const { time, server, reigns, stand } = world(7);
  stand('a');
  await time.advance(5_000);
  server.seize('kubectl');
  await time.advance(3_000);
  expect(reigns[0]?.signal.aborted).toBe(true);
  expect((server.lease() as Lease).spec?.holderIdentity).toBe('kubectl');
});

test('a renewal counts from when it was sent: a slow answer does not prolong the leadership', async () => {
  const { time, server, reigns, stand } = world(8);
  stand('a');
  await time.advance(3_000);
  server.setSlowness(4_000);
  const before = server.lease();
  while (server.lease() === before) await time.advance(10);
  server.setTrouble(1);
  await time.advance(9_900);
  expect(reigns[0]?.signal.aborted).toBe(false);
  await time.advance(200);
  expect(reigns[0]?.signal.aborted).toBe(true);
});

test('work that fails releases the Lease and fails the run', async () => {
  const { time, random, server } = world(6);
  const election = createLeaderElection({
    client: server.clientOf(time),
    clock: time,
    random,
    log,
    lease: key,
    identity: 'a',
  });
  const run = election.run(new AbortController().signal, async () => {
    throw new Error('a bug');
  });
  const outcome = expect(run).rejects.toThrow('a bug');
  await time.advance(2_000);
  await outcome;
  expect((server.lease() as Lease).spec?.holderIdentity).toBe('');
});
