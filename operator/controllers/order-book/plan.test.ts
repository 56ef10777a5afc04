import type { OrderBookSpec } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { troubleOf } from './members.ts';
import { plan } from './plan.ts';
import { published } from './publishing.ts';
import { quantityBytes } from './quantity.ts';
import { publishTo, specOf, World } from './testing/world.ts';

function settled(world = new World()): World {
  if (world.book === undefined) world.create(specOf());
  for (let round = 0; round < 8; round++) {
    world.reconcile();
    world.controlStatefulSet();
    world.runPod();
    world.nowMs += 11_000;
  }
  return world;
}

function conditionOf(world: World, type: string) {
  return world.book?.status?.conditions?.find((condition) => condition.type === type);
}

describe('what the resource says', () => {
  it('of a book that runs', () => {
    const { book } = settled();
    expect(book?.status).toMatchObject({
      version: '1.0.0',
      leader: 'spot-0',
      epoch: '1',
      lag: '0',
      replicas: 1,
      readyReplicas: 1,
      members: [{ name: 'spot-0', role: 'Leader', ready: true, version: '1.0.0', lag: '0' }],
    });
  });

  it('during a change of version: not Ready until the new program leads', () => {
    const world = settled();
    world.edit({ version: '1.1.0' });
    const seen: string[] = [];
    for (let round = 0; round < 6; round++) {
      world.reconcile();
      seen.push(conditionOf(world, 'Ready')?.reason ?? '');
      world.controlStatefulSet();
      world.reconcile();
      seen.push(conditionOf(world, 'Ready')?.reason ?? '');
      if (round > 1) world.runPod();
    }
    const end = seen.indexOf('LeaderServes');
    expect(end).toBeGreaterThan(4);
    expect(seen).toEqual(seen.map((_, index) => (index < end ? 'Progressing' : 'LeaderServes')));
    expect(world.book?.status?.version).toBe('1.1.0');
  });

  it('during a change of the configuration: not Ready from the first look on', () => {
    const world = settled();
    world.edit({ symbols: [...specOf().symbols, { name: 'ETH-EUR', tickSize: '0.01', lotSize: '0.001' }] });
    world.reconcile();
    expect(conditionOf(world, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'Progressing',
      observedGeneration: 2,
    });
    settled(world);
    expect(conditionOf(world, 'Ready')).toMatchObject({ status: 'True', observedGeneration: 2 });
  });

  it('of fields that are not built, and of an unknown version: the last good state stays', () => {
    const world = settled();
    const before = JSON.stringify(world.statefulSet?.spec);
    world.edit({ replicas: 3, spread: { topologyKey: 'topology.kubernetes.io/zone' } });
    settled(world);
    expect(conditionOf(world, 'Accepted')).toMatchObject({
      status: 'False',
      reason: 'NotImplemented',
      message: expect.stringContaining('spec.replicas: 3'),
    });
    world.edit({ replicas: 1, version: '9.9.9' });
    delete world.book?.spec.spread;
    settled(world);
    expect(conditionOf(world, 'Accepted')).toMatchObject({
      reason: 'UnknownVersion',
      message: 'spec.version 9.9.9 is not one of: 1.0.0, 1.1.0, 6.6.6.',
    });
    expect(JSON.stringify(world.statefulSet?.spec)).toBe(before);
  });

  it('of a volume that cannot grow, and of one that does', () => {
    const world = settled();
    world.edit({ storage: { size: '2Gi' } });
    settled(world);
    expect(conditionOf(world, 'VolumeSized')).toMatchObject({ status: 'False', reason: 'GrowthNotSupported' });
    expect(conditionOf(world, 'Ready')?.status).toBe('True');
    world.canGrow = true;
    settled(world);
    expect(conditionOf(world, 'VolumeSized')).toMatchObject({ status: 'True' });
    expect(world.claim?.spec?.resources?.requests?.storage).toBe('2Gi');
  });

  it('of a name that something else has', () => {
    const world = settled();
    const observed = world.observed();
    if (observed?.statefulSet === undefined) throw new Error('no StatefulSet');
    const { metadata } = observed.statefulSet;
    const stranger = { ...observed.statefulSet, metadata: { ...metadata, ownerReferences: [] } };
    const made = plan({ ...observed, statefulSet: stranger }, world.nowMs);
    expect(made.apply).toEqual([]);
    expect(made.status?.conditions?.[0]).toMatchObject({ type: 'Accepted', status: 'False', reason: 'NameTaken' });
    expect(made.requeueAfterMs).toBe(1_000);
  });

  it('of a member that cannot start, in its own words', () => {
    const world = settled();
    if (world.pod === undefined) throw new Error('no pod');
    const sentence = 'SLUICE_SYMBOL_CHANGED: BTC-EUR has tick 0.01 in the journal.';
    world.pod = {
      ...world.pod,
      status: {
        containerStatuses: [
          {
            name: 'order-book',
            image: '',
            imageID: '',
            ready: false,
            restartCount: 3,
            state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
            lastState: { terminated: { exitCode: 1, message: `{"level":"info"}\n${sentence}\n` } },
          },
        ],
      },
    };
    world.reconcile();
    expect(conditionOf(world, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'MemberFails',
      message: `spot-0 ended with 1: ${sentence}`,
    });
  });
});

