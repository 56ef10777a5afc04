import type {
  EventsV1Event,
  V1ConfigMap,
  V1CustomResourceDefinition,
  V1Deployment,
  V1EndpointSlice,
  V1Lease,
  V1Namespace,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1ReplicaSet,
  V1Role,
  V1RoleBinding,
  V1Service,
  V1ServiceAccount,
  V1StatefulSet,
  V2HorizontalPodAutoscaler,
} from '@kubernetes/client-node';
import type { Resource, WireObject } from './object.ts';

// The built-in resources that operators most often own or watch. Types only: nothing of client-node is loaded for them.

/** Containers that run together on a node. To remove one, evict it, so that disruption budgets are heard. */
export type Pod = WireObject<V1Pod>;
export const Pod: Resource<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: true,
};

/** A stable address in front of pods. */
export type Service = WireObject<V1Service>;
export const Service: Resource<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
};

/** Settings as text; at most 1 MiB. */
export type ConfigMap = WireObject<V1ConfigMap>;
export const ConfigMap: Resource<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
};

/** Who a pod is to the API server. */
export type ServiceAccount = WireObject<V1ServiceAccount>;
export const ServiceAccount: Resource<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
};

/** A claim for a volume. Deleting it deletes the data, if the volume is reclaimed so. */
export type PersistentVolumeClaim = WireObject<V1PersistentVolumeClaim>;
export const PersistentVolumeClaim: Resource<PersistentVolumeClaim> = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  namespaced: true,
};

/** A namespace. Cluster-scoped. */
export type Namespace = WireObject<V1Namespace>;
export const Namespace: Resource<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};

/** A machine of the cluster. Cluster-scoped; its status changes every few seconds, so watch metadata only where that will do. */
export type Node = WireObject<V1Node>;
export const Node: Resource<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
};

/** A number of pods that are alike. */
export type ReplicaSet = WireObject<V1ReplicaSet>;
export const ReplicaSet: Resource<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
};

/** Pods with names and volumes of their own. */
export type StatefulSet = WireObject<V1StatefulSet>;
export const StatefulSet: Resource<StatefulSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  namespaced: true,
};

/** ReplicaSets of one application, one for each version. */
export type Deployment = WireObject<V1Deployment>;
export const Deployment: Resource<Deployment> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
};

/** Rights within a namespace. Who grants rights must have them. */
export type Role = WireObject<V1Role>;
export const Role: Resource<Role> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  namespaced: true,
};

/** Who has the rights of a role within a namespace. */
export type RoleBinding = WireObject<V1RoleBinding>;
export const RoleBinding: Resource<RoleBinding> = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
};

/** A lock with an end; the election of leaders uses one. */
export type Lease = WireObject<V1Lease>;
export const Lease: Resource<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

/** How many pods may be evicted at a time. */
export type PodDisruptionBudget = WireObject<V1PodDisruptionBudget>;
export const PodDisruptionBudget: Resource<PodDisruptionBudget> = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
};

/** Sets the scale of another resource by metrics. */
export type HorizontalPodAutoscaler = WireObject<V2HorizontalPodAutoscaler>;
export const HorizontalPodAutoscaler: Resource<HorizontalPodAutoscaler> = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
};

/** Addresses behind a Service and whether they are ready. */
export type EndpointSlice = WireObject<V1EndpointSlice>;
export const EndpointSlice: Resource<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
};

/** Something that happened to an object. Write them with `ctx.event`, which aggregates. */
export type Event = WireObject<EventsV1Event>;
export const Event: Resource<Event> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
};

/** Defines a resource. Cluster-scoped. */
export type CustomResourceDefinition = WireObject<V1CustomResourceDefinition>;
export const CustomResourceDefinition: Resource<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};
