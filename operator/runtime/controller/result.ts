/** What a reconcile asks for next. An error is thrown, never returned. */
export type Result = { readonly kind: 'done' } | { readonly kind: 'requeueAfter'; readonly ms: number };

export function done(): Result {
  return { kind: 'done' };
}

/** Reconcile this key again in `ms` milliseconds (≥ 0), or earlier when something changes. */
export function requeueAfter(ms: number): Result {
  return { kind: 'requeueAfter', ms };
}

/** An error that no retry can mend: logged and counted, then the key rests until its object changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}
