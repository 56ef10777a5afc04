import type { AppDeployment, KindName, OrderBook, SequenceCounter } from '@sluice/api';
import { defineMetrics } from '@sluice/runtime/telemetry';
import { Gauge, type Registry } from 'prom-client';

// The state of our resources as gauges, read from their status at each scrape. No controller keeps gauges of its own, so
// none can forget to remove the series of a deleted resource.

export type SluiceResource = AppDeployment | SequenceCounter | OrderBook;

const identity = ['kind', 'namespace', 'name'] as const;

export const resourceMetrics = defineMetrics({
  info: {
    type: 'gauge',
    name: 'sluice_resource_info',
    help: 'Resources that exist, with the version they ask for; always 1.',
    labels: [...identity, 'version'],
  },
  condition: {
    type: 'gauge',
    name: 'sluice_resource_condition',
    help: 'Conditions of resources: 1 when the status is True, 0 when it is False, -1 when it is Unknown.',
    labels: [...identity, 'type'],
  },
  replicas: {
    type: 'gauge',
    name: 'sluice_resource_replicas',
    help: 'Pods that a resource asks for.',
    labels: identity,
  },
  readyReplicas: {
    type: 'gauge',
    name: 'sluice_resource_ready_replicas',
    help: 'Pods of a resource that are ready to serve.',
    labels: identity,
  },
  updatedReplicas: {
    type: 'gauge',
    name: 'sluice_app_updated_replicas',
    help: 'Pods of an AppDeployment that are of its current revision.',
    labels: ['namespace', 'name'],
  },
  drainingPods: {
    type: 'gauge',
    name: 'sluice_app_draining_pods',
    help: 'Pods of an AppDeployment that are draining.',
    labels: ['namespace', 'name'],
  },
  drainingConnections: {
    type: 'gauge',
    name: 'sluice_app_draining_connections',
    help: 'Connections still open on draining pods of an AppDeployment.',
    labels: ['namespace', 'name'],
  },
  rolloutSeconds: {
    type: 'gauge',
    name: 'sluice_app_last_rollout_seconds',
    help: 'Duration of the latest complete rollout of an AppDeployment, in seconds.',
    labels: ['namespace', 'name'],
  },
  rolloutConnections: {
    type: 'gauge',
    name: 'sluice_app_last_rollout_connections',
    help: 'Connections of pods that the latest rollout of an AppDeployment retired, by how they ended.',
    labels: ['namespace', 'name', 'outcome'],
  },
});

type Key = keyof typeof resourceMetrics;
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];
type Sampler = (resource: SluiceResource) => readonly Sample[];

const conditionValues = { True: 1, False: 0, Unknown: -1 } as const;

function identityOf({ kind, metadata }: SluiceResource) {
  return { kind, namespace: metadata.namespace ?? '', name: metadata.name };
}

/** A sampler of one value of every resource; undefined leaves no series. */
function each(read: (resource: SluiceResource) => number | undefined): Sampler {
  return (resource) => samples(identityOf(resource), read(resource));
}

/** The same for AppDeployments alone. */
function eachApp(read: (app: AppDeployment) => number | undefined): Sampler {
  return (resource) => (isApp(resource) ? samples(appOf(resource), read(resource)) : []);
}

function samples(labels: Sample[0], value: number | undefined): Sample[] {
  return value === undefined ? [] : [[labels, value]];
}

function isApp(resource: SluiceResource): resource is AppDeployment {
  return resource.kind === ('AppDeployment' satisfies KindName);
}

function appOf({ metadata }: AppDeployment) {
  return { namespace: metadata.namespace ?? '', name: metadata.name };
}

const samplers: Readonly<Record<Key, Sampler>> = {
  info: (resource) => [[{ ...identityOf(resource), version: resource.spec.version }, 1]],
  condition: (resource) =>
    (resource.status?.conditions ?? []).map(({ type, status }) => [
      { ...identityOf(resource), type },
      conditionValues[status],
    ]),
  replicas: each(({ spec }) => spec.replicas),
  readyReplicas: each(({ status }) => status?.readyReplicas),
  updatedReplicas: eachApp(({ status }) => status?.updatedReplicas),
  drainingPods: eachApp(({ status }) => status?.drainingPods),
  drainingConnections: eachApp(({ status }) => status?.openConnections),
  rolloutSeconds: eachApp(({ status }) => status?.lastRollout?.durationSeconds),
  rolloutConnections: (resource) => {
    if (!isApp(resource)) return [];
    const { podsWithoutReport: _pods, ...outcomes } = resource.status?.lastRollout?.connections ?? {};
    return Object.entries(outcomes).map(([outcome, count]) => [{ ...appOf(resource), outcome }, count]);
  },
};

/** Registers the gauges; `read` gives the resources of all namespaces as they are at the moment of a scrape. */
export function registerResourceMetrics(registry: Registry, read: () => Iterable<SluiceResource>): void {
  for (const key of Object.keys(resourceMetrics) as Key[]) {
    const { name, help, labels } = resourceMetrics[key];
    new Gauge({
      name,
      help,
      labelNames: [...labels],
      registers: [registry],
      collect() {
        this.reset();
        for (const resource of read()) for (const [series, value] of samplers[key](resource)) this.set(series, value);
      },
    });
  }
}
