import { Bitmap, highestBit, lowestBit } from './bitmap.ts';

/** Highest price in ticks. One below 2^31 − 1, which stands for "no ask" and keeps every price a small integer of V8. */
export const MAX_PRICE = 2_147_483_646;
/** Above every price: the best ask of an empty side. 0 is the best bid of an empty side. */
export const NO_ASK = 2_147_483_647;

// A page is 256 neighbouring prices: 4 KiB of levels. A book uses a handful of pages; an order far away costs one more.
const PAGE_BITS = 8;
const PAGE_PRICES = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_PRICES - 1;
const PAGE_WORDS = PAGE_PRICES / 32;
/** Words per level: head, tail, volume (a float64 over two words). */
export const LEVEL_WORDS = 4;
const PAGE_LEVEL_BITS = PAGE_BITS + 2;
/** Words per page in `bits`: eight of the bitmap, its summary, the page number. */
const BIT_STRIDE_BITS = 4;
const SUMMARY = PAGE_WORDS;
const NUMBER = PAGE_WORDS + 1;
// Page numbers have 23 bits: 12 choose a chunk of the directory, 11 the entry in it.
const CHUNK_BITS = 11;
const CHUNK_MASK = (1 << CHUNK_BITS) - 1;
const PAGE_COUNT = 2 ** 23;
const CHUNK_COUNT = PAGE_COUNT >>> CHUNK_BITS;

/**
 * Price levels of one book, both sides in one structure: the book is never crossed, so at one price rest only bids or only
 * asks, and the neighbour below the best bid is a bid. Any price in [1, MAX_PRICE] costs the same; pages exist only
 * around prices that are in use and are recycled when their last level empties.
 *
 * A level is addressed by its offset in `words`; 0 is no level.
 */
export class Ladder {
  /** Level records: `words[level]` head slot, `words[level + 1]` tail slot; volume is `volumes[(level >> 1) + 1]`. */
  words: Int32Array;
  /** The same memory as float64: sums of quantities are exact up to 2^53. */
  volumes: Float64Array;
  private bits: Int32Array;
  private readonly chunkOf = new Int32Array(CHUNK_COUNT);
  private directory = new Int32Array(2 << CHUNK_BITS);
  private chunks = 1;
  private readonly used = new Bitmap(PAGE_COUNT);
  private readonly freePages: number[] = [];
  private pages = 1;

  constructor() {
    const capacity = 16;
    this.words = new Int32Array(capacity << PAGE_LEVEL_BITS);
    this.volumes = new Float64Array(this.words.buffer);
    this.bits = new Int32Array(capacity << BIT_STRIDE_BITS);
  }

