import type { CustomResourceDefinition, KubeObject, Resource } from '../../kube/index.ts';

/** The custom resource of the suite: a bit of everything that a schema can say. */
export interface Widget extends KubeObject {
  spec?: {
    size?: number;
    mode?: string;
    replicas?: number;
    note?: string;
    /** A map by name, with a default in its key. */
    ports?: { name: string; protocol?: string; port?: number; label?: string }[];
    /** A set. */
    tags?: string[];
    /** Owned as a whole. */
    steps?: string[];
    limits?: Record<string, string>;
    target?: { host?: string; path?: string };
    free?: unknown;
  };
  status?: { phase?: string; replicas?: number; conditions?: { type: string; status: string }[] };
}

export const Widget: Resource<Widget> = {
  group: 'conformance.example.org',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};

const text = { type: 'string' };

const spec = {
  type: 'object',
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 100, default: 3 },
    mode: { type: 'string', enum: ['fast', 'safe'] },
    replicas: { type: 'integer' },
    note: { type: 'string', maxLength: 20, pattern: '^[a-z ]*$' },
    ports: {
      type: 'array',
      maxItems: 8,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name', 'protocol'],
      items: {
        type: 'object',
        required: ['name'],
        properties: {
          name: text,
          protocol: { type: 'string', default: 'TCP' },
          port: { type: 'integer' },
          label: text,
        },
      },
    },
    tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    steps: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: text },
    limits: { type: 'object', additionalProperties: text },
    target: { type: 'object', properties: { host: text, path: { type: 'string', default: '/' } } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

const status = {
  type: 'object',
  properties: {
    phase: text,
    replicas: { type: 'integer' },
    conditions: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: { type: 'object', required: ['type', 'status'], properties: { type: text, status: text } },
    },
  },
};

export const widgetDefinition: CustomResourceDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.conformance.example.org' },
  spec: {
    group: Widget.group,
    scope: 'Namespaced',
    names: { kind: Widget.kind, plural: Widget.plural, singular: 'widget', listKind: 'WidgetList' },
    versions: [
      {
        name: Widget.version,
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
      },
    ],
  },
};
