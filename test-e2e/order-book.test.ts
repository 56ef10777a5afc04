import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { OrderBook } from '@sluice/api';
import { type KubeObject, Lease, PersistentVolumeClaim, Pod, type Resource, StatefulSet } from '@sluice/runtime';
import { beforeAll, expect, test } from 'vitest';
import { loadImages } from '../hack/cluster/env.ts';
import { writeOverlay } from '../hack/deploy/overlay.ts';
import { buildImages } from '../hack/images/build.ts';
import { connectBinary } from '../workloads/order-book/binary/client.ts';
import { type AcknowledgedOrder, runOrderLoad } from '../workloads/order-book/load/run-order-load.ts';
import { checkDense } from '../workloads/order-book/publisher/testing/consumer.ts';
import type { PublishedTrade } from '../workloads/order-book/publisher/trade-message.ts';
import {
  type Cluster,
  conditionOf,
  killContainer,
  portForward,
  useCluster,
  waitFor,
  withNamespace,
} from './cluster.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await useCluster();
});

const btc = { name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001' };
const eth = { name: 'ETH-EUR', tickSize: '0.01', lotSize: '0.001' };
const name = 'spot';

async function apply(namespace: string, spec: object): Promise<void> {
  const limits = { ordersPerSecondPerAccount: 100_000, maxOrdersPerAccount: 100_000 };
  const object: KubeObject & { spec: object } = {
    apiVersion: 'sluice.dev/v1alpha1',
    kind: 'OrderBook',
    metadata: { name, namespace },
    spec: { symbols: [btc], storage: { size: '200Mi' }, limits, ...spec },
  };
  await cluster.client.apply(OrderBook, object, { fieldManager: 'e2e' });
}

async function condition(namespace: string, type: string) {
  return conditionOf(await cluster.client.get(OrderBook, { namespace, name }), type);
}

async function becomesReady(namespace: string): Promise<void> {
  await waitFor('the book is Ready', async () => (await condition(namespace, 'Ready'))?.status === 'True', 180_000);
}

async function remove(namespace: string): Promise<void> {
  const uid = (await cluster.client.get(OrderBook, { namespace, name }))?.metadata.uid ?? '';
  await cluster.client.delete(OrderBook, { namespace, name }, { preconditions: { uid } });
  await waitFor(
    'the book is gone',
    async () => (await cluster.client.get(OrderBook, { namespace, name })) === undefined,
  );
}

/** Deletes the member's pod and waits for the next one. */
async function replacePod(namespace: string): Promise<void> {
  const pod = { namespace, name: `${name}-0` };
  const uid = (await cluster.client.get(Pod, pod))?.metadata.uid ?? '';
  await cluster.client.delete(Pod, pod, { preconditions: { uid } });
  await waitFor('another pod', async () => {
    const next = await cluster.client.get(Pod, pod);
    return next?.metadata.uid !== undefined && next.metadata.uid !== uid;
  });
}

/** Runs `body` with an address of the member that leads. */
async function withBook<T>(namespace: string, body: (url: string) => Promise<T>): Promise<T> {
  const tunnel = await waitFor('a tunnel to the leader', () => portForward(namespace, `svc/${name}-leader`, 8080));
  try {
    return await body(tunnel.url);
  } finally {
    tunnel.stop();
  }
}

async function get(url: string, account = 'default'): Promise<Record<string, unknown>> {
  const response = await fetch(url, { headers: { 'sluice-account': account } });
  return (await response.json()) as Record<string, unknown>;
}

const depth = (url: string) => get(`${url}/v1/depth?symbol=BTC-EUR&limit=5000`);

test('kill -9 of the program and deletion of the pod: the book is the same, every acknowledged order is there', async () => {
  await withNamespace(cluster, async (namespace) => {
    await apply(namespace, { deletionPolicy: 'Delete' });
    await becomesReady(namespace);
    const acknowledged: { readonly id: string; readonly clientOrderId: string; readonly account: string }[] = [];
    await withBook(namespace, async (url) => {
      let killed: Promise<void> | undefined;
      await runOrderLoad({
        url,
        commands: 100_000,
        run: 'kill',
        // The tunnel ends with the container, so what was not answered by then is given up.
        patienceMs: 500,
        onAcknowledged: (order) => {
          acknowledged.push(order);
          if (acknowledged.length === 500) killed = killContainer(cluster, namespace, `${name}-0`);
        },
        signal: AbortSignal.timeout(20_000),
      });
      await killed;
    });
    expect(acknowledged.length).toBeGreaterThanOrEqual(500);
    await waitFor('the program runs again', async () => {
      const pod = await cluster.client.get(Pod, { namespace, name: `${name}-0` });
      const status = pod?.status?.containerStatuses?.[0];
      return status?.ready === true && status.restartCount > 0;
    });
    const before = await withBook(namespace, async (url) => {
      for (const { id, clientOrderId, account } of acknowledged) {
        expect(await get(`${url}/v1/orders/${id}`, account)).toMatchObject({ id, clientOrderId });
      }
      return depth(url);
    });
    expect(new Set(acknowledged.map(({ id }) => id)).size).toBe(acknowledged.length);

    await replacePod(namespace);
    await becomesReady(namespace);
    expect(await withBook(namespace, depth)).toEqual(before);

    const { status } = (await cluster.client.get(OrderBook, { namespace, name })) ?? {};
    expect(status).toMatchObject({ leader: 'spot-0', version: '1.0.0', readyReplicas: 1 });
    expect(Number(status?.epoch)).toBeGreaterThanOrEqual(2);
    await remove(namespace);
    const kinds: readonly Resource[] = [Pod, StatefulSet, Lease, PersistentVolumeClaim];
    for (const kind of kinds) {
      await waitFor(
        `no ${kind.kind} is left`,
        async () => (await cluster.client.list(kind, { namespace })).items.length === 0,
      );
    }
  });
}, 600_000);

test('symbols are added, wrong versions refused, and a retained volume gives the same book again', async () => {
  await withNamespace(cluster, async (namespace) => {
    await apply(namespace, {});
    await becomesReady(namespace);
    await apply(namespace, { version: '7.7.7' });
    await waitFor(
      'the version is refused',
      async () => (await condition(namespace, 'Accepted'))?.reason === 'UnknownVersion',
    );
    await withBook(namespace, async (url) => {
      expect(await get(`${url}/v1/depth?symbol=ETH-EUR`)).toMatchObject({ code: 'SLUICE_UNKNOWN_SYMBOL' });
      const figures = await runOrderLoad({ url, commands: 300, connections: 4 });
      expect(figures.failed).toBe(0);
    });

    await apply(namespace, { symbols: [btc, eth] });
    await becomesReady(namespace);
    const before = await withBook(namespace, async (url) => {
      expect(await get(`${url}/v1/depth?symbol=ETH-EUR`)).toMatchObject({ symbol: 'ETH-EUR', bids: [] });
      return depth(url);
    });
    expect(before.bids).not.toEqual([]);

    await remove(namespace);
    await waitFor('no pod is left', async () => (await cluster.client.list(Pod, { namespace })).items.length === 0);
    expect((await cluster.client.list(PersistentVolumeClaim, { namespace })).items).toHaveLength(1);

    await apply(namespace, { symbols: [btc, eth], deletionPolicy: 'Delete' });
    await becomesReady(namespace);
    expect(await withBook(namespace, depth)).toEqual(before);
    await remove(namespace);
    await waitFor('the volume is gone', async () => {
      return (await cluster.client.list(PersistentVolumeClaim, { namespace })).items.length === 0;
    });
  });
}, 600_000);

const subject = 'trades.spot';
const login = { user: 'book', pass: 'p4ssword-of-the-test' };

/** Starts the broker of config/nats, which waits for its Secret. */
async function startBroker(namespace: string): Promise<void> {
  const { nats } = await buildImages(['nats'], { report: () => undefined });
  await loadImages([nats]);
  const folder = await writeOverlay({ name: 'nats', base: 'config/nats', images: { nats } });
  await cluster.kubectl('apply', '-n', namespace, '-k', folder);
}

async function makeSecret(namespace: string): Promise<void> {
  const literals = [`--from-literal=credentials=${login.user}:${login.pass}`, `--from-literal=password=${login.pass}`];
  await cluster.kubectl('create', 'secret', 'generic', 'nats-login', '-n', namespace, ...literals);
  // A change of a pod makes its kubelet look again at once, instead of within two minutes.
  await cluster.kubectl('annotate', 'pod', `${name}-0`, 'nats-0', '-n', namespace, 'e2e.sluice.dev/look=again');
}

/** All trades that the broker holds, as a consumer reads them. */
async function publishedTrades(namespace: string): Promise<PublishedTrade[]> {
  const tunnel = await portForward(namespace, 'svc/nats', 4222);
  const connection = await connect({ servers: tunnel.url.replace('http', 'nats'), ...login, reconnect: false });
  try {
    const manager = await jetstreamManager(connection);
    const stream = await manager.streams.find(subject);
    const { first_seq: first, last_seq: last } = (await manager.streams.info(stream)).state;
    const trades: PublishedTrade[] = [];
    for (let seq = first; seq <= last; seq++) {
      const message = await manager.streams.getMessage(stream, { seq });
      trades.push(...(message?.json<{ trades: PublishedTrade[] }>().trades ?? []));
    }
    return trades;
  } finally {
    await connection.close();
    tunnel.stop();
  }
}

/** Whether the binary port of the Service lets an account in. */
async function binaryPortAnswers(namespace: string): Promise<void> {
  const tunnel = await portForward(namespace, `svc/${name}`, 8090);
  const port = Number(new URL(tunnel.url).port);
  const client = await connectBinary({
    port,
    credentials: { kind: 'account', text: 'alice' },
    onResults: () => undefined,
  });
  expect(client.welcome.symbols.map((symbol) => symbol.name)).toEqual(['BTC-EUR']);
  client.destroy();
  tunnel.stop();
}

test('trades reach a broker, each once, over a Secret that comes late and a deletion of the pod', async () => {
  await withNamespace(cluster, async (namespace) => {
    const publish = {
      addresses: ['nats://nats:4222'],
      subject,
      credentials: { secretName: 'nats-login' },
      outboxSize: '64Mi',
    };
    await Promise.all([
      startBroker(namespace),
      apply(namespace, { publish, binary: {}, deletionPolicy: 'Delete' }).then(() => becomesReady(namespace)),
    ]);
    const publishing = async (reason: string): Promise<void> => {
      await waitFor(`Published is ${reason}`, async () => (await condition(namespace, 'Published'))?.reason === reason);
    };
    await publishing('SecretMissing');
    const acknowledged: AcknowledgedOrder[] = [];
    const load = (url: string, commands: number, signal?: AbortSignal) =>
      runOrderLoad({
        url,
        commands,
        patienceMs: 500,
        onAcknowledged: (order) => acknowledged.push(order),
        ...(signal !== undefined && { signal }),
      });
    await withBook(namespace, (url) => load(url, 500));
    await binaryPortAnswers(namespace);
    await makeSecret(namespace);
    await publishing('BrokerTakesTrades');

    await withBook(namespace, async (url) => {
      const stop = new AbortController();
      const orders = load(url, 1_000_000, stop.signal);
      await waitFor('trades under way', async () => acknowledged.length > 800);
      await replacePod(namespace);
      stop.abort();
      await orders;
    });
    await becomesReady(namespace);
    const last = await withBook(namespace, async (url) => {
      expect((await load(url, 500)).failed).toBe(0);
      return waitFor('every trade to be published', async () => {
        const { publisher } = await get(`${url}/v1/status`);
        const { state, last, acknowledged } = publisher as Record<string, string>;
        return state === 'ok' && last === acknowledged ? last : undefined;
      });
    });
    const trades = await publishedTrades(namespace);
    checkDense(trades, 1, Number(last));
    const fills = acknowledged.flatMap((order) => order.fills);
    expect(fills.length).toBeGreaterThan(100);
    const told = new Map(trades.map(({ sequence, price, quantity }) => [sequence, { sequence, price, quantity }]));
    for (const { sequence, price, quantity } of fills)
      expect(told.get(sequence)).toEqual({ sequence, price, quantity });
    await publishing('BrokerTakesTrades');
    await remove(namespace);
  });
}, 600_000);
