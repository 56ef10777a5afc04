import { describe, expect, test } from 'vitest';
import { kinds, type TSchema, UNBUILT } from './index.ts';

// The rules of the Kubernetes API conventions that hold for every field of every kind.

interface Field {
  readonly path: string;
  readonly schema: TSchema;
}

function* fieldsOf(schema: TSchema, path: string): Iterable<Field> {
  yield { path, schema };
  for (const [name, field] of Object.entries<TSchema>(schema.properties ?? {}))
    yield* fieldsOf(field, `${path}.${name}`);
  if (schema.items !== undefined) yield* fieldsOf(schema.items, `${path}[]`);
}

const specFields = Object.values(kinds).flatMap((kind) => [...fieldsOf(kind.spec, `${kind.resource.kind}.spec`)]);
const statusFields = Object.values(kinds).flatMap((kind) => [...fieldsOf(kind.status, `${kind.resource.kind}.status`)]);
const allFields = [...specFields, ...statusFields];

const paths = (fields: readonly Field[]) => fields.map(({ path }) => path);
const where = (fields: readonly Field[], test: (schema: TSchema) => boolean) =>
  paths(fields.filter((f) => test(f.schema)));

test('every field has a sentence', () => {
  expect(where(allFields, ({ description }) => !/^[A-Z1].*\.$/s.test(description ?? ''))).toEqual([]);
});

describe('every field has limits', () => {
  test('strings', () => {
    const free = ({ type, enum: values, format, maxLength }: TSchema) =>
      type === 'string' && values === undefined && format === undefined && maxLength === undefined;
    expect(where(allFields, free)).toEqual([]);
  });

  test('numbers', () => {
    const free = ({ type, minimum, maximum }: TSchema) =>
      type === 'integer' &&
      (minimum === undefined || maximum === undefined || Math.abs(maximum) > Number.MAX_SAFE_INTEGER);
    expect(where(allFields, free)).toEqual([]);
  });

  test('lists', () => {
    expect(where(allFields, ({ type, maxItems }) => type === 'array' && maxItems === undefined)).toEqual([]);
  });

  test('maps', () => {
    const free = ({ additionalProperties, maxProperties }: TSchema) =>
      additionalProperties !== undefined && maxProperties === undefined;
    expect(where(allFields, free)).toEqual([]);
  });
});

test('the sentence of a number in spec names its range', () => {
  const words = (bound: number) => (bound === Number.MAX_SAFE_INTEGER ? '2^53 − 1' : String(bound));
  const silent = ({ type, minimum, maximum, description }: TSchema) =>
    type === 'integer' && !description?.includes(`${words(minimum)} to ${words(maximum)}`);
  expect(where(specFields, silent)).toEqual([]);
});

test('the unit is in the name: a duration ends in Seconds or Days', () => {
  const durations = specFields.filter(
    ({ schema }) => schema.type === 'integer' && /seconds|days/.test(schema.description ?? ''),
  );
  expect(paths(durations).filter((path) => !/(Seconds|Days)$/.test(path))).toEqual([]);
  expect(durations.length).toBeGreaterThan(8);
});

test('no default makes use of something that is not built', () => {
  const defaulted = specFields.filter(({ schema }) => schema.default !== undefined && schema[UNBUILT] !== undefined);
  const wrong = defaulted.filter(({ schema: { [UNBUILT]: unbuilt, default: value } }) => {
    if (unbuilt === true) return true;
    return 'values' in unbuilt ? unbuilt.values.includes(value) : value > unbuilt.above;
  });
  expect(paths(wrong)).toEqual([]);
});
