import type { TSchema } from '@sinclair/typebox';
import { appDeploymentKind } from './app-deployment.ts';
import type { KindDefinition } from './kind.ts';
import { orderBookKind } from './order-book.ts';
import { UNBUILT, type Unbuilt } from './schema.ts';
import { sequenceCounterKind } from './sequence-counter.ts';

export const kinds = {
  AppDeployment: appDeploymentKind,
  SequenceCounter: sequenceCounterKind,
  OrderBook: orderBookKind,
} as const satisfies Record<string, KindDefinition>;

export type KindName = keyof typeof kinds;

/**
 * The paths of `spec` whose behaviour is not built yet, in schema order, such as `spec.backup` or
 * `spec.strategy.type: Canary`. A controller that gets any answers `Accepted=False, reason=NotImplemented` and keeps the
 * last good state, so no field is silently ignored.
 */
export function unbuiltFields(kind: KindName, spec: unknown): string[] {
  return [...unbuiltIn(kinds[kind].spec, spec, 'spec')];
}

export function unbuiltOf(schema: TSchema): Unbuilt | undefined {
  const mark: unknown = schema[UNBUILT];
  return mark as Unbuilt | undefined;
}

function* unbuiltIn(schema: TSchema, value: unknown, path: string): Generator<string> {
  if (value === undefined || value === null) return;
  const mark = unbuiltOf(schema);
  if (mark === true) {
    yield path;
    return;
  }
  if (mark !== undefined && 'values' in mark && typeof value === 'string' && mark.values.includes(value)) {
    yield `${path}: ${value}`;
  }
  if (mark !== undefined && 'above' in mark && typeof value === 'number' && value > mark.above) {
    yield `${path}: ${value}`;
  }
  if (schema.type === 'object' && typeof value === 'object') {
    const fields: Record<string, unknown> = { ...value };
    for (const [name, property] of Object.entries<TSchema>(schema.properties ?? {})) {
      yield* unbuiltIn(property, fields[name], `${path}.${name}`);
    }
  } else if (schema.type === 'array' && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unbuiltIn(schema.items, item, `${path}[${index}]`);
  }
}
