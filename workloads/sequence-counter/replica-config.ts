import { readFile } from 'node:fs/promises';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { type AuthConfig, parseAuthConfig, UsageError } from '@sluice/kit';
import type { Ordering } from './core/allocator.ts';
import type { CounterConfig } from './core/record.ts';

const schema = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 253 }),
  ordering: Type.Union([Type.Literal('Unique'), Type.Literal('Strict')]),
  counters: Type.Array(
    Type.Object({
      name: Type.String({ minLength: 1, maxLength: 63 }),
      start: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      step: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
    }),
    { minItems: 1, maxItems: 32 },
  ),
  leaseDurationSeconds: Type.Integer({ minimum: 2, maximum: 60 }),
  outageBudgetSeconds: Type.Integer({ minimum: 0, maximum: 86_400 }),
  auth: Type.Optional(Type.Unknown()),
});

/** What the operator tells the replicas, in a ConfigMap. */
export interface ReplicaConfig {
  /** Name of the SequenceCounter. */
  readonly name: string;
  readonly ordering: Ordering;
  readonly counters: readonly CounterConfig[];
  readonly leaseMs: number;
  readonly outageBudgetSeconds: number;
  readonly auth: AuthConfig | undefined;
}

/** Reads the configuration file. Throws a UsageError that names the file and the first wrong place. */
export async function readReplicaConfig(file: string): Promise<ReplicaConfig> {
  try {
    return configOf(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new UsageError(`--config ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function configOf(value: unknown): ReplicaConfig {
  if (!Value.Check(schema, value)) {
    const first = Value.Errors(schema, value).First();
    throw new Error(`${first?.path === '' ? 'the document' : first?.path} is wrong: ${first?.message}`);
  }
  const { name, ordering, counters, leaseDurationSeconds, outageBudgetSeconds, auth }: Static<typeof schema> = value;
  return {
    name,
    ordering,
    counters: counters.map(({ name: counter, start, step }) => ({
      name: counter,
      start: BigInt(start),
      step: BigInt(step),
    })),
    leaseMs: leaseDurationSeconds * 1000,
    outageBudgetSeconds,
    auth: auth === undefined ? undefined : parseAuthConfig(auth),
  };
}
