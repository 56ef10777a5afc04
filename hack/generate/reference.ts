import { type KindDefinition, kinds, RULES, type Rule, UNBUILT } from '@sluice/api';
import { apiVersionOf } from '../../operator/runtime/kube/object.ts';
import type { GeneratedFile, Generator } from './generator.ts';
import { table } from './markdown.ts';
import { orderBookApiPage } from './order-book-api.ts';
import { runtimePages } from './runtime-pages.ts';
import { samples } from './samples.ts';
import { mandatoryFields, type SchemaNode, schemaNode, unbuiltNote } from './schema-node.ts';

const pages: Record<keyof typeof kinds, string> = {
  AppDeployment: 'app-deployment',
  SequenceCounter: 'sequence-counter',
  OrderBook: 'order-book',
};

export const referenceGenerator: Generator = {
  name: 'reference',
  directories: ['docs/reference'],
  files: () => [...Object.values(kinds).map(referencePage), ...runtimePages(), orderBookApiPage()],
};

function referencePage(kind: KindDefinition): GeneratedFile {
  const { resource } = kind;
  const spec = schemaNode(kind.spec);
  const status = schemaNode(kind.status);
  const lines = [
    `# ${resource.kind}`,
    '',
    'Generated from `operator/api` by `make generate`; do not edit.',
    '',
    kind.description,
    '',
    `\`apiVersion: ${apiVersionOf(resource)}\`, short name \`${kind.shortName}\`, category \`sluice\`, subresources \`status\` and \`scale\`.`,
    '',
    `Samples: ${sampleLinks(resource.kind)}.`,
    '',
    '## spec',
    '',
    ...table(['Field', 'Type', 'Default', 'Meaning'], specRows(spec, 'spec')),
    '',
    '## What is refused',
    '',
    'Beside the types and limits above, the API server refuses a resource with these sentences:',
    '',
    ...table(['At', 'Sentence'], [...ruleRows(kind.rules, 'metadata.name'), ...nodeRuleRows(spec, 'spec')]),
    '',
    '## status',
    '',
    ...table(['Field', 'Type', 'Meaning'], statusRows(status, 'status')),
    '',
    '### Conditions',
    '',
    ...table(
      ['Type', 'True means'],
      Object.entries(kind.conditions).map(([type, meaning]) => [`\`${type}\``, meaning]),
    ),
    '',
    `## Columns of \`kubectl get ${kind.shortName}\``,
    '',
    ...table(
      ['Column', 'Meaning'],
      kind.columns.map(({ name, description, wide }) => [
        name.toUpperCase(),
        wide ? `${description} With \`-o wide\`.` : description,
      ]),
    ),
    '',
  ];
  return { path: `docs/reference/${pages[resource.kind as keyof typeof kinds]}.md`, content: lines.join('\n') };
}

function sampleLinks(kind: string): string {
  return samples
    .filter((sample) => sample.kind === kind)
    .map(({ file }) => `[${file}](../../config/samples/${file})`)
    .join(', ');
}

interface FieldAt {
  readonly path: string;
  readonly field: SchemaNode;
  readonly mandatory: boolean;
}

/** The fields below a node, depth first, each with its path. */
function* fieldsBelow(node: SchemaNode, path: string): Iterable<FieldAt> {
  const mandatory = mandatoryFields(node);
  for (const [name, field] of Object.entries(node.properties ?? {})) {
    const here = `${path}.${name}`;
    yield { path: here, field, mandatory: mandatory.includes(name) };
    yield* fieldsBelow(field, here);
    if (field.items !== undefined) yield* fieldsBelow(field.items, `${here}[]`);
  }
}

function specRows(spec: SchemaNode, path: string): string[][] {
  return [...fieldsBelow(spec, path)].map(({ path: at, field, mandatory }) => [
    `\`${at}\``,
    typeText(field),
    mandatory ? 'required' : defaultText(field.default),
    [field.description ?? '', unbuiltNote(field[UNBUILT]) ?? ''].join(' ').trim(),
  ]);
}

function statusRows(status: SchemaNode, path: string): string[][] {
  return [...fieldsBelow(status, path)].map(({ path: at, field }) => [
    `\`${at}\``,
    typeText(field),
    field.description ?? '',
  ]);
}

function defaultText(value: unknown): string {
  if (value === undefined) return '';
  return JSON.stringify(value) === '{}' ? 'see its fields' : `\`${JSON.stringify(value)}\``;
}

function typeText(node: SchemaNode): string {
  if (node['x-kubernetes-int-or-string']) return 'integer or string';
  if (node.enum !== undefined) return node.enum.map((value) => `\`${value}\``).join(', ');
  if (node.type === 'array') return `list of ${node.items === undefined ? 'values' : typeText(node.items)}`;
  if (node.additionalProperties !== undefined) return 'map of strings';
  if (node.type === 'string') return node.format === 'date-time' ? 'time' : `string, at most ${node.maxLength}`;
  return node.type ?? '';
}

function ruleRows(rules: readonly Rule[], at: string): string[][] {
  return rules.map(({ message }) => [`\`${at}\``, message]);
}

function nodeRuleRows(node: SchemaNode, path: string): string[][] {
  const own = ruleRows(node[RULES] ?? [], path);
  const below = [...fieldsBelow(node, path)].flatMap(({ path: at, field }) => [
    ...ruleRows(field[RULES] ?? [], at),
    ...ruleRows(field.items?.[RULES] ?? [], `${at}[]`),
  ]);
  return [...own, ...below];
}
