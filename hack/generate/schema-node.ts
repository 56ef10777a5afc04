import { RULES, type Rule, type TSchema, UNBUILT, type Unbuilt } from '@sluice/api';

/** A JSON schema as our generators walk it: plain data, without TypeBox's symbols. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: SchemaNode;
  readonly items?: SchemaNode;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly format?: string;
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-preserve-unknown-fields'?: true;
  readonly 'x-kubernetes-list-type'?: 'map' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly [RULES]?: readonly Rule[];
  readonly [UNBUILT]?: Unbuilt;
}

export function schemaNode(schema: TSchema): SchemaNode {
  const plain: unknown = JSON.parse(JSON.stringify(schema));
  return plain as SchemaNode;
}

/** Fields that the user must write: the required ones that the server does not fill in. */
export function mandatoryFields(node: SchemaNode): string[] {
  return (node.required ?? []).filter((name) => node.properties?.[name]?.default === undefined);
}

/** The description with what the schema knows besides: the default, and what is not built. */
export function fullDescription(node: SchemaNode): string {
  const parts = [node.description ?? ''];
  const fallback = node.default;
  if (typeof fallback === 'string' && fallback !== '') parts.push(`Default: ${fallback}.`);
  if (typeof fallback === 'number' || typeof fallback === 'boolean') parts.push(`Default: ${fallback}.`);
  const note = unbuiltNote(node[UNBUILT]);
  if (note !== undefined) parts.push(note);
  return parts.join(' ');
}

export function unbuiltNote(unbuilt: Unbuilt | undefined): string | undefined {
  if (unbuilt === undefined) return undefined;
  if (unbuilt === true) return 'Not built yet: refused with NotImplemented for now.';
  if ('above' in unbuilt) return `More than ${unbuilt.above} is not built yet: refused with NotImplemented for now.`;
  return `${listInWords(unbuilt.values)} ${unbuilt.values.length > 1 ? 'are' : 'is'} not built yet: refused with NotImplemented for now.`;
}

function listInWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
