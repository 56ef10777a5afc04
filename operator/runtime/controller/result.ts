/** What a reconcile asks for next. An error is thrown, never returned. */
export type Result = { readonly kind: 'done' } | { readonly kind: 'requeueAfter'; readonly ms: number };

/** Nothing more to do until something changes. */
export function done(): Result {
  return { kind: 'done' };
}

/**
 * Reconcile this key again in `ms` milliseconds, or earlier when something changes. Throws a RangeError for a negative or
 * infinite time or none at all, which a timer would take for at once, over and over.
 */
export function requeueAfter(ms: number): Result {
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) throw new RangeError(`requeueAfter(${ms}): 0 or more milliseconds`);
  return { kind: 'requeueAfter', ms };
}

/** An error that no retry can mend: logged and counted, then the key rests until its object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
