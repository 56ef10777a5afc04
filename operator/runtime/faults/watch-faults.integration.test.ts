import { randomUUID } from 'node:crypto';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { createInformers } from '../cache/informers.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Cluster, ConfigMap, connectKubeconfig, Lease, Namespace, ServiceAccount } from '../index.ts';
import { connectCluster } from '../kube/cluster.ts';
import { kubeconfigCredentials } from '../kube/kubeconfig.ts';
import type { KubeObject, Resource } from '../kube/object.ts';
import { createLogger, createRegistry } from '../telemetry/index.ts';
import { type FaultProxy, startFaultProxy } from '../testing/fault-proxy.ts';
import { type ApiFaultProxy, REQUEST_FAULTS, startApiFaultProxy, WATCH_FAULTS } from '../testing/fault-proxy-api.ts';
import { seededRandom } from '../testing/seeded-random.ts';

// Several watches on a real API server live through faults of every kind while objects come, change and go. A watch that
// had stopped for good would not meet its next fault, and its cache would differ from a live list in the end.

const FAULTS = Number(process.env.FAULTS ?? 300);
const SEED = Number(process.env.SEED ?? 1);
/** Faults that may be under way at the same time. */
const AT_ONCE = 4;
/** Waits of the runtime are this much shorter, so that an hour of faults fits into a test. */
const HASTE = 20;
const NO_BOOKMARKS = 'watch: no bookmarks, then expired';
const soon = { timeout: 30_000, interval: 1 };
const cleanup: (() => unknown)[] = [];

afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

/** A clock in a hurry, whose wall clock jumps and which may have stood still, as in a machine that was suspended. */
function jumpingClock() {
  let wallJumpMs = 0;
  let leaptMs = 0;
  const clock: Clock = {
    now: () => systemClock.now() + wallJumpMs,
    monotonic: () => systemClock.monotonic() * HASTE + leaptMs,
    setTimer: (ms, fn) => systemClock.setTimer(ms / HASTE, fn),
  };
  return {
    clock,
    setWall: (ms: number): void => {
      wallJumpMs = ms;
    },
    leap: (ms: number): void => {
      leaptMs += ms;
    },
  };
}

/** Resolves when the fault has taken place. */
type Inject = () => Promise<void>;

function faults(
  proxy: ApiFaultProxy,
  wire: FaultProxy,
  random: () => number,
  clock: ReturnType<typeof jumpingClock>,
  lost: { bookmarks: number },
): Record<string, Inject> {
  const breakOne = async (fault: (typeof WATCH_FAULTS)[number]): Promise<void> => {
    await vi.waitUntil(() => proxy.breakWatch(fault, random()), soon);
  };
  /** Waits until the client has come back with another connection. */
  const reconnected = async (breakAll: () => void, times = 1): Promise<void> => {
    const before = wire.accepted;
    breakAll();
    await vi.waitUntil(() => wire.accepted >= before + times, soon);
  };
  const spoil = (kind: 'list' | 'watch', fault: (typeof REQUEST_FAULTS)[number]): Inject => {
    return async () => {
      const met = proxy.spoil(kind, fault);
      // An expired watch has to list, one that was ended watches on.
      await breakOne(kind === 'list' ? 'ERROR 410' : 'end');
      await within(met, `the ${kind} that is to meet ${fault}`);
    };
  };
  return {
    ...Object.fromEntries(REQUEST_FAULTS.map((fault) => [`list: ${fault}`, spoil('list', fault)])),
    ...Object.fromEntries(REQUEST_FAULTS.map((fault) => [`watch: ${fault}`, spoil('watch', fault)])),
    [NO_BOOKMARKS]: async () => {
      const ended = proxy.dropBookmarks();
      await breakOne('end');
      lost.bookmarks += await within(ended, 'the end of the watch without bookmarks');
    },
    ...Object.fromEntries(WATCH_FAULTS.map((fault) => [`open watch: ${fault}`, () => breakOne(fault)])),
    'connection: reset': () => reconnected(() => wire.cut()),
    'connection: half-open': () => reconnected(() => wire.freeze()),
    'connection: refused twice': async () => {
      wire.refuse(true);
      await reconnected(() => wire.cut(), 2);
      wire.refuse(false);
    },
    'connection: GOAWAY': async () => proxy.goAway(),
    'clock: wall clock jumps': async () => clock.setWall((random() - 0.5) * 1e10),
    'clock: ten minutes lost': async () => clock.leap(600_000),
  };
}

/** What `promise` comes to; rejects when it takes too long, which here means that a watch is dead. */
async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = AbortSignal.timeout(soon.timeout);
  const tooLate = new Promise<never>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error(`never came: ${what}`)));
  });
  return Promise.race([promise, tooLate]);
}

