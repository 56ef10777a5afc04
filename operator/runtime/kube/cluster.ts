import type { Registry } from 'prom-client';
import { type Clock, type Random, systemClock } from '../clock.ts';
import type { KubeClient } from './client.ts';
import { createConnection, createGatedConnection } from './connection.ts';
import { type Credentials, inClusterCredentials } from './credentials.ts';
import { type KubeconfigOptions, kubeconfigCredentials } from './kubeconfig.ts';
import { observeRequests } from './request-metrics.ts';
import { createClient } from './rest-client.ts';
import { createTransport, type Transport } from './transport.ts';

/** A cluster to talk to: one connection, shared by everything in the process, and a second for writes that only a leader may send. */
export interface Cluster {
  readonly client: KubeClient;
  /** For watches. */
  readonly transport: Transport;
  close(): void;
}

/** What a connection takes beside credentials. All of it has a default. */
export interface ConnectOptions {
  /** Product token of the user-agent header, such as `sluice-operator/1.0.0`. */
  readonly userAgent?: string;
  /** rest_client_* metrics go here. */
  readonly registry?: Registry;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Requests under way at once, watches left out; more wait in order. Default 64. */
  readonly maxInFlight?: number;
}

/** The cluster of these credentials. Nothing is sent before the first request. */
export function connectCluster(credentials: Credentials, options: ConnectOptions = {}): Cluster {
  const { clock = systemClock, random = Math.random, userAgent = 'sluice', registry, maxInFlight } = options;
  const connection = createConnection(clock, credentials);
  const gated = createGatedConnection(clock, credentials);
  const observer = registry === undefined ? undefined : observeRequests(registry, new URL(credentials.server).host);
  const transport = createTransport({
    ...{ clock, random, credentials, connection, gated, userAgent, observer },
    ...(maxInFlight === undefined ? {} : { maxInFlight }),
  });
  return { client: createClient(transport), transport, close: () => transport.close() };
}

/** The cluster this process runs in, by the service account of its pod. Throws outside a pod. */
export function connectInCluster(options?: ConnectOptions): Cluster {
  return connectCluster(inClusterCredentials(undefined, undefined, options?.clock), options);
}

/** The cluster of a kubeconfig. Rejects when file or context do not exist. */
export async function connectKubeconfig(
  kubeconfig: KubeconfigOptions = {},
  options?: ConnectOptions,
): Promise<Cluster> {
  return connectCluster(await kubeconfigCredentials(kubeconfig, options?.clock), options);
}
