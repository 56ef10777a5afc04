/** Accounts that can have a number. */
const MAX_NUMBERED = 2 ** 20;

/**
 * The accounts that have orders or a number, by a small index: no other account has it while this one does. One without a number is
 * forgotten with its last order; one with a number stays, since command records know it by that.
 */
export class Accounts {
  /** Open orders, by index. */
  open = new Int32Array(64);
  /** The first and the last of these, in the order in which they were added. */
  first = new Int32Array(64);
  last = new Int32Array(64);
  private readonly names: string[] = [''];
  private readonly indexes = new Map<string, number>();
  /** Orders, open and closed, and one more for a number. */
  private holds = new Int32Array(64);
  private readonly freeIndexes: number[] = [];
  /** Index by number; numbers begin at 1. */
  private byNumber = new Int32Array(64);
  private readonly numbers = new Map<string, number>();

  /** The index of the account, 0 when it has neither orders nor a number. */
  find(name: string): number {
    return this.indexes.get(name) ?? 0;
  }

  /** The index of the account of this number, 0 for none. */
  ofNumber(number: number): number {
    return number < this.byNumber.length ? (this.byNumber[number] as number) : 0;
  }

  name(index: number): string {
    return this.names[index] ?? '';
  }

  /** The number of the account, 0 for none. */
  numberOf(name: string): number {
    return this.numbers.get(name) ?? 0;
  }

  /** Accounts with numbers, in the order of their numbers from 1 on. */
  numbered(): Iterable<string> {
    return this.numbers.keys();
  }

  /** Gives the account a number, unless it has one. 0 when all are given. */
  giveNumber(name: string): number {
    const known = this.numberOf(name);
    if (known !== 0) return known;
    if (this.numbers.size === MAX_NUMBERED) return 0;
    const number = this.numbers.size + 1;
    if (number === this.byNumber.length) this.byNumber = doubled(this.byNumber);
    const index = this.add(name);
    this.byNumber[number] = index;
    this.numbers.set(name, number);
    this.hold(index);
    return number;
  }

  /** The index of the account, given now when it has none. */
  add(name: string): number {
    const known = this.indexes.get(name);
    if (known !== undefined) return known;
    const index = this.freeIndexes.pop() ?? this.names.length;
    if (index === this.open.length) this.grow();
    this.names[index] = name;
    this.indexes.set(name, index);
    return index;
  }

  /** An order of the account is remembered. */
  hold(index: number): void {
    this.holds[index] = (this.holds[index] as number) + 1;
  }

  /** An order of the account is forgotten. */
  release(index: number): void {
    const left = (this.holds[index] as number) - 1;
    this.holds[index] = left;
    if (left > 0) return;
    this.indexes.delete(this.name(index));
    this.names[index] = '';
    this.freeIndexes.push(index);
  }

  private grow(): void {
    this.open = doubled(this.open);
    this.first = doubled(this.first);
    this.last = doubled(this.last);
    this.holds = doubled(this.holds);
  }
}

function doubled(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
