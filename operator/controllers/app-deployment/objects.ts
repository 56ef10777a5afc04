import type { AppDeployment } from '@sluice/api';
import {
  HorizontalPodAutoscaler,
  type KubeObject,
  type PlannedApply,
  PodDisruptionBudget,
  ReplicaSet,
  Service,
} from '@sluice/runtime';
import { childMetadata } from '../children/labels.ts';
import { appLabels, revisionLabel, revisionLabels, revisionName } from './names.ts';
import type { PodTemplate } from './template.ts';

/** Annotations of a ReplicaSet: what a person wants to know of a revision. */
export const versionAnnotation = 'sluice.dev/version';

function metadata(app: AppDeployment, name: string, labels: Readonly<Record<string, string>>) {
  const common = childMetadata(app, 'app-deployment', name);
  return { ...common, labels: { ...common.labels, ...labels } };
}

/** The ReplicaSet of the revision that spec describes. `observed`: as it is, if it is there. */
export function currentReplicaSet(
  app: AppDeployment,
  revision: string,
  template: PodTemplate,
  replicas: number,
  observed: ReplicaSet | undefined,
): PlannedApply {
  const { name } = app.metadata;
  const object: KubeObject & Pick<ReplicaSet, 'spec'> = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      ...metadata(app, revisionName(name, revision), { [revisionLabel]: revision }),
      annotations: { [versionAnnotation]: app.spec.version },
    },
    spec: { replicas, selector: { matchLabels: revisionLabels(name, revision) }, template },
  };
  return { resource: ReplicaSet, object, observed };
}

/** A ReplicaSet of another revision with a new size: all that we own of it, as it is, since nobody renders it again. */
export function resizedReplicaSet(replicaSet: ReplicaSet, replicas: number): PlannedApply {
  const { name, namespace = '', labels, annotations, ownerReferences } = replicaSet.metadata;
  const version = annotations?.[versionAnnotation];
  const { selector, template } = replicaSet.spec ?? { selector: {} };
  const object: KubeObject & Pick<ReplicaSet, 'spec'> = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace,
      labels: labels ?? {},
      annotations: version === undefined ? {} : { [versionAnnotation]: version },
      ownerReferences: ownerReferences ?? [],
    },
    spec: { replicas, selector, ...(template === undefined ? {} : { template }) },
  };
  return { resource: ReplicaSet, object, observed: replicaSet };
}

function service(app: AppDeployment, name: string, labels: Record<string, string>, selector: Record<string, string>) {
  const object: KubeObject & Pick<Service, 'spec'> = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(app, name, labels),
    spec: {
      type: 'ClusterIP',
      selector,
      ports: app.spec.ports.map(({ name: port, containerPort, servicePort }) => {
        return { name: port, port: servicePort ?? containerPort, targetPort: port, protocol: 'TCP' };
      }),
    },
  };
  return { resource: Service, object };
}

/** The app's Service: pods of every revision, those that drain included, until they are gone. */
export function stableService(app: AppDeployment): PlannedApply {
  const { name } = app.metadata;
  return service(app, name, {}, appLabels(name));
}

/** The Service of one revision. Its selector never changes: a moved selector cuts connections on some data planes. */
export function revisionService(app: AppDeployment, revision: string): PlannedApply {
  const { name } = app.metadata;
  return service(app, revisionName(name, revision), { [revisionLabel]: revision }, revisionLabels(name, revision));
}

export function disruptionBudget(app: AppDeployment): PlannedApply {
  const { name } = app.metadata;
  const object: KubeObject & Pick<PodDisruptionBudget, 'spec'> = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(app, name, {}),
    spec: { maxUnavailable: app.spec.disruption.maxUnavailable, selector: { matchLabels: appLabels(name) } },
  };
  return { resource: PodDisruptionBudget, object };
}

/** The autoscaler asked for, or undefined. It writes spec.replicas through the scale subresource. */
export function autoscaler(app: AppDeployment): PlannedApply | undefined {
  const { autoscaling } = app.spec;
  if (autoscaling === undefined) return undefined;
  const { name } = app.metadata;
  const object: KubeObject & Pick<HorizontalPodAutoscaler, 'spec'> = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(app, name, {}),
    spec: {
      scaleTargetRef: { apiVersion: app.apiVersion, kind: app.kind, name },
      minReplicas: autoscaling.minReplicas,
      maxReplicas: autoscaling.maxReplicas,
      metrics: [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: { type: 'Utilization', averageUtilization: autoscaling.targetCPUUtilizationPercentage },
          },
        },
      ],
    },
  };
  return { resource: HorizontalPodAutoscaler, object };
}