/** Objects of two kinds that come, change and go until `stop`, past all proxies. */
function churn({ client }: Cluster, namespace: string, random: () => number) {
  let running = true;
  const one = async (): Promise<void> => {
    const metadata = { name: `o${Math.floor(random() * 40)}`, namespace };
    const [resource, kind, apiVersion] =
      random() < 0.7
        ? ([ConfigMap, 'ConfigMap', 'v1'] as const)
        : ([Lease, 'Lease', 'coordination.k8s.io/v1'] as const);
    if (random() < 0.25) {
      const found = await client.get<KubeObject>(resource, metadata);
      const uid = found?.metadata.uid;
      if (uid !== undefined) await client.delete(resource, metadata, { preconditions: { uid } });
      return;
    }
    const labels = { turn: String(Math.floor(random() * 1e9)) };
    await client.apply(
      resource as Resource,
      { apiVersion, kind, metadata: { ...metadata, labels } },
      { fieldManager: 'churn' },
    );
  };
  const ended = (async () => {
    while (running) {
      await one();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  // Told by who stops it. A test that fails before closes the connection under it, which is not what it failed of.
  ended.catch(() => undefined);
  return async (): Promise<void> => {
    running = false;
    await ended;
  };
}

const versions = (objects: readonly KubeObject[]): string[] =>
  objects
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
    .sort();

test(
  'no watch ends for good, and every cache is complete in the end',
  async () => {
    const credentials = await kubeconfigCredentials({ path: inject('kubeconfig') });
    const direct = await connectKubeconfig({ path: inject('kubeconfig') });
    cleanup.push(() => direct.close());
    const namespace = `faults-${randomUUID().slice(0, 8)}`;
    await direct.client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const proxy = await startApiFaultProxy(credentials);
    cleanup.push(() => proxy.stop());
    const wire = await startFaultProxy({ host: '127.0.0.1', port: proxy.port });
    cleanup.push(() => wire.stop());

    const random = seededRandom(SEED);
    const time = jumpingClock();
    const { clock } = time;
    const faulty = connectCluster({ ...credentials, server: `http://127.0.0.1:${wire.port}` }, { clock, random });
    cleanup.push(() => faulty.close());
    const registry = createRegistry();
    const log = createLogger('test', 'silent');
    const informers = createInformers({ cluster: faulty, clock, random, log, registry });
    const watched = [
      informers.informer(ConfigMap),
      informers.informer(Lease),
      informers.informer(ServiceAccount, { metadataOnly: true }),
    ];
    const told = watched.map((informer) => {
      const objects = new Map<string, KubeObject>();
      informer.subscribe((change) => {
        const id = `${change.object.metadata.namespace}/${change.object.metadata.name}`;
        if (change.type === 'deleted') objects.delete(id);
        else objects.set(id, change.object);
      });
      return objects;
    });
    const stop = new AbortController();
    cleanup.push(() => stop.abort());
    informers.start(stop.signal);
    await informers.whenSynced(AbortSignal.timeout(30_000));

    const lost = { bookmarks: 0 };
    const stopChurn = churn(direct, namespace, seededRandom(SEED + 1));
    const kinds = faults(proxy, wire, random, time, lost);
    const injections = Object.entries(kinds);
    const injected = new Map<string, number>();
    let begun = 0;
    const injectMany = async (): Promise<void> => {
      while (begun < FAULTS) {
        const i = begun++;
        // Each kind once, then as it comes.
        const chosen = i < injections.length ? i : Math.floor(random() * injections.length);
        const [name, fault] = injections[chosen] ?? ['', async () => {}];
        await fault().catch((cause: unknown) => {
          throw new Error(`seed ${SEED}, fault ${i}: ${name}`, { cause });
        });
        injected.set(name, (injected.get(name) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, injectMany));
    // Among other faults few watches live until their bookmark: one that nothing disturbs surely loses it.
    await kinds[NO_BOOKMARKS]?.();
    await stopChurn();
    const lists = (await registry.getSingleMetric('reflector_lists_total')?.get())?.values ?? [];
    console.log(
      `${FAULTS} faults (seed ${SEED}), ${lists.reduce((sum, { value }) => sum + value, 0)} lists:\n` +
        [...injected]
          .sort()
          .map(([name, count]) => `  ${String(count).padStart(4)}  ${name}`)
          .join('\n'),
    );
    expect(injected.size).toBe(injections.length);
    expect(lost.bookmarks).toBeGreaterThan(0);

    for (const [i, { resource }] of watched.entries()) {
      const compare = async (): Promise<void> => {
        const { items } = await direct.client.list<KubeObject>(resource);
        expect(versions(informers.reader.list(resource, '')), `cache of ${resource.kind}`).toEqual(versions(items));
        expect(versions([...(told[i]?.values() ?? [])]), `changes told of ${resource.kind}`).toEqual(versions(items));
      };
      await vi.waitFor(compare, { timeout: 30_000, interval: 200 });
    }
  },
  60_000 + FAULTS * 1_000,
);
