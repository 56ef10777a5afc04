import { createHash } from 'node:crypto';
import type { SequenceCounter } from '@sluice/api';
import {
  ConfigMap,
  type KubeObject,
  Lease,
  type PlannedApply,
  PodDisruptionBudget,
  Role,
  RoleBinding,
  Service,
  ServiceAccount,
  StatefulSet,
} from '@sluice/runtime';
import { childMetadata, ledgerName, memberName, podLabels } from './names.ts';

const servicePort = 8080;
const metricsPort = 9090;
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

/**
 * The children of a counter, in the order in which they are needed. `members`: how many replicas there are or will be,
 * whichever is more: a pod that is on its way out still uses its Lease.
 */
export function childrenOf(counter: SequenceCounter, image: string, members: number): PlannedApply[] {
  const { name } = counter.metadata;
  const leases = Array.from({ length: members }, (_, ordinal) => memberName(name, ordinal));
  return [
    ...leases.map((lease) => memberLease(counter, lease)),
    configMap(counter),
    serviceAccount(counter),
    role(counter, leases),
    roleBinding(counter),
    service(counter, name, { clusterIP: undefined, publishNotReadyAddresses: false }),
    service(counter, `${name}-peers`, { clusterIP: 'None', publishNotReadyAddresses: true }),
    disruptionBudget(counter),
    statefulSet(counter, image),
  ];
}

function memberLease(counter: SequenceCounter, name: string): PlannedApply {
  const object: KubeObject = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: childMetadata(counter, name),
  };
  return { resource: Lease, object };
}

function configMap(counter: SequenceCounter): PlannedApply {
  const object: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: childMetadata(counter, counter.metadata.name),
    data: { 'config.json': configText(counter) },
  };
  return { resource: ConfigMap, object };
}

function serviceAccount(counter: SequenceCounter): PlannedApply {
  const object: ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: childMetadata(counter, counter.metadata.name),
    automountServiceAccountToken: false,
  };
  return { resource: ServiceAccount, object };
}

/** By name only, and without create: the operator makes the Leases, so that no replica can make a ledger anew. */
function role(counter: SequenceCounter, members: readonly string[]): PlannedApply {
  const { name } = counter.metadata;
  const object: Role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: childMetadata(counter, name),
    rules: [
      {
        apiGroups: ['coordination.k8s.io'],
        resources: ['leases'],
        resourceNames: [ledgerName(name), ...members],
        verbs: ['get', 'update'],
      },
      { apiGroups: ['sluice.dev'], resources: ['sequencecounters'], resourceNames: [name], verbs: ['get'] },
    ],
  };
  return { resource: Role, object };
}

function roleBinding(counter: SequenceCounter): PlannedApply {
  const { name, namespace = '' } = counter.metadata;
  const object: RoleBinding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: childMetadata(counter, name),
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  return { resource: RoleBinding, object };
}

function service(
  counter: SequenceCounter,
  name: string,
  { clusterIP, publishNotReadyAddresses }: { clusterIP: string | undefined; publishNotReadyAddresses: boolean },
): PlannedApply {
  const object: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(counter, name),
    spec: {
      ...(clusterIP !== undefined && { clusterIP }),
      publishNotReadyAddresses,
      selector: podLabels(counter.metadata.name),
      ports: [{ name: 'http', port: servicePort, targetPort: 'http', protocol: 'TCP' }],
    },
  };
  return { resource: Service, object };
}

function disruptionBudget(counter: SequenceCounter): PlannedApply {
  const { name } = counter.metadata;
  const object: PodDisruptionBudget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: childMetadata(counter, name),
    spec: { maxUnavailable: 1, selector: { matchLabels: podLabels(name) } },
  };
  return { resource: PodDisruptionBudget, object };
}

function statefulSet(counter: SequenceCounter, image: string): PlannedApply {
  const { name } = counter.metadata;
  const { replicas } = counter.spec;
  const object: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: childMetadata(counter, name),
    spec: {
      replicas,
      serviceName: `${name}-peers`,
      // Replicas do not wait for each other: any of them can take the ledger.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: podLabels(name) },
      template: {
        metadata: {
          labels: podLabels(name),
          // A change of the configuration replaces the pods one by one, each with a clean hand-over.
          annotations: { 'sluice.dev/config': digest(configText(counter)) },
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
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: podLabels(name) },
      },
    ],
    containers: [container(image)],
    volumes: [{ name: 'config', configMap: { name } }],
  };
}

function container(image: string): PodSpec['containers'][number] {
  const fromField = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
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
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'config', mountPath: '/etc/sluice', readOnly: true }],
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
