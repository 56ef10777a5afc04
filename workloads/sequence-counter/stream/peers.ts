import type { Clock } from '@sluice/runtime/clock';
import type { KubeClient } from '@sluice/runtime/kube';
import type { Logger } from '@sluice/runtime/telemetry';
import type { Allocator } from '../core/allocator.ts';
import { type Identity, identityText } from '../core/identity.ts';
import type { CounterConfig, HolderEndpoint } from '../core/record.ts';
import type { Grant, RemoteSource } from '../gateway/dispenser.ts';
import type { Driver } from '../ledger/driver.ts';
import { HolderLink } from './holder-link.ts';
import { createProcessKey, type ProcessKey } from './key-pair.ts';
import { createMembers } from './members.ts';
import { createPeerServer } from './peer-server.ts';

export interface PeersOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly namespace: string;
  /** Name of the SequenceCounter. */
  readonly name: string;
  readonly identity: Identity;
  readonly counters: readonly CounterConfig[];
  readonly leaseMs: number;
  readonly host: string;
  readonly port: number;
  /** Where the other replicas reach this one. */
  readonly podIp: string;
}

/** The other replicas (Strict): numbers from the holder when it is another one, and for the others when it is this one. */
export interface Peers {
  /** What this replica writes into the ledger when it holds it. */
  readonly endpoint: HolderEndpoint;
  /** Whether the others can know this replica by its key. */
  readonly published: boolean;
  join(parts: PeerParts): PeerLink;
}

export interface PeerParts {
  readonly allocator: Allocator;
  readonly driver: Driver;
  /** Requests that wait may be served now. */
  readonly changed: () => void;
  /** Numbers of this process; undefined when it does not hold them. */
  readonly serve: (counter: string, count: number) => Promise<Grant | undefined>;
}

export interface PeerLink extends RemoteSource {
  /** Tells the others that the ledger is free now. */
  announceRelease(): void;
  /** Connects to the holder that the ledger names. */
  follow(): void;
  close(): Promise<void>;
}

/** Listens for the other replicas and publishes the key of this one. Rejects when the port is taken. */
export async function startPeers(options: PeersOptions): Promise<Peers> {
  const { client, clock, log, namespace, name, identity } = options;
  const { pod } = identity;
  const key = createProcessKey(pod);
  const members = createMembers({ client, clock, log, namespace, name, pod });
  let serve: PeerParts['serve'] | undefined;
  const server = createPeerServer({
    log,
    key,
    expectedPin: members.pinOf,
    serve: async (counter, count) => serve?.(counter, count),
  });
  const port = await server.listen(options.port, options.host);
  const host = options.podIp.includes(':') ? `[${options.podIp}]` : options.podIp;
  const closed = new AbortController();
  let published = false;
  void members.publish(key.pin, identityText(identity), closed.signal).then(() => {
    published = true;
  });

  return {
    endpoint: { address: `${host}:${port}`, pin: key.pin },
    get published() {
      return published;
    },
    join: (parts) => {
      serve = parts.serve;
      const link = linkToHolder(options, key, parts);
      return {
        get connected() {
          return link.connected;
        },
        ask: (counter, count) => link.ask(counter, count),
        announceRelease: () => {
          server.announceRelease();
          lookNow(parts);
        },
        follow: () => link.follow(otherHolder(parts, identity)),
        close: async () => {
          closed.abort();
          link.close();
          await server.close();
        },
      };
    },
  };
}

function linkToHolder(options: PeersOptions, key: ProcessKey, parts: PeerParts): HolderLink {
  const { clock, log, identity, counters, leaseMs } = options;
  const steps = new Map(counters.map(({ name, step }) => [name, step]));
  return new HolderLink({
    clock,
    log,
    key,
    pod: identity.pod,
    stepOf: (counter) => steps.get(counter) ?? 1n,
    silenceMs: leaseMs,
    onChange: parts.changed,
    onLost: () => {
      lookNow(parts);
      parts.changed();
    },
    onReleased: (invited) => {
      if (invited) parts.allocator.invite();
      lookNow(parts);
    },
  });
}

/** Something happened to the holder: read the ledger now. */
function lookNow({ allocator, driver }: PeerParts): void {
  allocator.nudge();
  driver.advance();
}

function otherHolder({ allocator, driver }: PeerParts, identity: Identity): HolderEndpoint | undefined {
  const { record } = allocator.view(driver.now());
  return record === undefined || record.holder === identityText(identity) ? undefined : record.endpoint;
}