  /** The level of `price`, made when it is not there. */
  levelFor(price: number): number {
    const number = price >>> PAGE_BITS;
    const chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    const page = this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] as number;
    return ((page !== 0 ? page : this.openPage(number)) << PAGE_LEVEL_BITS) | ((price & PAGE_MASK) << 2);
  }

  /** The level of `price`; it exists because orders rest there. */
  levelAt(price: number): number {
    const number = price >>> PAGE_BITS;
    const chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    const page = this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] as number;
    return (page << PAGE_LEVEL_BITS) | ((price & PAGE_MASK) << 2);
  }

  /** The first order came to rest at `level`. */
  occupy(level: number): void {
    const base = (level >>> PAGE_LEVEL_BITS) << BIT_STRIDE_BITS;
    const offset = (level >>> 2) & PAGE_MASK;
    const bits = this.bits;
    const word = offset >>> 5;
    bits[base + word] = (bits[base + word] as number) | (1 << (offset & 31));
    bits[base + SUMMARY] = (bits[base + SUMMARY] as number) | (1 << word);
  }

  /** The last order left `level`. */
  vacate(level: number): void {
    const page = level >>> PAGE_LEVEL_BITS;
    const base = page << BIT_STRIDE_BITS;
    const offset = (level >>> 2) & PAGE_MASK;
    const bits = this.bits;
    const word = offset >>> 5;
    const rest = (bits[base + word] as number) & ~(1 << (offset & 31));
    bits[base + word] = rest;
    if (rest !== 0) return;
    const summary = (bits[base + SUMMARY] as number) & ~(1 << word);
    bits[base + SUMMARY] = summary;
    if (summary === 0) this.closePage(page);
  }

  /** The lowest occupied price above `price`, or NO_ASK. */
  above(price: number): number {
    const number = price >>> PAGE_BITS;
    const page = this.pageAt(number);
    if (page !== 0) {
      const bits = this.bits;
      const base = page << BIT_STRIDE_BITS;
      const offset = price & PAGE_MASK;
      const word = offset >>> 5;
      const rest = (bits[base + word] as number) & ((-1 << (offset & 31)) << 1);
      if (rest !== 0) return (number << PAGE_BITS) | (word << 5) | lowestBit(rest);
      const words = (bits[base + SUMMARY] as number) & ((-1 << word) << 1);
      if (words !== 0) return this.lowestIn(page, lowestBit(words));
    }
    const next = this.used.above(number);
    if (next < 0) return NO_ASK;
    const found = this.pageAt(next);
    return this.lowestIn(found, lowestBit(this.bits[(found << BIT_STRIDE_BITS) + SUMMARY] as number));
  }

  /** The highest occupied price below `price`, or 0. */
  below(price: number): number {
    const number = price >>> PAGE_BITS;
    const page = this.pageAt(number);
    if (page !== 0) {
      const bits = this.bits;
      const base = page << BIT_STRIDE_BITS;
      const offset = price & PAGE_MASK;
      const word = offset >>> 5;
      const rest = (bits[base + word] as number) & ((1 << (offset & 31)) - 1);
      if (rest !== 0) return (number << PAGE_BITS) | (word << 5) | highestBit(rest);
      const words = (bits[base + SUMMARY] as number) & ((1 << word) - 1);
      if (words !== 0) return this.highestIn(page, highestBit(words));
    }
    const next = this.used.below(number);
    if (next < 0) return 0;
    const found = this.pageAt(next);
    return this.highestIn(found, highestBit(this.bits[(found << BIT_STRIDE_BITS) + SUMMARY] as number));
  }

  private pageAt(number: number): number {
    const chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    return this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] as number;
  }

  private lowestIn(page: number, word: number): number {
    const base = page << BIT_STRIDE_BITS;
    const number = this.bits[base + NUMBER] as number;
    return (number << PAGE_BITS) | (word << 5) | lowestBit(this.bits[base + word] as number);
  }

  private highestIn(page: number, word: number): number {
    const base = page << BIT_STRIDE_BITS;
    const number = this.bits[base + NUMBER] as number;
    return (number << PAGE_BITS) | (word << 5) | highestBit(this.bits[base + word] as number);
  }

  private openPage(number: number): number {
    const page = this.freePages.pop() ?? this.pages++;
    if (page << PAGE_LEVEL_BITS >= this.words.length) this.grow();
    let chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    if (chunk === 0) {
      chunk = this.chunks++;
      if (chunk << CHUNK_BITS >= this.directory.length) this.directory = doubled(this.directory);
      this.chunkOf[number >>> CHUNK_BITS] = chunk;
    }
    this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] = page;
    this.bits[(page << BIT_STRIDE_BITS) + NUMBER] = number;
    this.used.add(number);
    return page;
  }

  /** Its levels are all empty, so the page is ready for another number. */
  private closePage(page: number): void {
    const number = this.bits[(page << BIT_STRIDE_BITS) + NUMBER] as number;
    const chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] = 0;
    this.used.remove(number);
    this.freePages.push(page);
  }

  private grow(): void {
    this.words = doubled(this.words);
    this.volumes = new Float64Array(this.words.buffer);
    this.bits = doubled(this.bits);
  }
}

/** A copy of twice the length. */
export function doubled(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
