import {
  type KubeObject,
  Lease,
  type ObjectMeta,
  type PlannedApply,
  Role,
  RoleBinding,
  ServiceAccount,
} from '@sluice/runtime';

type Rules = NonNullable<Role['rules']>;

/**
 * Service account, Role and RoleBinding of one resource, all by one name: its pods may do what `rules` say and nothing
 * else. The account gives no token by itself; the pod that needs one says so.
 */
export function podIdentity(metadata: ObjectMeta, rules: Rules): PlannedApply[] {
  const { name, namespace = '' } = metadata;
  const account: ServiceAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata,
    automountServiceAccountToken: false,
  };
  const role: Role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules };
  const binding: RoleBinding = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  };
  return [
    { resource: ServiceAccount, object: account },
    { resource: Role, object: role },
    { resource: RoleBinding, object: binding },
  ];
}

/** By name only, and without create: the operator makes the Leases, so that no pod can make one anew. */
export function leaseRule(names: readonly string[]): Rules[number] {
  return {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    resourceNames: [...names],
    verbs: ['get', 'update'],
  };
}

/** An empty Lease: only the pods write what is in it. */
export function emptyLease(metadata: ObjectMeta): PlannedApply {
  const object: KubeObject = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata };
  return { resource: Lease, object };
}
