import { type KindDefinition, kinds, RULES, type Rule, UNBUILT } from '@sluice/api';
import { stringify } from 'yaml';
import type { GeneratedFile, Generator } from './generator.ts';
import { fullDescription, mandatoryFields, type SchemaNode, schemaNode } from './schema-node.ts';

export const crdGenerator: Generator = {
  name: 'crds',
  directories: ['crds'],
  files: () => Object.values(kinds).map(crdFile),
};

function crdFile(kind: KindDefinition): GeneratedFile {
  const { group, plural } = kind.resource;
  const yaml = stringify(customResourceDefinition(kind), {
    // kubectl reads YAML 1.1, where a bare `y` or `n` is a boolean.
    version: '1.1',
    lineWidth: 120,
    aliasDuplicateObjects: false,
  });
  return {
    path: `crds/${group}_${plural}.yaml`,
    content: `# Generated from operator/api by \`make generate\`; do not edit.\n${yaml}`,
  };
}

/** The CustomResourceDefinition of a kind (apiextensions.k8s.io/v1). */
export function customResourceDefinition(kind: KindDefinition) {
  const { group, version, kind: name, plural } = kind.resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: {
        kind: name,
        listKind: `${name}List`,
        plural,
        singular: kind.singular,
        shortNames: [kind.shortName],
        categories: ['sluice'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(kind) },
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          additionalPrinterColumns: kind.columns.map(({ wide, ...column }) => ({
            ...column,
            ...(wide ? { priority: 1 } : {}),
          })),
        },
      ],
    },
  };
}

function rootSchema(kind: KindDefinition) {
  return {
    type: 'object',
    description: kind.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `${kind.resource.group}/${kind.resource.version}.` },
      kind: { type: 'string', description: `${kind.resource.kind}.` },
      metadata: { type: 'object' },
      spec: structural(schemaNode(kind.spec)),
      status: structural(schemaNode(kind.status)),
    },
    [RULES]: kind.rules.map(validation),
  };
}

/** One node as a structural schema: our own keywords become words, defaulted fields are not required of the user. */
function structural(node: SchemaNode): Record<string, unknown> {
  const {
    [UNBUILT]: _unbuilt,
    [RULES]: rules,
    properties,
    required: _required,
    items,
    additionalProperties,
    ...rest
  } = node;
  const required = mandatoryFields(node);
  return {
    ...rest,
    description: fullDescription(node),
    ...(node.default === undefined ? {} : { default: filledDefault(node, node.default) }),
    ...(required.length === 0 ? {} : { required }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, structural(field)])),
        }),
    ...(items === undefined ? {} : { items: structural(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties }),
    ...(rules === undefined ? {} : { [RULES]: rules.map(validation) }),
  };
}

/** `value` with the defaults inside it filled in: the server checks a default against the rules before it would fill them. */
function filledDefault(node: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value) && node.items !== undefined) {
    const { items } = node;
    return value.map((item) => filledDefault(items, item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const given: Record<string, unknown> = { ...value };
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    const inner = given[name] ?? field.default;
    if (inner !== undefined) given[name] = filledDefault(field, inner);
  }
  return given;
}

/** `FieldValueInvalid` is the reason the server gives by default; transition rules are about what may not change. */
function validation(rule: Rule) {
  return rule.rule.includes('oldSelf') ? { ...rule, reason: 'FieldValueForbidden' } : { ...rule };
}
