import { KubeApiError, type KubeClient, type KubeObject, type Lease } from '@sluice/runtime/kube';
import { createLogger } from '@sluice/runtime/telemetry';
import { VirtualClock } from '@sluice/runtime/testing';
import { expect, it } from 'vitest';
import { LeaderLease } from './leader-lease.ts';
import type { PublicationReport } from './publisher/publication.ts';

/** The part of an API server that a member may use: get, and replace as a compare-and-swap. */
class LeaseServer {
  lease: Lease | undefined = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'spot-leader', namespace: 'ns', resourceVersion: '1', labels: { made: 'by-operator' } },
  };
  failing = false;
  /** Done between the next read and the write behind it. */
  meanwhile: () => void = () => undefined;

  client(): KubeClient {
    const only = {
      get: async () => {
        if (this.failing) throw new Error('no route');
        return structuredClone(this.lease);
      },
      replace: async (_: unknown, object: KubeObject) => {
        this.meanwhile();
        this.meanwhile = () => undefined;
        if (object.metadata.resourceVersion !== this.lease?.metadata.resourceVersion) {
          throw new KubeApiError(409, 'Conflict', 'the object has been modified');
        }
        this.write(object as Lease);
        return object;
      },
    };
    return only as unknown as KubeClient;
  }

  write(lease: Lease): void {
    const resourceVersion = String(Number(this.lease?.metadata.resourceVersion ?? 0) + 1);
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion } };
  }
}

function started(server: LeaseServer) {
  const clock = new VirtualClock(Date.UTC(2026, 10, 21, 9, 0, 0));
  const state: { sequence: number; epoch: number; publication: PublicationReport | undefined } = {
    sequence: 7,
    epoch: 3,
    publication: undefined,
  };
  const leader = new LeaderLease({
    clock,
    client: server.client(),
    log: createLogger('test', 'silent'),
    namespace: 'ns',
    lease: 'spot-leader',
    identity: 'spot-0',
    version: '1.0.0',
    state: () => state,
  });
  leader.start();
  return { clock, state, leader };
}

it('reports where the log stands, and keeps what others wrote', async () => {
  const server = new LeaseServer();
  const { clock, state } = started(server);
  await clock.advance(0);
  expect(server.lease).toMatchObject({
    metadata: {
      labels: { made: 'by-operator' },
      annotations: {
        'sluice.dev/sequence': '00000000000000000007',
        'sluice.dev/epoch': '00000000000000000003',
        'sluice.dev/version': '1.0.0',
      },
    },
    spec: {
      holderIdentity: 'spot-0',
      leaseDurationSeconds: 6,
      renewTime: '2026-11-21T09:00:00.000000Z',
      leaseTransitions: 1,
    },
  });
  state.sequence = 12;
  await clock.advance(2_000);
  expect(server.lease?.metadata.annotations?.['sluice.dev/sequence']).toBe('00000000000000000012');
  expect(server.lease?.spec).toMatchObject({ leaseTransitions: 1, acquireTime: '2026-11-21T09:00:00.000000Z' });
});

it('reports how publishing goes, and nothing of it while nothing is known', async () => {
  const server = new LeaseServer();
  const { clock, state } = started(server);
  const said = (): Record<string, string> => {
    const annotations = Object.entries(server.lease?.metadata.annotations ?? {});
    return Object.fromEntries(annotations.filter(([key]) => /publish|trades/.test(key)));
  };
  await clock.advance(0);
  expect(said()).toEqual({});
  state.publication = { state: 'SLUICE_BROKER_UNAVAILABLE', waiting: 12, sentence: 'x'.repeat(5_000) };
  await clock.advance(2_000);
  expect(said()).toEqual({
    'sluice.dev/publish-state': 'SLUICE_BROKER_UNAVAILABLE',
    'sluice.dev/trades-waiting': '00000000000000000012',
    'sluice.dev/publish-sentence': 'x'.repeat(1_024),
  });
  state.publication = { state: 'ok', waiting: 0, sentence: undefined };
  await clock.advance(2_000);
  expect(said()).toEqual({
    'sluice.dev/publish-state': 'ok',
    'sluice.dev/trades-waiting': '00000000000000000000',
  });
  state.publication = undefined;
  await clock.advance(2_000);
  expect(said()).toEqual({});
});

it('a change between read and write is not overwritten; the next renewal sees it', async () => {
  const server = new LeaseServer();
  const { clock } = started(server);
  server.meanwhile = () => {
    if (server.lease !== undefined) {
      server.write({ ...server.lease, metadata: { ...server.lease.metadata, labels: { made: 'anew' } } });
    }
  };
  await clock.advance(0);
  expect(server.lease?.spec).toBeUndefined();
  await clock.advance(2_000);
  expect(server.lease).toMatchObject({ metadata: { labels: { made: 'anew' } }, spec: { holderIdentity: 'spot-0' } });
});

it('an outage and a missing Lease are waited out', async () => {
  const server = new LeaseServer();
  const { lease } = server;
  server.lease = undefined;
  const { clock } = started(server);
  await clock.advance(2_000);
  server.failing = true;
  server.lease = lease;
  await clock.advance(4_000);
  expect(server.lease?.spec).toBeUndefined();
  server.failing = false;
  await clock.advance(2_000);
  expect(server.lease?.spec?.holderIdentity).toBe('spot-0');
});

it('a stop gives the Lease back and ends the renewals', async () => {
  const server = new LeaseServer();
  const { clock, leader } = started(server);
  await clock.advance(0);
  await leader.stop();
  expect(server.lease?.spec?.holderIdentity).toBe('');
  const { resourceVersion } = server.lease?.metadata ?? {};
  await clock.advance(60_000);
  expect(server.lease?.metadata.resourceVersion).toBe(resourceVersion);
  expect(clock.pending).toBe(0);
});
