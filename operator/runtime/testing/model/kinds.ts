import type { Resource } from '../../kube/object.ts';
import type { CustomResourceDefinition } from '../../kube/resources.ts';
import * as resources from '../../kube/resources.ts';
import {
  atomic,
  byName,
  conditions,
  type FieldSchema,
  listOf,
  mapOf,
  objectSchema,
  podSpec,
  podTemplate,
  schemaFromOpenApi,
  stringSet,
  struct,
} from './field-schema.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** What the server knows of a resource besides its address. */
export interface Kind {
  readonly resource: Resource;
  readonly hasStatus: boolean;
  readonly hasScale: boolean;
  /** Whether metadata.generation counts the changes of what is neither metadata nor status. */
  readonly hasGeneration: boolean;
  /** Whether a PUT may leave out the resourceVersion. */
  readonly allowsBlindUpdate: boolean;
  readonly nameRule: 'subdomain' | 'label' | 'any';
  readonly fields: FieldSchema;
  /** Fields besides name and namespace that a field selector may name. */
  readonly indexed: readonly string[];
  /** Of a custom resource: unknown fields are dropped, defaults set, values checked. */
  readonly openApi?: JsonObject;
  /** The few defaults of a built-in kind that its deletion or its controllers depend on. */
  readonly defaults?: JsonObject;
}

type Known = Partial<Omit<Kind, 'resource'>>;

const workload = (spec: Record<string, FieldSchema> = {}): Known => ({
  hasStatus: true,
  hasScale: true,
  hasGeneration: true,
  fields: objectSchema({
    spec: struct({ selector: atomic, template: podTemplate, ...spec }),
    status: struct({ conditions }),
  }),
  defaults: { spec: { replicas: 1 } },
});

const pod: Known = {
  hasStatus: true,
  hasGeneration: true,
  fields: objectSchema({
    spec: podSpec,
    status: struct({ conditions, podIPs: listOf({ ip: undefined }) }),
  }),
  indexed: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase', 'status.podIP'],
  defaults: { spec: { terminationGracePeriodSeconds: 30 }, status: { phase: 'Pending' } },
};

const service: Known = {
  hasStatus: true,
  nameRule: 'label',
  fields: objectSchema({
    spec: struct({ ports: listOf({ port: undefined, protocol: 'TCP' }), selector: atomic }),
    status: struct({ conditions }),
  }),
  indexed: ['spec.clusterIP', 'spec.type'],
};

const namespace: Known = {
  hasStatus: true,
  nameRule: 'label',
  fields: objectSchema({ status: struct({ conditions }) }),
  indexed: ['status.phase'],
  defaults: { status: { phase: 'Active' } },
};

const withStatus: Known = {
  hasStatus: true,
  fields: objectSchema({ spec: struct({ selector: atomic }), status: struct({ conditions }) }),
};

const builtIn: readonly (readonly [Resource, Known])[] = [
  [resources.Pod, pod],
  [resources.Service, service],
  [resources.ConfigMap, { fields: objectSchema({ data: mapOf(atomic), binaryData: mapOf(atomic) }) }],
  [resources.ServiceAccount, { fields: objectSchema({ secrets: listOf(byName), imagePullSecrets: atomic }) }],
  [resources.PersistentVolumeClaim, withStatus],
  [resources.Namespace, namespace],
  [
    resources.Node,
    {
      hasStatus: true,
      fields: objectSchema({ spec: struct({ podCIDRs: stringSet }), status: struct({ conditions }) }),
      indexed: ['spec.unschedulable'],
    },
  ],
  [resources.ReplicaSet, { ...workload(), indexed: ['status.replicas'] }],
  [resources.StatefulSet, workload({ volumeClaimTemplates: atomic })],
  [resources.Deployment, workload()],
  [resources.Role, { nameRule: 'any' }],
  [resources.RoleBinding, { nameRule: 'any' }],
  [resources.Lease, { allowsBlindUpdate: false }],
  [resources.PodDisruptionBudget, { ...withStatus, hasGeneration: true }],
  [resources.HorizontalPodAutoscaler, withStatus],
  [resources.EndpointSlice, { hasGeneration: true }],
  [resources.Event, {}],
  [resources.CustomResourceDefinition, { ...withStatus, hasGeneration: true }],
];

const nothing: Omit<Kind, 'resource'> = {
  hasStatus: false,
  hasScale: false,
  hasGeneration: false,
  allowsBlindUpdate: true,
  nameRule: 'subdomain',
  fields: objectSchema({}),
  indexed: [],
};

export const builtInKinds = (): Kind[] => builtIn.map(([resource, known]) => ({ ...nothing, ...known, resource }));

/** A resource of which nothing is known but its address: it has a status subresource and a generation. */
export function unknownKind(resource: Resource): Kind {
  return { ...nothing, ...withStatus, hasGeneration: true, resource };
}

/** The kinds of a definition, one for each version that is served. */
export function kindsOfDefinition({ spec }: CustomResourceDefinition): Kind[] {
  return spec.versions
    .filter((version) => version.served)
    .map(({ name, subresources, schema }) => {
      const openApi = schema?.openAPIV3Schema as Json | undefined;
      return {
        ...nothing,
        resource: {
          group: spec.group,
          version: name,
          kind: spec.names.kind,
          plural: spec.names.plural,
          namespaced: spec.scope === 'Namespaced',
        },
        hasStatus: subresources?.status !== undefined,
        hasScale: subresources?.scale !== undefined,
        hasGeneration: true,
        allowsBlindUpdate: false,
        ...(isObject(openApi) ? { openApi, fields: schemaFromOpenApi(openApi) } : {}),
      };
    });
}
