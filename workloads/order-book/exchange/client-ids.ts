import { randomInt } from 'node:crypto';
import { ACCOUNT, CLIENT_HIGH, CLIENT_LOW, HAS_TEXT, type OrderTable, STATE } from './order-table.ts';
import { SlotIndex } from './slot-index.ts';

const TWO_32 = 2 ** 32;
const NUMBER = /^[1-9]\d{0,19}$/;
const MAX_NUMBER = 2n ** 64n - 1n;

/** A client order id: a number of 64 bits, also when a client wrote it as decimal text, or another text. All 0 and '' for none. */
export interface ClientId {
  low: number;
  high: number;
  text: string;
}

export function parseClientId(text: string, into: ClientId): void {
  into.low = into.high = 0;
  into.text = text;
  if (!NUMBER.test(text)) return;
  const number = Number(text);
  if (number <= Number.MAX_SAFE_INTEGER) {
    into.low = number | 0;
    into.high = Math.floor(number / TWO_32);
  } else {
    const exact = BigInt(text);
    if (exact > MAX_NUMBER) return;
    into.low = Number(BigInt.asIntN(32, exact));
    into.high = Number(BigInt.asIntN(32, exact >> 32n));
  }
  into.text = '';
}

/** The number as text, '' for 0. Words signed or not. */
export function clientIdText(low: number, high: number): string {
  const upper = high >>> 0;
  if (upper < 2 ** 21) return low === 0 && upper === 0 ? '' : String(upper * TWO_32 + (low >>> 0));
  return String((BigInt(upper) << 32n) | BigInt(low >>> 0));
}

/** Which order has a client order id, by account. Numbers need no object; texts do. */
export class ClientIds {
  private readonly table: OrderTable;
  private readonly numbers = new SlotIndex();
  private readonly texts = new Map<string, number>();
  private readonly textOf = new Map<number, string>();
  // Clients choose the ids: they must not be able to choose ids that collide.
  private readonly seed = randomInt(2 ** 32);

  constructor(table: OrderTable) {
    this.table = table;
  }

  /** Makes room for the numbers of `orders` orders. */
  reserve(orders: number): void {
    this.numbers.reserve(orders);
  }

  /** The order of `account` with this id, 0 for none. */
  find(account: number, { low, high, text }: ClientId): number {
    if (text !== '') return this.texts.get(textKey(account, text)) ?? 0;
    return this.findNumber(account, low, high);
  }

  /** Remembers the id of the order at `slot`, whose record has account and number already. */
  add(slot: number, text: string): void {
    const { words } = this.table;
    const low = words[slot + CLIENT_LOW] as number;
    const high = words[slot + CLIENT_HIGH] as number;
    if ((low | high) !== 0) {
      this.numbers.add(this.key(words[slot + ACCOUNT] as number, low, high), slot);
    } else if (text !== '') {
      words[slot + STATE] = (words[slot + STATE] as number) | HAS_TEXT;
      this.texts.set(textKey(words[slot + ACCOUNT] as number, text), slot);
      this.textOf.set(slot, text);
    }
  }

  remove(slot: number): void {
    const { words } = this.table;
    const low = words[slot + CLIENT_LOW] as number;
    const high = words[slot + CLIENT_HIGH] as number;
    if ((low | high) !== 0) {
      this.numbers.remove(this.key(words[slot + ACCOUNT] as number, low, high), slot);
    } else if (((words[slot + STATE] as number) & HAS_TEXT) !== 0) {
      this.texts.delete(textKey(words[slot + ACCOUNT] as number, this.textOf.get(slot) ?? ''));
      this.textOf.delete(slot);
    }
  }

  /** Reads where the number would stand, see Preloader. */
  touch(account: number, low: number, high: number): number {
    return this.numbers.table[2 * this.numbers.home(this.key(account, low, high))] as number;
  }

  /** Reads where the number of the order at `slot` stands. */
  touchOf(slot: number): number {
    const { words } = this.table;
    return this.touch(
      words[slot + ACCOUNT] as number,
      words[slot + CLIENT_LOW] as number,
      words[slot + CLIENT_HIGH] as number,
    );
  }

  /** The id of the order at `slot` as its client wrote it, '' for none. */
  text(slot: number): string {
    const { words } = this.table;
    if (((words[slot + STATE] as number) & HAS_TEXT) !== 0) return this.textOf.get(slot) ?? '';
    return clientIdText(words[slot + CLIENT_LOW] as number, words[slot + CLIENT_HIGH] as number);
  }

  /** Whether the order at `slot` is that of `account` with this number, which is not 0. The record may have been freed meanwhile. */
  isAt(slot: number, account: number, low: number, high: number): boolean {
    const { words } = this.table;
    return words[slot + CLIENT_LOW] === low && words[slot + CLIENT_HIGH] === high && words[slot + ACCOUNT] === account;
  }

  /** The order of `account` with this number, 0 for none. */
  findNumber(account: number, low: number, high: number): number {
    if ((low | high) === 0) return 0;
    const { numbers } = this;
    const { table } = numbers;
    const key = this.key(account, low, high);
    for (let entry = numbers.home(key); ; entry = numbers.next(entry)) {
      const slot = table[2 * entry + 1] as number;
      if (slot === 0) return 0;
      if (table[2 * entry] === key && this.isAt(slot, account, low, high)) return slot;
    }
  }

  /**
   * Sixteen neighbouring numbers of an account come to stand side by side: clients count, and what is near in time is then near in
   * memory. Which sixteen stand where is a hash of murmur's kind.
   */
  private key(account: number, low: number, high: number): number {
    let hash = this.seed ^ (low >>> 4);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) ^ high;
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) ^ account;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return ((hash ^ (hash >>> 13)) << 4) | (low & 15);
  }
}

function textKey(account: number, text: string): string {
  return `${account} ${text}`;
}
