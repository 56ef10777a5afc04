/** One number as a client saw it. Times in ms of one clock: before the request was sent, after the answer was read. */
export interface Observation {
  readonly value: bigint;
  readonly start: number;
  readonly end: number;
}

/** How many observations have a value that another one has, the first of each value not counted. */
export function countDuplicates(observations: readonly Observation[]): number {
  return observations.length - new Set(observations.map(({ value }) => value)).size;
}

/** How many numbers between the smallest and the largest value nobody has, for a counter that counts by `step`. */
export function countMissing(observations: readonly Observation[], step = 1n): number {
  const values = new Set(observations.map(({ value }) => value));
  let [smallest, largest] = [2n ** 64n, -1n];
  for (const value of values) {
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  return values.size === 0 ? 0 : Number((largest - smallest) / step) + 1 - values.size;
}

/**
 * An observation that was given a smaller number than one that had ended before it began, with that one; undefined when
 * the history is linearizable. Exact in O(n log n): the values force the only possible order, so it is enough to walk
 * down from the largest value with the earliest end of the larger ones.
 */
export function findInversion(
  observations: readonly Observation[],
): { before: Observation; after: Observation } | undefined {
  const descending = [...observations].sort((a, b) => (a.value < b.value ? 1 : a.value > b.value ? -1 : 0));
  // Equal values are duplicates, not inversions: an observation is compared with strictly larger ones only.
  let earliest: Observation | undefined;
  let earliestOfEqual: Observation | undefined;
  for (const after of descending) {
    if (earliestOfEqual !== undefined && earliestOfEqual.value > after.value) {
      earliest = earlierEnd(earliest, earliestOfEqual);
      earliestOfEqual = undefined;
    }
    if (earliest !== undefined && earliest.end < after.start) return { before: earliest, after };
    earliestOfEqual = earlierEnd(earliestOfEqual, after);
  }
  return undefined;
}

function earlierEnd(a: Observation | undefined, b: Observation): Observation {
  return a !== undefined && a.end <= b.end ? a : b;
}