describe('what a book that publishes says', () => {
  const publishing = (): World => {
    const world = new World();
    world.create({ ...specOf(), publish: publishTo('trades.spot') });
    return settled(world);
  };

  it('of a broker that takes the trades; of a book that does not publish, nothing', () => {
    const world = publishing();
    expect(conditionOf(world, 'Published')).toMatchObject({
      status: 'True',
      reason: 'BrokerTakesTrades',
      message: 'Trades are published to trades.spot of nats://nats.brokers:4222.',
    });
    expect(world.book?.status?.tradesWaiting).toBe('0');
    world.publishNoMore();
    settled(world);
    expect(conditionOf(world, 'Published')).toBeUndefined();
    expect(world.book?.status?.tradesWaiting).toBeUndefined();
  });

  it.each([
    [
      'SLUICE_BROKER_UNAVAILABLE',
      'BrokerUnreachable',
      'No route.',
      '3 trades wait. SLUICE_BROKER_UNAVAILABLE: No route.',
    ],
    [
      'SLUICE_PUBLISH_SECRET',
      'SecretMissing',
      'The credentials for the broker cannot be read from /etc/sluice-broker/credentials (ENOENT).',
      '3 trades wait. Secret broker has no key login, or is not there. It is used within two minutes of its coming.',
    ],
    ['SLUICE_OUTBOX_FAILED', 'OutboxFailed', 'EIO.', '3 trades wait. SLUICE_OUTBOX_FAILED: EIO.'],
    ['SLUICE_PUBLISH_GAP', 'StreamGap', 'Lost.', '3 trades wait. SLUICE_PUBLISH_GAP: Lost.'],
    ['SLUICE_OF_A_LATER_VERSION', 'NotPublished', 'New.', '3 trades wait. SLUICE_OF_A_LATER_VERSION: New.'],
  ])('of %s: %s, while orders are taken', (state, reason, sentence, message) => {
    const world = publishing();
    world.publishing = { state, sentence };
    world.trade();
    settled(world);
    expect(conditionOf(world, 'Published')).toMatchObject({ status: 'False', reason, message });
    expect(world.book?.status?.tradesWaiting).toBe('3');
    expect(conditionOf(world, 'Ready')?.status).toBe('True');
  });

  it('of as many trades as wait, in words', () => {
    const world = publishing();
    const report = { holder: 'spot-0', epoch: '1', sequence: '1', version: '1.0.0' };
    const told = (waiting: string) => {
      const publication = { state: 'SLUICE_BROKER_UNAVAILABLE', waiting, sentence: 'No route.' };
      return world.book === undefined ? undefined : published(world.book, { ...report, publication })?.message;
    };
    expect(told('0')).toMatch(/^No trade waits\. /);
    expect(told('1')).toMatch(/^1 trade waits\. /);
    expect(told('2')).toMatch(/^2 trades wait\. /);
  });

  it('of a member that has not told yet, and of one that runs an older spec: not known', () => {
    const world = publishing();
    world.publishing = undefined;
    world.runPod();
    world.reconcile();
    expect(conditionOf(world, 'Published')).toMatchObject({ status: 'Unknown', reason: 'NotReported' });
    world.publishing = { state: 'ok' };
    settled(world);
    world.edit({ publish: publishTo('trades.other') });
    world.reconcile();
    expect(conditionOf(world, 'Published')).toMatchObject({ status: 'Unknown', observedGeneration: 2 });
    settled(world);
    expect(conditionOf(world, 'Published')?.message).toContain('trades.other');
  });
});

