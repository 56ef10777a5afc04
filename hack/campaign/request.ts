import type { KindName } from '@sluice/api';

/** Something a person can mend. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Request {
  readonly runs: number;
  /** The first seed. */
  readonly first: number;
  readonly seed: number | undefined;
  readonly wanted: readonly KindName[];
}

const DEFAULT_RUNS = 300;

/** RUNS, FIRST, SEED and KIND of the environment; empty ones count as absent, as Make passes them. */
export function readRequest(env: Readonly<Record<string, string | undefined>>, known: readonly KindName[]): Request {
  const { KIND: kind = '' } = env;
  const wanted = known.filter((name) => kind === '' || name.toLowerCase() === kind.toLowerCase());
  if (wanted.length === 0) throw new UsageError(`KIND=${kind} is not one of: ${known.join(', ')}`);
  return {
    runs: whole(env, 'RUNS') ?? DEFAULT_RUNS,
    first: whole(env, 'FIRST') ?? 0,
    seed: whole(env, 'SEED'),
    wanted,
  };
}

function whole(env: Readonly<Record<string, string | undefined>>, name: string): number | undefined {
  const { [name]: text = '' } = env;
  if (text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${name}=${text} is not a whole number`);
  return Number(text);
}
