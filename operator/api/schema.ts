import {
  type Static,
  type TArray,
  type TBoolean,
  type TInteger,
  type TObject,
  type TProperties,
  type TSchema,
  type TString,
  type TUnsafe,
  Type,
} from '@sinclair/typebox';

// The vocabulary of our schemas: every builder asks for the bounds that the Kubernetes API conventions ask for, so a field
// without a limit or without a sentence does not compile. `hack/generate` turns these schemas into CRDs.

/** A CEL rule (`x-kubernetes-validations`). The message is a sentence that says what would be accepted. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** A CEL expression for the message, where it can name the culprit; `message` is the fallback. */
  readonly messageExpression?: string;
}

/**
 * Marks behaviour that is designed but not built: the whole field, these members of its enum, or numbers above a limit.
 * `unbuiltFields` and the generated descriptions read it; nothing else says what is built.
 */
export type Unbuilt = true | { readonly values: readonly string[] } | { readonly above: number };

export const RULES = 'x-kubernetes-validations';
export const UNBUILT = 'x-sluice-unbuilt';

interface Common<T> {
  readonly default?: T;
  readonly rules?: readonly Rule[];
  readonly unbuilt?: Unbuilt;
}

/** Our options as schema keywords; absent ones leave no key behind. */
function keywords<T>({ rules, unbuilt, ...rest }: Common<T>): Record<string, unknown> {
  return {
    ...rest,
    ...(rules === undefined ? {} : { [RULES]: rules }),
    ...(unbuilt === undefined ? {} : { [UNBUILT]: unbuilt }),
  };
}

/** A string of `min` (default 1) to `max` characters. */
export function text(description: string, options: Common<string> & { max: number; min?: number }): TString {
  const { max, min = 1, ...common } = options;
  return Type.String({ description, minLength: min, maxLength: max, ...keywords(common) });
}

/** A string that matches an RE2 expression. A CEL rule, since the message of `pattern` would only quote the expression. */
export function textLike(
  description: string,
  options: Common<string> & { max: number; min?: number; expression: string; message: string },
): TString {
  const { expression, message, rules = [], ...rest } = options;
  return text(description, { ...rest, rules: [{ rule: `self.matches(${celString(expression)})`, message }, ...rules] });
}

/** An RFC 3339 time. */
export function time(description: string): TString {
  return Type.String({ description, format: 'date-time' });
}

/** A 64-bit number as a decimal string, since JSON numbers lose precision above 2^53. */
export function decimal64(description: string): TString {
  return text(description, { max: 20 });
}

/** A whole number of 32 or, beyond ±2^31, 64 bits; both bounds within ±2^53 − 1. */
export function integer(description: string, options: Common<number> & { min: number; max: number }): TInteger {
  const { min, max, ...common } = options;
  const format = max > 2_147_483_647 || min < -2_147_483_648 ? 'int64' : 'int32';
  return Type.Integer({ description, minimum: min, maximum: max, format, ...keywords(common) });
}

export function flag(description: string, options: Common<boolean> = {}): TBoolean {
  return Type.Boolean({ description, ...keywords(options) });
}

/** One of the CamelCase `values`. */
export function choice<const V extends readonly string[]>(
  description: string,
  values: V,
  options: Common<V[number]> = {},
): TUnsafe<V[number]> {
  return Type.Unsafe<V[number]>({ type: 'string', description, enum: [...values], ...keywords(options) });
}

/** A count of 0 to 1,000 or a percentage `0%` to `100%`, as in a Deployment. */
export function countOrPercent(description: string, options: Common<number | string> = {}): TUnsafe<number | string> {
  return Type.Unsafe<number | string>({
    description,
    'x-kubernetes-int-or-string': true,
    maxLength: 4,
    ...keywords({
      ...options,
      rules: [
        {
          rule: "type(self) == string ? self.matches('^(100|[1-9]?[0-9])%$') : type(self) == int && self >= 0 && self <= 1000",
          message: 'must be a count from 0 to 1000 or a percentage from "0%" to "100%"',
        },
        ...(options.rules ?? []),
      ],
    }),
  });
}

/** An object with the given fields. A field whose schema has a default is always present after the server's defaulting. */
export function object<P extends TProperties>(
  description: string,
  properties: P,
  options: Common<object> = {},
): TObject<P> {
  return Type.Object(properties, { description, ...keywords(options) });
}

/** A list of named objects, kept as a map by `key` so that server-side apply and CEL can tell the items apart. */
export function listBy<T extends TSchema>(
  key: string,
  items: T,
  description: string,
  options: Common<unknown[]> & { max: number; min?: number },
): TArray<T> {
  return listOf(items, description, options, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] });
}

/** A list that is replaced as a whole. */
export function listOf<T extends TSchema>(
  items: T,
  description: string,
  options: Common<unknown[]> & { max: number; min?: number },
  kind: Record<string, unknown> = { 'x-kubernetes-list-type': 'atomic' },
): TArray<T> {
  const { max, min = 0, ...common } = options;
  return Type.Array(items, { description, minItems: min, maxItems: max, ...kind, ...keywords(common) });
}

/** At most `max` labels or annotations: string values under keys that the API server checks when they reach a pod. */
export function stringMap(description: string, max: number): TUnsafe<Record<string, string>> {
  return Type.Unsafe<Record<string, string>>({
    type: 'object',
    description,
    maxProperties: max,
    additionalProperties: { type: 'string', maxLength: 4096 },
  });
}

/** An object whose inside another schema rules: kept as written, checked by the API server when it reaches its object. */
export function foreign<T>(description: string): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'object', description, 'x-kubernetes-preserve-unknown-fields': true });
}

/** A CEL string literal. */
export function celString(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

export const optional = Type.Optional;
export type { Static, TSchema };