describe('what the program is told', () => {
  const containerOf = (spec: Partial<OrderBookSpec>) => {
    const world = new World();
    world.create({ ...specOf(), ...spec });
    world.reconcile();
    const pod = world.statefulSet?.spec?.template.spec;
    const container = pod?.containers[0];
    const environment = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    return { world, pod, container, environment };
  };

  it('of a broker: addresses and files, never a secret', () => {
    const publish = {
      ...publishTo('trades.spot'),
      addresses: ['tls://a:4222', 'tls://b:4222'],
      ca: { secretName: 'authority', key: 'root.pem' },
      stream: { replicas: 3, size: '2Gi' },
      outboxSize: '100Mi',
    };
    const { pod, container, environment } = containerOf({ publish });
    expect(environment).toMatchObject({
      SLUICE_PUBLISH: 'tls://a:4222,tls://b:4222',
      SLUICE_PUBLISH_SUBJECT: 'trades.spot',
      SLUICE_PUBLISH_CREDENTIALS: '/etc/sluice-broker/credentials',
      SLUICE_PUBLISH_CA: '/etc/sluice-broker/ca.crt',
      SLUICE_PUBLISH_REPLICAS: '3',
      SLUICE_PUBLISH_KEEP: '2048',
      SLUICE_OUTBOX_LIMIT: '100',
      SLUICE_OUTBOX_KEEP: '25',
    });
    expect(container?.env?.filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)).toEqual([]);
    expect(container?.volumeMounts).toContainEqual({ name: 'broker', mountPath: '/etc/sluice-broker', readOnly: true });
    const secret = (name: string, key: string, path: string) => ({
      secret: { name, optional: true, items: [{ key, path }] },
    });
    expect(pod?.volumes).toContainEqual({
      name: 'broker',
      projected: {
        defaultMode: 0o440,
        sources: [secret('broker', 'login', 'credentials'), secret('authority', 'root.pem', 'ca.crt')],
      },
    });
  });

  it('without publish and binary: no word of them', () => {
    const { world, pod, container, environment } = containerOf({});
    expect(Object.keys(environment).filter((name) => /PUBLISH|OUTBOX|BINARY/.test(name))).toEqual([]);
    expect(pod?.volumes?.map(({ name }) => name)).toEqual(['config']);
    expect(container?.ports?.map(({ name }) => name)).toEqual(['http', 'metrics']);
    expect(world.others.get('Service/spot')).toMatchObject({ spec: { ports: [{ name: 'http', port: 8080 }] } });
  });

  it('of the binary port: in the pod, and in the two Services that clients use', () => {
    const { world, container, environment } = containerOf({ binary: { port: 9000 } });
    expect(environment.SLUICE_BINARY_PORT).toBe('8090');
    expect(container?.ports).toContainEqual({ name: 'binary', containerPort: 8090, protocol: 'TCP' });
    for (const name of ['spot', 'spot-leader']) {
      expect(world.others.get(`Service/${name}`)).toMatchObject({
        spec: { ports: [{ name: 'http' }, { name: 'binary', port: 9000, targetPort: 'binary' }] },
      });
    }
  });

  it('of limits: the file has those of accounts, the environment the rest, and memory grows with the orders', () => {
    const limits = { maxOrdersPerAccount: 5, ordersPerSecondPerAccount: 6, maxOpenOrders: 1_250_000, maxPending: 7 };
    const risk = { maxQuantity: '1.5', maxPriceDistance: '5%' };
    const symbols = [{ name: 'BTC-EUR', tickSize: '0.01', lotSize: '0.0001', risk }];
    const accounts = [{ name: 'alice', maxOrders: 1, risk: [{ symbol: 'BTC-EUR', maxNotional: '100' }] }];
    const journal = { fsync: 'EveryBatch' as const, snapshotEvery: 5_000 };
    const { world, container, environment } = containerOf({ limits, symbols, accounts, journal });
    const file = world.others.get('ConfigMap/spot') as { data?: Record<string, string> } | undefined;
    expect(JSON.parse(file?.data?.['symbols.yaml'] ?? '')).toEqual({
      symbols,
      limits: { maxOrdersPerAccount: 5, ordersPerSecondPerAccount: 6 },
      accounts,
    });
    expect(environment).toMatchObject({
      SLUICE_MAX_OPEN_ORDERS: '1250000',
      SLUICE_MAX_PENDING: '7',
      SLUICE_SNAPSHOT_EVERY: '5000',
    });
    expect(container?.resources?.limits?.memory).toBe('1489Mi');
    expect(containerOf({}).container?.resources?.limits?.memory).toBe('512Mi');
  });
});

it('trouble is named: no node, no image, and none while a container is being made', () => {
  const pod = (status: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, status }) as never;
  const waiting = (reason: string) => pod({ containerStatuses: [{ state: { waiting: { reason, message: 'm' } } }] });
  expect(troubleOf(waiting('ContainerCreating'))).toBeUndefined();
  expect(troubleOf(waiting('ImagePullBackOff'))).toEqual({ reason: 'ImagePullBackOff', message: 'p: m' });
  const killed = { exitCode: 137, reason: 'OOMKilled', message: '{"level":"info"}' };
  expect(troubleOf(pod({ containerStatuses: [{ ready: false, lastState: { terminated: killed } }] }))).toEqual({
    reason: 'MemberFails',
    message: 'p ended with 137: OOMKilled',
  });
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no node fits' }];
  expect(troubleOf(pod({ conditions }))).toEqual({ reason: 'Unschedulable', message: 'p: no node fits' });
});

it('pods pass Pod Security restricted and may do nothing but write their Lease', () => {
  const world = new World();
  world.create(specOf());
  const objects = (world.reconcile()?.apply ?? []).map(({ object }) => object);
  const pod = world.statefulSet?.spec?.template.spec;
  expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  for (const container of pod?.containers ?? []) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  }
  expect(objects.find(({ kind }) => kind === 'Role')).toMatchObject({
    rules: [
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: ['spot-leader'],
        verbs: ['get', 'update'],
      },
    ],
  });
});

it.each([
  ['10Gi', 10 * 2 ** 30],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['500M', 500e6],
  ['1e9', 1e9],
  ['2E3', 2e3],
  ['100', 100],
  ['1Ti', 2 ** 40],
  ['x', undefined],
  ['', undefined],
  ['10Xi', undefined],
])('quantity %j is %j bytes', (text, bytes) => {
  expect(quantityBytes(text)).toBe(bytes);
});
