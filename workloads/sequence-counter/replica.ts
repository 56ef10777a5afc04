import { randomBytes } from 'node:crypto';
import { installShutdown, UsageError } from '@sluice/kit';
import { systemClock } from '@sluice/runtime/clock';
import { connectInCluster, connectKubeconfig } from '@sluice/runtime/kube';
import { createLogger, type Logger } from '@sluice/runtime/telemetry';
import { Allocator, type AllocatorOptions } from './core/allocator.ts';
import { type Identity, identityText } from './core/identity.ts';
import type { PoolLimits } from './core/pool.ts';
import { paddedValue } from './core/value.ts';
import { createCounterService } from './counter-service.ts';
import { createLeaseLedger } from './ledger/lease-ledger.ts';
import { type ReplicaConfig, readReplicaConfig } from './replica-config.ts';
import { startPeers } from './stream/peers.ts';

export interface ReplicaOptions {
  readonly version: string;
  readonly configFile: string;
  readonly kubeconfig?: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort?: number;
  readonly peerPort: number;
  /** Where the other replicas reach this one. */
  readonly podIp: string;
  readonly logLevel?: string;
}

/** Within this time the Service stops sending requests to a pod that is not ready any more. */
const lameDuckMs = 3_000;

/** One of several processes that share a ledger in a Lease. */
export async function startReplica(options: ReplicaOptions): Promise<void> {
  const { version, host, port, adminPort, podIp } = options;
  const config = await readReplicaConfig(options.configFile);
  const { identity, namespace } = whoAmI();
  const log = createLogger('sequence-counter', options.logLevel ?? 'info');
  const cluster =
    options.kubeconfig === undefined ? connectInCluster() : await connectKubeconfig({ path: options.kubeconfig });
  const { client } = cluster;
  const timeoutMs = Math.max(config.leaseMs / 3, 1_000);
  const shared = { client, clock: systemClock, log, namespace, name: config.name };
  const { counters, leaseMs } = config;
  const peers =
    config.ordering === 'Strict'
      ? await startPeers({ ...shared, identity, counters, leaseMs, host, port: options.peerPort, podIp })
      : undefined;
  const service = createCounterService({
    version,
    clock: systemClock,
    log,
    counters,
    allocator: new Allocator({
      ...allocatorOptions(config, identity),
      ...(peers !== undefined && { endpoint: peers.endpoint }),
    }),
    ledger: createLeaseLedger({ ...shared, timeoutMs }),
    storeTimeoutMs: timeoutMs,
    auth: config.auth,
    peers,
  });
  const address = await service.listen(port, host);
  if (adminPort !== undefined) await service.listenAdmin(adminPort, host);
  installShutdown({
    log,
    health: service.health,
    steps: [...service.stopSteps(lameDuckMs), { name: 'cluster', run: () => cluster.close() }],
  });
  announce(log, config, address, identity);
}

function announce(log: Logger, config: ReplicaConfig, address: string, identity: Identity): void {
  const { name, ordering, auth } = config;
  log.info({ address, counter: name, ordering, identity: identityText(identity) }, 'started');
  if (auth === undefined) log.warn('no token is asked: whoever reaches this service may take numbers (spec.auth)');
}

function allocatorOptions(config: ReplicaConfig, identity: Identity): AllocatorOptions {
  const { ordering, counters, leaseMs } = config;
  return {
    ordering,
    identity,
    counters,
    leaseMs,
    pool: poolLimits(config),
    // Random and not counted: a process must not know again what an earlier one of the same name wrote.
    newNonce: () => paddedValue(randomBytes(8).readBigUInt64BE()),
  };
}

/** Unique keeps numbers for the outage that the user wants to outlive: half a block is left when the next is asked for. */
function poolLimits({ ordering, outageBudgetSeconds }: ReplicaConfig): PoolLimits {
  if (ordering === 'Strict') return { horizonSeconds: 60, smallestBlock: 100, largestBlock: 1_000_000 };
  return { horizonSeconds: Math.max(60, outageBudgetSeconds * 2), smallestBlock: 100, largestBlock: 100_000_000 };
}

function whoAmI(): { identity: Identity; namespace: string } {
  const { POD_NAME: pod, POD_UID: podUid, POD_NAMESPACE: namespace } = process.env;
  if (pod === undefined || podUid === undefined || namespace === undefined) {
    throw new UsageError('--config needs POD_NAME, POD_UID and POD_NAMESPACE in the environment');
  }
  return { identity: { pod, podUid, processNonce: randomBytes(4).toString('hex') }, namespace };
}
