import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SequenceCounter, type SequenceCounterSpec } from '@sluice/api';
import {
  ConfigMap,
  type KubeClient,
  type KubeObject,
  Lease,
  Namespace,
  PodDisruptionBudget,
  type Resource,
  Role,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type RunningController, startController } from '../testing/start-controller.ts';
import { sequenceCounterController } from './controller.ts';
import { advanceKey, advanceReasonKey } from './ledger.ts';

/** The garbage collector of a fresh control plane learns about our kinds every 30 s. */
const garbageCollected = { timeout: 90_000, interval: 500 };
const soon = { timeout: 20_000, interval: 100 };

describe('the controller of sequence counters on a real API server', () => {
  const namespace = `seqc-${randomUUID().slice(0, 8)}`;
  let running: RunningController;
  let client: KubeClient;

  beforeAll(async () => {
    const catalog = { sequenceCounter: { '1.0.0': 'sluice/sequence-counter:1.0.0-test' } };
    running = await startController(inject('kubeconfig'), sequenceCounterController({ catalog, marksEveryMs: 200 }));
    ({ client } = running);
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });
  afterAll(() => running.stop());

  async function create(name: string, spec: Partial<SequenceCounterSpec> = {}): Promise<void> {
    const metadata = { name, namespace };
    const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'SequenceCounter', metadata, spec };
    await client.create(SequenceCounter, object as unknown as SequenceCounter);
  }

  function get<T extends KubeObject>(resource: Resource<T>, name: string): Promise<T | undefined> {
    return client.get(resource, { namespace, name });
  }

  async function conditionOf(name: string, type: string): Promise<string | undefined> {
    const found = (await get(SequenceCounter, name))?.status?.conditions?.find((entry) => entry.type === type);
    return found && `${found.status} ${found.reason}`;
  }

  /** Writes the ledger as a replica does: a PUT over what was read. */
  async function writeLedger(name: string, annotations: Record<string, string>): Promise<void> {
    const lease = await get(Lease, `${name}-ledger`);
    if (lease === undefined) throw new Error('no ledger');
    const metadata = { ...lease.metadata, annotations: { ...lease.metadata.annotations, ...annotations } };
    await client.replace(Lease, { ...lease, metadata });
  }

  it('makes ledger and children, mirrors the marks, and deletes all of it with the resource', async () => {
    await create('a');
    await vi.waitFor(async () => expect(await get(StatefulSet, 'a')).toBeDefined(), soon);
    const ledger = await get(Lease, 'a-ledger');
    expect(ledger?.metadata.annotations).toMatchObject({ 'high.sluice.dev/default': '00000000000000000001' });
    expect(await conditionOf('a', 'Ready')).toBe('False Progressing');

    await writeLedger('a', {
      'sluice.dev/epoch': '00000000000000000001',
      'high.sluice.dev/default': '00000000000000001001',
    });
    await vi.waitFor(async () => {
      const { status } = (await get(SequenceCounter, 'a')) ?? {};
      expect(status).toMatchObject({ highWater: '1000', epoch: '1', counters: [{ ledgerUID: ledger?.metadata.uid }] });
    }, soon);

    // A ledger deleted by mistake stays until the resource goes.
    const { uid = '' } = ledger?.metadata ?? {};
    await client.delete(Lease, { namespace, name: 'a-ledger' }, { preconditions: { uid } });
    expect((await get(Lease, 'a-ledger'))?.metadata.annotations).toMatchObject({
      'high.sluice.dev/default': '00000000000000001001',
    });

    const counter = await get(SequenceCounter, 'a');
    await client.delete(
      SequenceCounter,
      { namespace, name: 'a' },
      { preconditions: { uid: counter?.metadata.uid ?? '' } },
    );
    await vi.waitFor(async () => {
      const resources: Resource[] = [SequenceCounter, Lease, StatefulSet, Service, Role, PodDisruptionBudget];
      const lists = await Promise.all(resources.map((resource) => client.list(resource, { namespace })));
      const named = await Promise.all([get(ConfigMap, 'a'), get(ServiceAccount, 'a')]);
      expect([...lists.flatMap(({ items }) => items), ...named.filter((object) => object !== undefined)]).toEqual([]);
    }, garbageCollected);
  });

  it('writes nothing when nothing changes, and follows scale and spec', async () => {
    await create('b', { replicas: 1 });
    await vi.waitFor(async () => expect(await conditionOf('b', 'Ready')).toBe('False Progressing'), soon);
    const versions = async () => {
      const objects = [await get(SequenceCounter, 'b'), await get(Role, 'b'), await get(ConfigMap, 'b')];
      return objects.map((object) => object?.metadata.resourceVersion);
    };
    await vi.waitFor(async () => expect((await get(SequenceCounter, 'b'))?.status?.replicas).toBe(1), soon);
    const before = await versions();
    // A renewal and a label: both wake the controller, neither changes what it wants.
    await writeLedger('b', { 'sluice.dev/nonce': '1' });
    await client.mergePatch(SequenceCounter, { namespace, name: 'b' }, { metadata: { labels: { touched: 'yes' } } });
    await create('barrier', { replicas: 0 });
    await vi.waitFor(async () => expect(await conditionOf('barrier', 'Ready')).toBe('True ScaledToZero'), soon);
    const after = await versions();
    expect(after.slice(1)).toEqual(before.slice(1));

    await client.mergePatch(
      SequenceCounter,
      { namespace, name: 'b' },
      { spec: { replicas: 4 } },
      { subresource: 'scale' },
    );
    await vi.waitFor(async () => {
      expect((await get(StatefulSet, 'b'))?.spec?.replicas).toBe(4);
      expect((await get(Role, 'b'))?.rules?.[0]?.resourceNames).toContain('b-3');
      expect(await get(Lease, 'b-3')).toBeDefined();
    }, soon);
  });

  it('hands out no new ledger for a lost one before a person advances it', async () => {
    await create('c', { replicas: 0 });
    await vi.waitFor(async () => expect(await conditionOf('c', 'Ready')).toBe('True ScaledToZero'), soon);
    await writeLedger('c', { 'high.sluice.dev/default': '00000000000000000501' });
    await vi.waitFor(async () => expect((await get(SequenceCounter, 'c'))?.status?.highWater).toBe('500'), soon);
    const key = { namespace, name: 'c-ledger' };
    const { uid = '' } = (await get(Lease, 'c-ledger'))?.metadata ?? {};
    await client.mergePatch(Lease, key, { metadata: { finalizers: [] } });
    await client.delete(Lease, key, { preconditions: { uid } });
    await vi.waitFor(async () => expect(await conditionOf('c', 'LedgerRegressed')).toBe('True LedgerMissing'), soon);
    expect(await get(Lease, 'c-ledger')).toBeUndefined();

    const annotations = { [advanceKey]: 'default=9000', [advanceReasonKey]: 'a test took the ledger away' };
    await client.mergePatch(SequenceCounter, { namespace, name: 'c' }, { metadata: { annotations } });
    await vi.waitFor(
      async () => expect(await conditionOf('c', 'LedgerRegressed')).toBe('False LedgerConsistent'),
      soon,
    );
    expect((await get(Lease, 'c-ledger'))?.metadata.annotations).toMatchObject({
      'high.sluice.dev/default': '00000000000000009001',
    });
    expect((await get(SequenceCounter, 'c'))?.status?.highWater).toBe('9000');
  });

  it('and the admission policy lets no mark fall', async () => {
    const file = new URL('../../../config/admission/ledger-policy.yaml', import.meta.url);
    for (const document of parseAllDocuments(await readFile(file, 'utf8'))) {
      const object = document.toJS() as KubeObject;
      const plural =
        object.kind === 'ValidatingAdmissionPolicy'
          ? 'validatingadmissionpolicies'
          : 'validatingadmissionpolicybindings';
      await client.raw('POST', `/apis/admissionregistration.k8s.io/v1/${plural}`, object);
    }
    await create('d', { replicas: 0 });
    await vi.waitFor(async () => expect(await conditionOf('d', 'Ready')).toBe('True ScaledToZero'), soon);
    const patch = (annotations: object) =>
      client.mergePatch(Lease, { namespace, name: 'd-ledger' }, { metadata: { annotations } });
    // A policy counts some seconds after it was made: try with what does no harm.
    await vi.waitFor(() => expect(patch({ 'rest.sluice.dev/default': 'x' })).rejects.toThrow('20 digits'), soon);
    await patch({ 'rest.sluice.dev/default': null });
    for (const [fall, sentence] of [
      [{ 'high.sluice.dev/default': '00000000000000000000' }, 'would fall'],
      [{ 'high.sluice.dev/default': null }, 'would fall or disappear'],
      [{ 'high.sluice.dev/default': '2' }, '20 digits'],
      [{ 'sluice.dev/epoch': null }, 'would fall or disappear'],
    ] as const) {
      await expect(patch(fall)).rejects.toThrow(sentence);
    }
    await patch({ 'high.sluice.dev/default': '00000000000000000101', 'sluice.dev/nonce': '7' });
  });
});
