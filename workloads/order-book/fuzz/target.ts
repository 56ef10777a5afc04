import type { Random } from '@sluice/runtime/clock';

/** One parser under test. */
export interface Target {
  readonly name: 'rest' | 'binary';
  /** Inputs to begin with: one of each kind that is taken, and some that are not. */
  readonly seeds: readonly Uint8Array[];
  /** What the parser compares with: inserted whole, as chance alone does not spell it. */
  readonly words: readonly Uint8Array[];
  /** A copy with one field or value changed: what chance would take thousands of tries for. */
  change(input: Uint8Array, random: Random): Uint8Array;
  /** Gives the input to the parser. Throws a Finding when what it does breaks a rule. */
  execute(input: Uint8Array): Promise<void>;
}

/** The parser did what it must not do. */
export class Finding extends Error {
  override readonly name = 'Finding';
}

/** Throws a Finding unless `actual` is `expected`. */
export function same(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) throw new Finding(`${what}: expected ${String(expected)}, got ${String(actual)}`);
}
