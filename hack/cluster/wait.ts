import { type Clock, pause } from '../../operator/runtime/clock.ts';

/** Asks every `everyMs` until the answer is true or `limitMs` have passed; says which of the two it was. */
export async function until(
  clock: Clock,
  { limitMs, everyMs }: { readonly limitMs: number; readonly everyMs: number },
  question: () => Promise<boolean>,
): Promise<boolean> {
  const deadline = clock.monotonic() + limitMs;
  while (!(await question())) {
    if (clock.monotonic() >= deadline) return false;
    await pause(clock, everyMs);
  }
  return true;
}
