import { Lease, PersistentVolumeClaim, Pod, rfc3339 } from '@sluice/runtime';
import type { Part, PartInput } from './part.ts';
import { isReady } from './pod-state.ts';

const renewMs = 45_000;
const publishState = 'sluice.dev/publish-state';
const tradesWaiting = 'sluice.dev/trades-waiting';

export interface BookPrograms extends Part {
  /** So many commands are acknowledged. */
  trade(namespace: string, name: string, commands: number): Promise<void>;
  /** The last sequence in the journal on this volume. */
  journalOf(claimUid: string): bigint;
}

/** The members of OrderBooks: they keep a journal on their volume and report through their Lease. */
export function bookPrograms(versions: Readonly<Record<string, string>>) {
  return ({ stage, client, wakeAt }: PartInput): BookPrograms => {
    const journals = new Map<string, bigint>();
    const leads = new Set<string>();
    let renewAt = 0;

    const memberOf = (namespace: string, name: string): Pod | undefined =>
      stage
        .objects(Pod)
        .find(
          (pod) =>
            pod.metadata.namespace === namespace &&
            pod.metadata.labels?.['app.kubernetes.io/name'] === 'order-book' &&
            pod.metadata.labels['app.kubernetes.io/instance'] === name &&
            isReady(pod),
        );

    const claimOf = ({ metadata: { name, namespace = '' } }: Pod): string =>
      stage.find(PersistentVolumeClaim, { namespace, name: `data-${name}` })?.metadata.uid ?? '';

    async function report(pod: Pod, instance: string): Promise<void> {
      const { name, namespace = '', uid = '' } = pod.metadata;
      const lease = stage.find(Lease, { namespace, name: `${instance}-leader` });
      if (lease === undefined) return;
      const { [publishState]: _, [tradesWaiting]: __, ...before } = lease.metadata.annotations ?? {};
      const takes = !leads.has(`${uid} ${lease.metadata.uid}`);
      leads.add(`${uid} ${lease.metadata.uid}`);
      const annotations = {
        ...before,
        'sluice.dev/epoch': padded(BigInt(before['sluice.dev/epoch'] ?? 0) + (takes ? 1n : 0n)),
        'sluice.dev/sequence': padded(journals.get(claimOf(pod)) ?? 0n),
        'sluice.dev/version': versions[pod.spec?.containers[0]?.image ?? ''] ?? '',
        ...(publishes(pod) && { [publishState]: 'ok', [tradesWaiting]: padded(0n) }),
      };
      const renewTime = rfc3339(stage.clock.now()).replace(/(\.\d+)?Z$/, '.000000Z');
      const metadata = { ...lease.metadata, annotations };
      await client.replace(Lease, { ...lease, metadata, spec: { ...lease.spec, holderIdentity: name, renewTime } });
    }

    return {
      journalOf: (uid) => journals.get(uid) ?? 0n,
      async trade(namespace, name, commands) {
        const member = memberOf(namespace, name);
        if (member === undefined) return;
        const claim = claimOf(member);
        journals.set(claim, (journals.get(claim) ?? 0n) + BigInt(commands));
        await report(member, name);
      },
      async sync() {
        const now = stage.clock.monotonic();
        const renews = now >= renewAt;
        if (renews) renewAt = now + renewMs;
        for (const pod of stage.objects(Pod)) {
          const { labels, uid = '', namespace = '' } = pod.metadata;
          const instance = labels?.['app.kubernetes.io/instance'];
          if (labels?.['app.kubernetes.io/name'] !== 'order-book' || instance === undefined || !isReady(pod)) continue;
          wakeAt(renewAt);
          const lease = stage.find(Lease, { namespace, name: `${instance}-leader` });
          if (renews || !leads.has(`${uid} ${lease?.metadata.uid}`)) await report(pod, instance);
        }
      },
    };
  };
}

/** Its broker takes everything. */
function publishes(pod: Pod): boolean {
  return pod.spec?.containers[0]?.env?.some(({ name }) => name === 'SLUICE_PUBLISH') === true;
}

function padded(value: bigint): string {
  return value.toString().padStart(20, '0');
}
