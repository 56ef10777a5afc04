import type { OrderBook } from '@sluice/api';
import { type KubeObject, PersistentVolumeClaim, type PlannedApply, StatefulSet } from '@sluice/runtime';
import { emptyLease, leaseRule, podIdentity } from '../children/identity.ts';
import { fromField, restrictedContainer, restrictedPod, user } from '../children/pod-security.ts';
import { configAnnotation, configMap, httpService, metricsPort, servicePort } from '../children/service.ts';
import { bookChild, bookLabels, leaseName } from './names.ts';
import {
  configText,
  containerPorts,
  environment,
  extraPorts,
  memoryLimit,
  secretsVolume,
  settingsDigest,
} from './settings.ts';

const configFolder = '/etc/sluice';
const dataFolder = '/data';

/** What decides over the children beside the resource itself. */
export interface ChildrenInput {
  readonly image: string;
  /** Size in the StatefulSet's claim template, which cannot change once it is there: volumes grow by themselves. */
  readonly templateSize: string;
  /** Pod that takes orders. */
  readonly leader: string;
}

/** The children of a book, in the order in which they are needed. */
export function childrenOf(book: OrderBook, input: ChildrenInput): PlannedApply[] {
  const { name } = book.metadata;
  return [
    emptyLease(bookChild(book, leaseName(name))),
    configMap(bookChild(book, name), { 'symbols.yaml': configText(book) }),
    ...podIdentity(bookChild(book, name), [leaseRule([leaseName(name)])]),
    httpService(bookChild(book, name), { selector: bookLabels(name) }, extraPorts(book)),
    httpService(
      bookChild(book, leaseName(name)),
      { selector: { ...bookLabels(name), 'statefulset.kubernetes.io/pod-name': input.leader } },
      extraPorts(book),
    ),
    httpService(bookChild(book, `${name}-members`), {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: bookLabels(name),
    }),
    statefulSet(book, input),
  ];
}

/** Whether the StatefulSet was made from this spec: its status says nothing about the spec before that. */
export function isMadeFrom(book: OrderBook, image: string | undefined, statefulSet: StatefulSet | undefined): boolean {
  const template = statefulSet?.spec?.template;
  return (
    template?.metadata?.annotations?.[configAnnotation] === settingsDigest(book) &&
    template.spec?.containers[0]?.image === image
  );
}

/** A volume that is to be `size`: the one field of it that is ours. */
export function grownClaim(claim: PersistentVolumeClaim, size: string): PlannedApply {
  const { name, namespace = '' } = claim.metadata;
  const object: KubeObject & { spec: unknown } = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { resources: { requests: { storage: size } } },
  };
  return { resource: PersistentVolumeClaim, object };
}

function statefulSet(book: OrderBook, { image, templateSize }: ChildrenInput): PlannedApply {
  const { name } = book.metadata;
  const { replicas, deletionPolicy } = book.spec;
  const object: StatefulSet = {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: bookChild(book, name),
    spec: {
      replicas,
      serviceName: `${name}-members`,
      // With Parallel a member that cannot start is replaced by a mended template; with OrderedReady it blocks it.
      podManagementPolicy: 'Parallel',
      // A single member leaves no order to choose, so the roll need not wait for this operator.
      updateStrategy: { type: 'RollingUpdate' },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: deletionPolicy, whenScaled: 'Retain' },
      selector: { matchLabels: bookLabels(name) },
      template: {
        metadata: {
          labels: bookLabels(name),
          // A change of what the program is told replaces the member.
          annotations: { [configAnnotation]: settingsDigest(book) },
        },
        spec: podSpec(book, image),
      },
      volumeClaimTemplates: [claimTemplate(book, templateSize)],
    },
  };
  return { resource: StatefulSet, object };
}

type StatefulSetSpec = NonNullable<StatefulSet['spec']>;
type ClaimTemplate = NonNullable<StatefulSetSpec['volumeClaimTemplates']>[number];
type PodSpec = NonNullable<StatefulSetSpec['template']['spec']>;
type Container = PodSpec['containers'][number];

function claimTemplate({ metadata, spec }: OrderBook, size: string): ClaimTemplate {
  const { storageClassName } = spec.storage;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', labels: bookLabels(metadata.name) },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: size } },
      ...(storageClassName !== undefined && { storageClassName }),
    },
  };
}

function podSpec(book: OrderBook, image: string): PodSpec {
  const { name } = book.metadata;
  const { volumes, volumeMounts } = secretsVolume(book);
  return {
    serviceAccountName: name,
    automountServiceAccountToken: true,
    terminationGracePeriodSeconds: 30,
    securityContext: {
      ...restrictedPod,
      runAsGroup: user,
      fsGroup: user,
      fsGroupChangePolicy: 'OnRootMismatch',
    },
    containers: [container(book, image, volumeMounts)],
    volumes: [{ name: 'config', configMap: { name } }, ...volumes],
  };
}

function container(book: OrderBook, image: string, secretMounts: NonNullable<Container['volumeMounts']>): Container {
  const probe = (path: string) => ({ httpGet: { path, port: 'metrics' }, timeoutSeconds: 3 });
  return {
    name: 'order-book',
    image,
    imagePullPolicy: 'IfNotPresent',
    env: [
      fromField('POD_NAME', 'metadata.name'),
      fromField('POD_NAMESPACE', 'metadata.namespace'),
      { name: 'SLUICE_SYMBOLS', value: `${configFolder}/symbols.yaml` },
      { name: 'SLUICE_DATA', value: `${dataFolder}/book` },
      { name: 'SLUICE_HOST', value: '0.0.0.0' },
      { name: 'SLUICE_PORT', value: String(servicePort) },
      { name: 'SLUICE_ADMIN_PORT', value: String(metricsPort) },
      { name: 'SLUICE_LEASE', value: leaseName(book.metadata.name) },
      { name: 'SLUICE_LOG_LEVEL', value: 'info' },
      ...environment(book),
    ],
    ports: containerPorts(book),
    // The sentence with which the program ended then stands in the pod's status, and from there in ours.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    // A long journal may take minutes to replay; only then does the liveness probe begin.
    startupProbe: { ...probe('/readyz'), periodSeconds: 1, failureThreshold: 600 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 2 },
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10, failureThreshold: 6 },
    resources: { requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: memoryLimit(book) } },
    securityContext: { ...restrictedContainer, readOnlyRootFilesystem: true },
    volumeMounts: [
      { name: 'config', mountPath: configFolder, readOnly: true },
      { name: 'data', mountPath: dataFolder },
      ...secretMounts,
    ],
  };
}
