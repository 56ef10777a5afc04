import { beforeEach, expect, test } from 'vitest';
import type { Change, Informer } from '../cache/index.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeObject } from '../kube/object.ts';
import { ConfigMap, Pod } from '../kube/resources.ts';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { type CaughtUp, caughtUpIn, createOwnWrites, type OwnWrites } from './own-writes.ts';

const key = { namespace: 'ns', name: 'child' };
const child = (uid: string, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { ...key, uid, resourceVersion: '7', ...more },
});

let clock: VirtualClock;
let held: KubeObject | undefined;
let version: number;
let tell: (change: Change<KubeObject>) => void;
let caughtUp: CaughtUp;
let writes: OwnWrites;
let client: KubeClient;

beforeEach(() => {
  clock = new VirtualClock();
  held = child('u1');
  version = 6;
  const informer: Informer = {
    resource: ConfigMap,
    metadataOnly: false,
    get: () => held,
    index: () => {},
    byIndex: () => [],
    synced: () => true,
    subscribe: (handler) => {
      tell = handler;
    },
    caughtUp: async (_key, resourceVersion) => version >= Number(resourceVersion),
  };
  caughtUp = caughtUpIn(clock, [informer, informer], 5_000);
  writes = createOwnWrites();
  client = writes.track(
    { apply: async () => child('u1'), delete: async () => true } as unknown as KubeClient,
    'ns/primary',
  );
});

test('a write is seen when the cache has reached its version', async () => {
  await client.apply(ConfigMap, child('u1'), { fieldManager: 'test' });
  expect(await writes.seen('ns/primary', caughtUp)).toBe(false);
  expect(await writes.seen('ns/other', caughtUp)).toBe(true);
  version = 7;
  expect(await writes.seen('ns/primary', caughtUp)).toBe(true);
});

test('a write to what nobody watches is not waited for', async () => {
  await client.apply(Pod, child('u1'), { fieldManager: 'test' });
  expect(await writes.seen('ns/primary', caughtUp)).toBe(true);
});

test.each([
  ['gone', undefined],
  ['going', child('u1', { deletionTimestamp: '2026-01-01T00:00:00Z' })],
  ['another one of the same name', child('u2')],
])('a delete is seen when the object is %s', async (_what, after) => {
  await client.delete(ConfigMap, key, { preconditions: { uid: 'u1' } });
  let seen: boolean | undefined;
  void writes.seen('ns/primary', caughtUp).then((value) => (seen = value));
  await clock.advance(10);
  expect(seen).toBeUndefined();
  held = after;
  tell({ type: 'deleted', object: child('u1') });
  await clock.advance(1);
  expect(seen).toBe(true);
  expect(clock.pending).toBe(0);
});

test('a delete that does not show in time keeps the key waiting', async () => {
  await client.delete(ConfigMap, key, { preconditions: { uid: 'u1' } });
  const seen = writes.seen('ns/primary', caughtUp);
  await clock.advance(5_000);
  expect(await seen).toBe(false);
  held = undefined;
  expect(await writes.seen('ns/primary', caughtUp)).toBe(true);
});

test('a write that failed is not remembered', async () => {
  const failing = { apply: async () => Promise.reject(new Error('no')) } as unknown as KubeClient;
  await writes
    .track(failing, 'ns/x')
    .apply(ConfigMap, child('u1'), { fieldManager: 'test' })
    .catch(() => undefined);
  expect(await writes.seen('ns/x', async () => false)).toBe(true);
});

test('a status is foreign when no worker has the key, and else when the answers to our writes do not tell of it', async () => {
  expect(writes.isForeignStatus('ns/primary', '5')).toBe(true);
  writes.begin('ns/primary');
  expect(writes.isForeignStatus('ns/primary', '7')).toBe(false);
  await client.apply(ConfigMap, child('u1'), { fieldManager: 'test' });
  expect(writes.end('ns/primary')).toBe(false);
  writes.begin('ns/primary');
  await client.apply(ConfigMap, child('u1'), { fieldManager: 'test' });
  expect(writes.isForeignStatus('ns/primary', '8')).toBe(false);
  expect(writes.end('ns/primary')).toBe(true);
  expect(writes.isForeignStatus('ns/primary', '9')).toBe(true);
});
