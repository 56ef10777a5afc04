import type { SequenceCounter } from '@sluice/api';
import { type PlannedApply, PodDisruptionBudget, StatefulSet } from '@sluice/runtime';
import { emptyLease, leaseRule, podIdentity } from '../children/identity.ts';
import { fromField, restrictedContainer, restrictedPod, user } from '../children/pod-security.ts';
import { configAnnotation, configMap, digest, httpService, metricsPort, servicePort } from '../children/service.ts';
import { counterChild, counterLabels, ledgerName, memberName } from './names.ts';

const peerPort = 8443;
const configFile = '/etc/sluice/config.json';

/** What the replicas are told (workloads/sequence-counter/replica-config.ts reads it). */
function configText({ metadata, spec }: SequenceCounter): string {
  const { ordering, counters, leaseDurationSeconds, outageBudgetSeconds, auth } = spec;
  return JSON.stringify({
    name: metadata.name,
    ordering,
    counters: counters.map(({ name, start, step }) => ({ name, start, step })),
    leaseDurationSeconds,
    outageBudgetSeconds,
    ...(auth !== undefined && { auth }),
  });
}

function configDigest(counter: SequenceCounter): string {
  return digest(configText(counter));
}

/** Whether this StatefulSet has been told what the spec says now: image, configuration and size. */
export function isUpToDate(counter: SequenceCounter, statefulSet: StatefulSet, image: string): boolean {
  const { replicas, template } = statefulSet.spec ?? {};
  return (
    replicas === counter.spec.replicas &&
    template?.metadata?.annotations?.[configAnnotation] === configDigest(counter) &&
    template.spec?.containers[0]?.image === image
  );
}

/**
 * The children of a counter, in the order in which they are needed. `members`: how many replicas there are or will be,
 * whichever is more: a pod that is on its way out still uses its Lease.
 */
export function childrenOf(counter: SequenceCounter, image: string, members: number): PlannedApply[] {
  const { name } = counter.metadata;
  const leases = Array.from({ length: members }, (_, ordinal) => memberName(name, ordinal));
  return [
    ...leases.map((lease) => emptyLease(counterChild(counter, lease))),
    configMap(counterChild(counter, name), { 'config.json': configText(counter) }),
    ...podIdentity(counterChild(counter, name), [leaseRule([ledgerName(name), ...leases]), ownResourceRule(name)]),
    httpService(counterChild(counter, name), { selector: counterLabels(name) }),
    httpService(counterChild(counter, `${name}-peers`), {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: counterLabels(name),
    }),
    disruptionBudget(counter),
    statefulSet(counter, image),
  ];
}

/** A replica compares the ledger with the mark in the status before it takes it. */
function ownResourceRule(name: string) {
  return { apiGroups: ['sluice.dev'], resources: ['sequencecounters'], resourceNames: [name], verbs: ['get'] };
}

function disruptionBudget(counter: SequenceCounter): PlannedApply {
  const { name } = counter.metadata;
  const object: PodDisruptionBudget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: counterChild(counter, name),
    spec: { maxUnavailable: 1, selector: { matchLabels: counterLabels(name) } },
  };
  return { resource: PodDisruptionBudget, object };
}

function statefulSet(counter: SequenceCounter, image: string): PlannedApply {
  const { name } = counter.metadata;
  const { replicas } = counter.spec;
  const object: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: counterChild(counter, name),
    spec: {
      replicas,
      serviceName: `${name}-peers`,
      // Replicas do not wait for each other: any of them can take the ledger.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: counterLabels(name) },
      template: {
        metadata: {
          labels: counterLabels(name),
          // A change of the configuration replaces the pods one by one, each with a clean hand-over.
          annotations: { [configAnnotation]: configDigest(counter) },
        },
        spec: podSpec(counter, image),
      },
    },
  };
  return { resource: StatefulSet, object };
}

type PodSpec = NonNullable<NonNullable<StatefulSet['spec']>['template']['spec']>;

function podSpec(counter: SequenceCounter, image: string): PodSpec {
  const { name } = counter.metadata;
  return {
    serviceAccountName: name,
    automountServiceAccountToken: true,
    terminationGracePeriodSeconds: 30,
    securityContext: { ...restrictedPod, runAsGroup: user },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: counterLabels(name) },
      },
    ],
    containers: [container(image)],
    volumes: [{ name: 'config', configMap: { name } }],
  };
}

function container(image: string): PodSpec['containers'][number] {
  const probe = (path: string) => ({ httpGet: { path, port: 'metrics' } });
  return {
    name: 'sequence-counter',
    image,
    imagePullPolicy: 'IfNotPresent',
    env: [
      fromField('POD_NAME', 'metadata.name'),
      fromField('POD_UID', 'metadata.uid'),
      fromField('POD_NAMESPACE', 'metadata.namespace'),
      fromField('POD_IP', 'status.podIP'),
      { name: 'SLUICE_CONFIG', value: configFile },
      { name: 'SLUICE_HOST', value: '0.0.0.0' },
      { name: 'SLUICE_PORT', value: String(servicePort) },
      { name: 'SLUICE_ADMIN_PORT', value: String(metricsPort) },
      { name: 'SLUICE_PEER_PORT', value: String(peerPort) },
    ],
    ports: [
      { name: 'http', containerPort: servicePort, protocol: 'TCP' },
      { name: 'metrics', containerPort: metricsPort, protocol: 'TCP' },
      { name: 'peers', containerPort: peerPort, protocol: 'TCP' },
    ],
    readinessProbe: { ...probe('/readyz'), periodSeconds: 2, timeoutSeconds: 2 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
    resources: { requests: { cpu: '30m', memory: '80Mi' }, limits: { memory: '256Mi' } },
    securityContext: { ...restrictedContainer, readOnlyRootFilesystem: true },
    volumeMounts: [{ name: 'config', mountPath: '/etc/sluice', readOnly: true }],
  };
}
