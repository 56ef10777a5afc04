/** Numbers that a counter hands out: 64 bit, signed, not negative. `bigint` in memory, decimal strings on every wire. */
export const maxValue = 2n ** 63n - 1n;

/** Parses a decimal string as it stands in a ledger or a status, padded or not. Throws a RangeError for anything else. */
export function parseValue(text: string): bigint {
  if (!/^\d{1,20}$/.test(text))
    throw new RangeError(`"${text.slice(0, 40)}" is not a decimal number of 1 to 20 digits`);
  return BigInt(text);
}

/**
 * 20 digits, zero-padded: JSON numbers lose digits above 2^53, and padded text of equal length compares like the
 * number, which is how the admission policy (CEL on strings) knows that a mark fell.
 */
export function paddedValue(value: bigint): string {
  if (value < 0n || value >= 10n ** 20n) throw new RangeError(`${value} does not fit into 20 digits`);
  return value.toString().padStart(20, '0');
}

/** `count` numbers `first`, `first + step`, …: what one reservation or one answer consists of. */
export interface Range {
  readonly first: bigint;
  /** At least 1; at most 10^8, so that count × step stays exact as a double. */
  readonly count: number;
}

export function valuesOf(ranges: readonly Range[], step: bigint): bigint[] {
  const values: bigint[] = [];
  for (const { first, count } of ranges) {
    let value = first;
    for (let index = 0; index < count; index += 1) {
      values.push(value);
      value += step;
    }
  }
  return values;
}

/**
 * Shares ranges out in parts of the given sizes, in order. Undefined when they do not hold exactly as many numbers as the
 * sizes add up to.
 */
export function splitRanges(ranges: readonly Range[], sizes: readonly number[], step: bigint): Range[][] | undefined {
  const source = ranges.values();
  let head = source.next().value;
  const shares: Range[][] = [];
  for (const size of sizes) {
    const share: Range[] = [];
    let missing = size;
    while (missing > 0) {
      if (head === undefined) return undefined;
      const used = Math.min(missing, head.count);
      share.push({ first: head.first, count: used });
      missing -= used;
      const left = head.count - used;
      head = left === 0 ? source.next().value : { first: head.first + BigInt(used) * step, count: left };
    }
    shares.push(share);
  }
  return head === undefined ? shares : undefined;
}
