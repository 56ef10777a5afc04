import type { Clock } from '@sluice/runtime/clock';
import { isConflict, type KubeClient, Lease } from '@sluice/runtime/kube';
import type { Logger } from '@sluice/runtime/telemetry';

/** Where each replica publishes the pin of its key: the Lease of its own name, which the operator makes. */
export interface Members {
  /** Publishes our own pin, and tries until it is done or `signal` ends it. */
  publish(pin: string, identity: string, signal: AbortSignal): Promise<void>;
  /** The pin that a pod published last; undefined when it published none. */
  pinOf(pod: string): Promise<string | undefined>;
}

const pinKey = 'sluice.dev/pin';
const retryMs = 500;
const timeoutMs = 3_000;

export interface MembersOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly namespace: string;
  /** Pods are called `<name>-<number>`. */
  readonly name: string;
  readonly pod: string;
}

export function createMembers({ client, clock, log, namespace, name, pod }: MembersOptions): Members {
  async function publishOnce(pin: string, identity: string): Promise<void> {
    const lease = await client.get(Lease, { namespace, name: pod }, { timeoutMs });
    if (lease === undefined) throw new Error(`the operator has not made the Lease ${pod} yet`);
    const annotations = { ...lease.metadata.annotations, [pinKey]: pin };
    const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z');
    const spec = { ...lease.spec, holderIdentity: identity, renewTime };
    await client.replace(Lease, { ...lease, metadata: { ...lease.metadata, annotations }, spec }, { timeoutMs });
  }

  return {
    publish: async (pin, identity, signal) => {
      while (!signal.aborted) {
        try {
          await publishOnce(pin, identity);
          return;
        } catch (error) {
          if (!isConflict(error)) log.warn({ err: error }, 'the key of this replica could not be published yet');
        }
        await new Promise<void>((resolve) => clock.setTimer(retryMs, resolve));
      }
    },
    pinOf: async (peer) => {
      if (!peer.startsWith(`${name}-`) || !/^\d{1,4}$/.test(peer.slice(name.length + 1))) return undefined;
      const lease = await client.get(Lease, { namespace, name: peer }, { timeoutMs });
      return lease?.metadata.annotations?.[pinKey];
    },
  };
}
