const STEPS = 300_000;
const REPEATS = 5;

/**
 * Nanoseconds of a read whose address the read before it gave, anywhere in so many bytes: the least of some tries. On a machine that
 * others share it tells how much of the cache they leave, on which a book with many orders depends more than on the clock.
 */
export function randomReadNs(bytes: number): number {
  const next = shuffledCycle(bytes / Int32Array.BYTES_PER_ELEMENT);
  let least = Number.POSITIVE_INFINITY;
  let at = 0;
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const started = performance.now();
    for (let step = 0; step < STEPS; step++) at = next[at] as number;
    least = Math.min(least, ((performance.now() - started) * 1e6) / STEPS);
  }
  // It is there to be used: the compiler must not leave the reads out.
  if (at < 0) throw new Error('the cycle was left');
  return least;
}

/** Each element holds the place of the next, and all are one cycle (Sattolo's shuffle). */
export function shuffledCycle(length: number): Int32Array {
  const next = new Int32Array(length).map((_, index) => index);
  let state = 12_345;
  for (let index = length - 1; index > 0; index--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % index;
    const kept = next[index] as number;
    next[index] = next[other] as number;
    next[other] = kept;
  }
  return next;
}
