/**
 * A set of integers in [0, size) as a tree of 32-bit words: a set bit above means "some bit is set in that word below".
 * Insertion, removal and the nearest neighbour cost at most one step per level (log32 of the size), whatever the gaps.
 */
export class Bitmap {
  private readonly levels: Int32Array[] = [];

  /** `size`: 1 … 2^31. */
  constructor(size: number) {
    let bits = size;
    do {
      bits = Math.ceil(bits / 32);
      this.levels.push(new Int32Array(bits));
    } while (bits > 1);
  }

  add(value: number): void {
    let index = value;
    for (const words of this.levels) {
      const word = index >>> 5;
      const before = words[word] as number;
      words[word] = before | (1 << (index & 31));
      if (before !== 0) return;
      index = word;
    }
  }

  remove(value: number): void {
    let index = value;
    for (const words of this.levels) {
      const word = index >>> 5;
      const after = (words[word] as number) & ~(1 << (index & 31));
      words[word] = after;
      if (after !== 0) return;
      index = word;
    }
  }

  /** The smallest member > `value`, or -1. */
  above(value: number): number {
    let index = value;
    for (let level = 0; level < this.levels.length; level++) {
      const word = index >>> 5;
      // Two shifts: a shift by 32 would be a shift by 0.
      const rest = (((this.levels[level] as Int32Array)[word] as number) & ((-1 << (index & 31)) << 1)) | 0;
      if (rest !== 0) return this.descend(level, (word << 5) | lowestBit(rest), lowestBit);
      index = word;
    }
    return -1;
  }

  /** The largest member < `value`, or -1. */
  below(value: number): number {
    let index = value;
    for (let level = 0; level < this.levels.length; level++) {
      const word = index >>> 5;
      const rest = ((this.levels[level] as Int32Array)[word] as number) & ((1 << (index & 31)) - 1);
      if (rest !== 0) return this.descend(level, (word << 5) | highestBit(rest), highestBit);
      index = word;
    }
    return -1;
  }

  private descend(level: number, found: number, pick: (word: number) => number): number {
    let index = found;
    for (let below = level - 1; below >= 0; below--) {
      index = (index << 5) | pick((this.levels[below] as Int32Array)[index] as number);
    }
    return index;
  }
}

/** Index of the lowest set bit; `word` is not 0. */
export function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Index of the highest set bit; `word` is not 0. */
export function highestBit(word: number): number {
  return 31 - Math.clz32(word);
}
