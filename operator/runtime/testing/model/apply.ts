import type { FieldSchema } from './field-schema.ts';
import type { JsonObject } from './json.ts';
import { mergeBySchema } from './merge.ts';

/** Who wrote, as managedFields tells writers apart. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
  readonly apiVersion: string;
}

export interface FieldOwner extends Writer {
  readonly time: number;
}

export interface Owned {
  readonly object: JsonObject;
  readonly owners: readonly FieldOwner[];
}

/** The object and its owners after `writer` applied `config`. Throws 409 on a conflict unless `force` is set. */
export function applyConfig(
  live: Owned,
  config: JsonObject,
  schema: FieldSchema,
  _writer: Writer,
  _force: boolean,
  _now: number,
): Owned {
  return { object: mergeBySchema(live.object, config, schema) as JsonObject, owners: live.owners };
}

/** The owners after `writer` wrote `next` by other means than an apply. */
export function ownersAfterUpdate(
  live: Owned,
  _next: JsonObject,
  _schema: FieldSchema,
  _writer: Writer,
  _now: number,
): readonly FieldOwner[] {
  return live.owners;
}
