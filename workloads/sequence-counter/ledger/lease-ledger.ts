import type { Clock } from '@sluice/runtime/clock';
import { isConflict, type KubeClient, type KubeObject, Lease, type Resource } from '@sluice/runtime/kube';
import type { LedgerRecord } from '../core/record.ts';
import type { Floor, LedgerSnapshot } from '../core/sighting.ts';
import { parseValue } from '../core/value.ts';
import { leaseWith, recordOf } from './lease-record.ts';
import { type Ledger, LedgerConflict } from './ledger.ts';

interface CounterStatus extends KubeObject {
  status?: { counters?: { name: string; highWater: string; ledgerUID?: string }[] };
}

/** Only its status is read, and only to see that the ledger did not fall behind it. */
const sequenceCounter: Resource<CounterStatus> = {
  group: 'sluice.dev',
  version: 'v1alpha1',
  kind: 'SequenceCounter',
  plural: 'sequencecounters',
  namespaced: true,
};

export interface LeaseLedgerOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  /** Name of the SequenceCounter; its ledger is the Lease `<name>-ledger`. */
  readonly name: string;
  /** Longest time in ms for one call; retries of the client included. */
  readonly timeoutMs: number;
}

/**
 * The ledger in one Lease, which is made by the operator and never here: a process that finds none cannot know whether
 * there was one. Reads are quorum reads. Writes are PUTs with the resourceVersion that was read: a PATCH without one
 * would be repeated by the server on top of whatever is there.
 */
export function createLeaseLedger({ client, clock, namespace, name, timeoutMs }: LeaseLedgerOptions): Ledger {
  const key = { namespace, name: `${name}-ledger` };
  /** The object that a snapshot was made from, for the parts that are not ours. */
  const objects = new WeakMap<LedgerRecord, Lease>();

  function snapshotOf(lease: Lease, record = recordOf(lease)): LedgerSnapshot {
    const { uid, resourceVersion } = lease.metadata;
    if (uid === undefined || resourceVersion === undefined)
      throw new Error('the API server sent a Lease without a uid');
    objects.set(record, lease);
    return { record, version: resourceVersion, id: uid };
  }

  return {
    read: async (signal) => {
      const lease = await client.get(Lease, key, { signal, timeoutMs });
      return lease === undefined ? undefined : snapshotOf(lease);
    },
    readFloor: async (signal) => {
      const resource = await client.get(sequenceCounter, { namespace, name }, { signal, timeoutMs });
      return floorOf(resource);
    },
    write: async (record, over, signal) => {
      const lease = objects.get(over.record);
      if (lease === undefined) throw new Error('a write must name a snapshot of this ledger');
      const metadata = { ...lease.metadata, resourceVersion: over.version, uid: over.id };
      try {
        const object = leaseWith(record, { ...lease, metadata }, clock.now());
        const written = await client.replace(Lease, object, { signal, timeoutMs });
        return snapshotOf(written, record).version;
      } catch (error) {
        if (isConflict(error)) throw new LedgerConflict('the Lease has changed since it was read');
        throw error;
      }
    },
    close: async () => undefined,
  };
}

function floorOf(resource: CounterStatus | undefined): Floor {
  const counters = resource?.status?.counters ?? [];
  const ledgerId = counters.find(({ ledgerUID }) => ledgerUID !== undefined)?.ledgerUID;
  return {
    highWater: new Map(counters.map(({ name, highWater }) => [name, parseValue(highWater)])),
    ...(ledgerId !== undefined && { ledgerId }),
  };
}
