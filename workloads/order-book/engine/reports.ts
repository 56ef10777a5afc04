/** What happened, one record per event, in order. The numbers up to 5 are those of the oracle's report text. */
export const ReportType = {
  accepted: 0,
  trade: 1,
  cancelled: 2,
  modified: 3,
  cancelRejected: 4,
  modifyRejected: 5,
  rejected: 6,
  /** A stop's price came: it enters the book as an order of this price and quantity. */
  triggered: 7,
  /** Two orders of one owner met: both have this much less, and nobody traded. */
  prevented: 8,
} as const;

/** Why an order was cancelled or refused; 0 where a report needs no reason. */
export const Reason = {
  none: 0,
  byRequest: 1,
  immediateRemainder: 2,
  notResting: 3,
  duplicateId: 4,
  wouldMatch: 5,
  notFillable: 6,
  bookFull: 7,
  /** The book takes no orders now. */
  halted: 8,
  /** The book collects plain limit orders for an auction and takes no others. */
  notInAuction: 9,
  outOfBand: 10,
  /** A stop needs a last price to compare with. */
  noLastPrice: 11,
  /** The other of two linked orders is not there, is linked already, or is on the other side. */
  badPartner: 12,
  /** A stop that waits cannot be replaced. */
  waiting: 13,
  selfTrade: 14,
  /** The linked order traded or left. */
  byPartner: 15,
  expired: 16,
  killed: 17,
} as const;

/** Words per record: type | side << 8 | reason << 16, price, quantity, sequence, id (float64), counterparty id (float64). */
export const REPORT_WORDS = 8;

/**
 * A preallocated buffer of reports. The engine fills it; its owner empties it by setting `count` to 0. When it is full in the
 * middle of a sweep, `overflow` must make room: hand the content on and reset `count`, or leave it and call `grow`.
 */
export class Reports {
  words: Int32Array;
  /** The same memory as float64: ids of record `i` are `doubles[4 * i + 2]` and `doubles[4 * i + 3]`. */
  doubles: Float64Array;
  /** Number of records in the buffer. */
  count = 0;
  private readonly overflow: (reports: Reports) => void;

  /** `capacity`: records that fit before `overflow` is called; by default it then doubles. */
  constructor(capacity: number, overflow: (reports: Reports) => void = (full) => full.grow()) {
    this.words = new Int32Array(capacity * REPORT_WORDS);
    this.doubles = new Float64Array(this.words.buffer);
    this.overflow = overflow;
  }

  grow(): void {
    const words = new Int32Array(this.words.length * 2);
    words.set(this.words);
    this.useBuffer(words, new Float64Array(words.buffer));
  }

  /** Continues in other memory, of which `doubles` is a view too. `count` stays. */
  useBuffer(words: Int32Array, doubles: Float64Array): void {
    this.words = words;
    this.doubles = doubles;
  }

  push(head: number, price: number, quantity: number, sequence: number, id: number, counterparty: number): void {
    if (this.count * REPORT_WORDS === this.words.length) this.overflow(this);
    const at = this.count * REPORT_WORDS;
    const words = this.words;
    words[at] = head;
    words[at + 1] = price;
    words[at + 2] = quantity;
    words[at + 3] = sequence;
    const doubles = this.doubles;
    const half = at >> 1;
    doubles[half + 2] = id;
    doubles[half + 3] = counterparty;
    this.count++;
  }
}
