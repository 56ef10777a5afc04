import { ConfigMap, Lease, Pod, rfc3339 } from '@sluice/runtime';
import type { Part, PartInput } from './part.ts';
import { isReady } from './pod-state.ts';

/** What the operator tells the replicas, as far as they are simulated. */
interface Config {
  readonly ordering: 'Strict' | 'Unique';
  readonly counters: readonly { readonly name: string; readonly start: number; readonly step: number }[];
}

const blockSize = 100n;
const renewMs = 45_000;

export interface CounterPrograms extends Part {
  /** The replicas are asked for more numbers than they have: they reserve another block of each counter. */
  handOut(namespace: string, name: string): Promise<void>;
}

/**
 * The replicas of SequenceCounters: each publishes itself in its Lease; with Strict one of them holds the ledger, one epoch
 * after another; blocks are reserved by compare-and-swap on the ledger.
 */
export function counterPrograms({ stage, client, wakeAt }: PartInput): CounterPrograms {
  const present = new Set<string>();
  let renewAt = 0;

  const instanceOf = ({ metadata: { labels } }: Pod): string | undefined =>
    labels?.['app.kubernetes.io/name'] === 'sequence-counter' ? labels['app.kubernetes.io/instance'] : undefined;

  async function publish(pod: Pod, renews: boolean): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    const lease = stage.find(Lease, { namespace, name });
    const holderIdentity = `${name}/${uid}`;
    if (lease === undefined || (lease.spec?.holderIdentity === holderIdentity && !renews)) return;
    await client.replace(Lease, { ...lease, spec: { holderIdentity, renewTime: microTime() } });
  }

  /** Takes the ledger for this replica (Strict), or only reserves from it (Unique). */
  async function reserve(pod: Pod, instance: string): Promise<void> {
    const { name, namespace = '', uid = '' } = pod.metadata;
    const config = configOf(stage.find(ConfigMap, { namespace, name: instance }));
    const ledger = stage.find(Lease, { namespace, name: `${instance}-ledger` });
    if (config === undefined || ledger?.metadata.annotations === undefined) return;
    const annotations = { ...ledger.metadata.annotations };
    const highs = config.counters.map(({ name: counter, start, step }) => {
      const key = `high.sluice.dev/${counter}`;
      const high = BigInt(annotations[key] ?? start) + blockSize * BigInt(step);
      return [key, padded(high)] as const;
    });
    const holderIdentity = config.ordering === 'Strict' ? `${name}/${uid}/${uid.slice(-8)}` : '';
    const takes = holderIdentity !== '' && ledger.spec?.holderIdentity !== holderIdentity;
    const epoch = BigInt(annotations['sluice.dev/epoch'] ?? 0) + (takes ? 1n : 0n);
    const marks = { ...annotations, ...Object.fromEntries(highs), 'sluice.dev/epoch': padded(epoch) };
    const metadata = { ...ledger.metadata, annotations: marks };
    await client.replace(Lease, {
      ...ledger,
      metadata,
      spec: { ...ledger.spec, holderIdentity, renewTime: microTime() },
    });
  }

  const microTime = (): string => rfc3339(stage.clock.now()).replace(/(\.\d+)?Z$/, '.000000Z');

  const holds = (pod: Pod, namespace: string, instance: string): boolean => {
    const ledger = stage.find(Lease, { namespace, name: `${instance}-ledger` });
    return ledger?.spec?.holderIdentity?.startsWith(`${pod.metadata.name}/${pod.metadata.uid}/`) === true;
  };

  const replicasOf = (namespace: string, instance: string): Pod[] =>
    stage
      .objects(Pod)
      .filter((pod) => instanceOf(pod) === instance && pod.metadata.namespace === namespace && isReady(pod))
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

  return {
    async handOut(namespace, name) {
      const replicas = replicasOf(namespace, name);
      const holder = replicas.find((pod) => holds(pod, namespace, name)) ?? replicas[0];
      if (holder !== undefined) await reserve(holder, name);
    },
    async sync() {
      const now = stage.clock.monotonic();
      const renews = now >= renewAt;
      if (renews) renewAt = now + renewMs;
      for (const pod of stage.objects(Pod)) {
        const instance = instanceOf(pod);
        if (instance === undefined || !isReady(pod)) continue;
        wakeAt(renewAt);
        await publish(pod, renews);
        const { uid = '', namespace = '' } = pod.metadata;
        const config = configOf(stage.find(ConfigMap, { namespace, name: instance }));
        if (config?.ordering === 'Strict') {
          const replicas = replicasOf(namespace, instance);
          if (replicas.some((one) => holds(one, namespace, instance)) || replicas[0] !== pod) continue;
        } else if (present.has(uid)) continue;
        await reserve(pod, instance);
        present.add(uid);
      }
    },
  };
}

function configOf(configMap: ConfigMap | undefined): Config | undefined {
  const text = configMap?.data?.['config.json'];
  return text === undefined ? undefined : (JSON.parse(text) as Config);
}

function padded(value: bigint): string {
  return value.toString().padStart(20, '0');
}
