import { controllerReference, type KubeObject, type ObjectKey, type ObjectMeta } from '@sluice/runtime';

/** Value of `app.kubernetes.io/name` on everything that belongs to a resource of one kind. */
export type AppName = 'app-deployment' | 'sequence-counter' | 'order-book';

const nameLabel = 'app.kubernetes.io/name';
const instanceLabel = 'app.kubernetes.io/instance';
/** On all that the operator makes, never in a selector. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'sluice' } as const;

/** Labels of the pods of the resource `name`: what its Services select. Never changed. */
export function podLabels(app: AppName, name: string): Record<string, string> {
  return { [nameLabel]: app, [instanceLabel]: name };
}

/** `key=value,…`: the form of `status.selector`, which the scale subresource hands to autoscalers. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

/** Metadata of a child: found by its labels, collected with its owner. */
export function childMetadata(owner: KubeObject, app: AppName, name: string): ObjectMeta {
  return {
    name,
    namespace: owner.metadata.namespace ?? '',
    labels: { ...podLabels(app, owner.metadata.name), ...managedByLabel },
    ownerReferences: [controllerReference(owner)],
  };
}

/**
 * Key of the resource that an object belongs to by its labels: for pods and volumes, whose owner is another child or
 * nobody any more.
 */
export function ownerByLabels(app: AppName): (object: KubeObject) => ObjectKey[] {
  return ({ metadata: { namespace = '', labels } }) => {
    const name = labels?.[instanceLabel];
    return labels?.[nameLabel] === app && name !== undefined ? [{ namespace, name }] : [];
  };
}
