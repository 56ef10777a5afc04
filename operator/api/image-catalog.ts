import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { parse } from 'yaml';

const imageRef = Type.String({ minLength: 1, maxLength: 512, pattern: '^[A-Za-z0-9][A-Za-z0-9._:/@-]*$' });
const byVersion = Type.Record(Type.String({ pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+' }), imageRef, {
  minProperties: 1,
  additionalProperties: false,
});
const schema = Type.Object(
  { drain: imageRef, orderBook: byVersion, sequenceCounter: byVersion },
  { additionalProperties: false },
);

/** Which image runs which version of our own workloads. The operator is given one as a YAML file (`--catalog`). */
export type ImageCatalog = Static<typeof schema>;

/** Reads a catalogue from YAML. Throws an Error that names the first wrong place. */
export function parseImageCatalog(yaml: string): ImageCatalog {
  const catalog: unknown = parse(yaml);
  if (Value.Check(schema, catalog)) return catalog;
  const first = Value.Errors(schema, catalog).First();
  const where = first === undefined || first.path === '' ? 'the document' : first.path.slice(1).replaceAll('/', '.');
  throw new Error(
    `image catalogue: ${where} is wrong (${first?.message ?? 'unreadable'}); expected drain: <image>, and orderBook and sequenceCounter as maps from a version such as 1.0.0 to an image`,
  );
}
