import { type KindName, kinds, RULES, type TSchema, UNBUILT } from '@sluice/api';

type Json = Readonly<Record<string, unknown>>;

/** One field that a user may change, found in the schema of its kind. */
export interface FieldChange {
  /** Such as `spec.drain.mode` or `spec.counters[].step`. */
  readonly path: string;
  /** The spec with another valid value of the field. */
  set(spec: Json): Json;
  /** The spec without the field, where it may be left out. */
  readonly remove: ((spec: Json) => Json) | undefined;
  /** Whether the server lets nobody take the change back, as with the size of a volume. */
  readonly oneWay: boolean;
}

type Step = string | 'first item';

/**
 * Every field of `spec` that may change after creation, so that a new field is among them without being named here. `examples`
 * has valid values, such as those that the tests of the schemas use.
 */
export function fieldChanges(kind: KindName, examples: Json): FieldChange[] {
  return [...changesIn(kinds[kind].spec, [], examples)];
}

function* changesIn(schema: TSchema, path: readonly Step[], examples: Json): Generator<FieldChange> {
  const required: readonly string[] = schema.required ?? [];
  const frozen = frozenIn(schema);
  for (const [name, field] of Object.entries<TSchema>(schema.properties ?? {})) {
    const here = [...path, name];
    // Who has this name never has another: it is the key of a list.
    if (frozen.has(name) || isFrozen(field) || (path.at(-1) === 'first item' && name === 'name')) continue;
    const optional = !required.includes(name) || field.default !== undefined;
    const change: FieldChange = {
      path: `spec.${here.join('.').replaceAll('.first item', '[]')}`,
      set: (spec) => changed(spec, here, (value) => another(field, value, read(examples, here)), examples) as Json,
      remove: optional && !isOneWay(field) ? (spec) => changed(spec, here, () => undefined) as Json : undefined,
      oneWay: isOneWay(field),
    };
    // An object of which a part is frozen is changed part by part.
    if (frozenIn(field).size === 0) yield change;
    if (field.properties !== undefined) yield* changesIn(field, here, examples);
    if (field.items?.properties !== undefined) yield* changesIn(field.items, [...here, 'first item'], examples);
  }
}

function rulesOf(schema: TSchema): readonly string[] {
  const rules = (schema[RULES] ?? []) as readonly { readonly rule: string }[];
  return rules.map(({ rule }) => rule);
}

function isFrozen(schema: TSchema): boolean {
  return rulesOf(schema).some((rule) => /^self == oldSelf$/.test(rule));
}

/** Fields of an object that a rule of the object keeps as they are. */
function frozenIn(schema: TSchema): Set<string> {
  const names = rulesOf(schema).flatMap((rule) =>
    [...rule.matchAll(/self\.(\w+) == oldSelf\.\1/g)].map(([, name]) => name),
  );
  return new Set(names.filter((name) => name !== undefined));
}

function isOneWay(schema: TSchema): boolean {
  return rulesOf(schema).some((rule) => rule.includes('oldSelf'));
}

/** A value of the field that is not `value`. */
function another(schema: TSchema, value: unknown, example: unknown): unknown {
  if (schema.type === 'integer') {
    const now = Number(value ?? schema.default ?? schema.minimum);
    return now < (schema.maximum ?? Number.MAX_SAFE_INTEGER) ? now + 1 : now - 1;
  }
  if (schema.type === 'boolean') return !(value ?? schema.default ?? false);
  if (schema.enum !== undefined) return schema.enum.find((one: unknown) => one !== (value ?? schema.default)) ?? value;
  if (example === undefined) return sample(schema);
  if (!Array.isArray(example)) return example;
  const few = example.slice(0, 2);
  // What can never be removed again has to be something that works.
  return isOneWay(schema) && Array.isArray(value) ? [...value, ...few.map((item) => built(schema.items, item))] : few;
}

/** A value of the right type, for a field that stands in no example since it excludes another one there. */
function sample(schema: TSchema): unknown {
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.type === 'integer') return schema.minimum;
  if (schema.type === 'boolean') return true;
  if (schema.type === 'array') return [sample(schema.items)];
  if (schema.type !== 'object') return schema.default ?? 'sample';
  const required: readonly string[] = schema.required ?? [];
  return Object.fromEntries(required.map((name) => [name, sample(schema.properties[name])]));
}

/** `value` without the fields that nothing acts on yet. */
function built(schema: TSchema, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name]) => schema.properties?.[name]?.[UNBUILT] === undefined),
  );
}

function read(value: unknown, [step, ...rest]: readonly Step[]): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return value;
  if (step === 'first item') return read((value as readonly unknown[])[0], rest);
  return read((value as Json)[step], rest);
}

/** `value` with the part at `path` changed; an object on the way that is not there is first made like the one in `examples`. */
function changed(
  value: unknown,
  path: readonly Step[],
  change: (part: unknown) => unknown,
  examples?: unknown,
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  const base = value ?? examples;
  if (step === 'first item') {
    const [first, ...others] = Array.isArray(base) ? base : [];
    if (first === undefined) return value;
    return [changed(first, rest, change, read(examples, [step])), ...(value === undefined ? [] : others)];
  }
  const fields = typeof base === 'object' && base !== null ? (base as Json) : {};
  const part = changed(fields[step], rest, change, read(examples, [step]));
  const { [step]: _, ...others } = fields;
  return part === undefined ? others : { ...others, [step]: part };
}
