import { Bitmap, highestBit, lowestBit } from './bitmap.ts';

/** Highest price in ticks. One below 2^31 − 1, which stands for "no ask" and keeps every price a small integer of V8. */
export const MAX_PRICE = 2_147_483_646;
/** Above every price: the best ask of an empty side. 0 is the best bid of an empty side. */
export const NO_ASK = 2_147_483_647;

// A page is 256 neighbouring prices, a block 32 of them: one word of a bitmap and 512 bytes of levels. An order alone and far
// away costs a page and a block, 0.7 KB; a crowd shares them.
const PAGE_BITS = 8;
const PAGE_MASK = 255;
const BLOCK_BITS = 5;
const BLOCK_MASK = 31;
const BLOCKS_PER_PAGE = 8;
/** Words per level: head, tail, volume (a float64 over two words). */
const LEVEL_BITS = 2;
const BLOCK_LEVEL_BITS = BLOCK_BITS + LEVEL_BITS;
// Words per page in `pages`: eight words of bitmap, their summary, the page number, eight blocks.
const PAGE_STRIDE_BITS = 5;
const SUMMARY = 8;
const NUMBER = 9;
const BLOCKS = 16;
// Page numbers have 23 bits: 12 choose a chunk of the directory, 11 the entry in it.
const CHUNK_BITS = 11;
const CHUNK_MASK = (1 << CHUNK_BITS) - 1;
const PAGE_COUNT = 2 ** 23;
const CHUNK_COUNT = PAGE_COUNT >>> CHUNK_BITS;

/**
 * Price levels of one book, both sides in one structure: the book is never crossed, so at one price rest only bids or only
 * asks, and the neighbour below the best bid is a bid. Any price in [1, MAX_PRICE] costs the same. Pages and blocks exist only around
 * prices that are in use. They outlive their last order: in a wide, thin book every other order empties one, and the next comes
 * back to it. When a new one is needed, the empty ones are gathered first.
 *
 * A level is addressed by its offset in `words`; 0 is no level.
 */
export class Ladder {
  /** Level records: `words[level]` head slot, `words[level + 1]` tail slot; volume is `volumes[(level >> 1) + 1]`. */
  words = new Int32Array(64 << BLOCK_LEVEL_BITS);
  /** The same memory as float64: sums of quantities are exact up to 2^53. */
  volumes = new Float64Array(this.words.buffer);
  private pages = new Int32Array(16 << PAGE_STRIDE_BITS);
  /** Per block the offset in `pages` of the bitmap word that tells which of its levels are occupied. */
  private bitsOf = new Int32Array(64);
  private readonly chunkOf = new Int32Array(CHUNK_COUNT);
  private directory = new Int32Array(2 << CHUNK_BITS);
  private chunks = 1;
  /** Numbers of the pages that hold an order. */
  private readonly used = new Bitmap(PAGE_COUNT);
  private readonly freePages = new FreeList(16);
  private readonly freeBlocks = new FreeList(64);

  /** The level of `price`, made when it is not there. */
  levelFor(price: number): number {
    const base = this.pageAt(price >>> PAGE_BITS) << PAGE_STRIDE_BITS;
    const block = this.pages[base + BLOCKS + ((price & PAGE_MASK) >>> BLOCK_BITS)] as number;
    if (block === 0) return this.openBlock(price);
    return (block << BLOCK_LEVEL_BITS) | ((price & BLOCK_MASK) << LEVEL_BITS);
  }

  /** The level of `price`; it exists because orders rest there. */
  levelAt(price: number): number {
    const base = this.pageAt(price >>> PAGE_BITS) << PAGE_STRIDE_BITS;
    const block = this.pages[base + BLOCKS + ((price & PAGE_MASK) >>> BLOCK_BITS)] as number;
    return (block << BLOCK_LEVEL_BITS) | ((price & BLOCK_MASK) << LEVEL_BITS);
  }

  /** The first order came to rest at `level`. */
  occupy(level: number): void {
    const pages = this.pages;
    const at = this.bitsOf[level >>> BLOCK_LEVEL_BITS] as number;
    const before = pages[at] as number;
    pages[at] = before | (1 << ((level >>> LEVEL_BITS) & BLOCK_MASK));
    if (before !== 0) return;
    const base = at & ~BLOCK_MASK;
    const summary = pages[base + SUMMARY] as number;
    pages[base + SUMMARY] = summary | (1 << (at & (BLOCKS_PER_PAGE - 1)));
    if (summary === 0) this.used.add(pages[base + NUMBER] as number);
  }

  /** The last order left `level`. */
  vacate(level: number): void {
    const pages = this.pages;
    const at = this.bitsOf[level >>> BLOCK_LEVEL_BITS] as number;
    const rest = (pages[at] as number) & ~(1 << ((level >>> LEVEL_BITS) & BLOCK_MASK));
    pages[at] = rest;
    if (rest !== 0) return;
    const base = at & ~BLOCK_MASK;
    const summary = (pages[base + SUMMARY] as number) & ~(1 << (at & (BLOCKS_PER_PAGE - 1)));
    pages[base + SUMMARY] = summary;
    if (summary === 0) this.used.remove(pages[base + NUMBER] as number);
  }

  /** The lowest occupied price above `price`, or NO_ASK. */
  above(price: number): number {
    const number = price >>> PAGE_BITS;
    const pages = this.pages;
    const base = this.pageAt(number) << PAGE_STRIDE_BITS;
    const word = (price & PAGE_MASK) >>> BLOCK_BITS;
    const rest = (pages[base + word] as number) & ((-1 << (price & BLOCK_MASK)) << 1);
    if (rest !== 0) return (price & ~BLOCK_MASK) | lowestBit(rest);
    const words = (pages[base + SUMMARY] as number) & ((-1 << word) << 1);
    if (words !== 0) return this.lowestIn(base, lowestBit(words));
    const next = this.used.above(number);
    if (next < 0) return NO_ASK;
    const found = this.pageAt(next) << PAGE_STRIDE_BITS;
    return this.lowestIn(found, lowestBit(pages[found + SUMMARY] as number));
  }

  /** The highest occupied price below `price`, or 0. */
  below(price: number): number {
    const number = price >>> PAGE_BITS;
    const pages = this.pages;
    const base = this.pageAt(number) << PAGE_STRIDE_BITS;
    const word = (price & PAGE_MASK) >>> BLOCK_BITS;
    const rest = (pages[base + word] as number) & ((1 << (price & BLOCK_MASK)) - 1);
    if (rest !== 0) return (price & ~BLOCK_MASK) | highestBit(rest);
    const words = (pages[base + SUMMARY] as number) & ((1 << word) - 1);
    if (words !== 0) return this.highestIn(base, highestBit(words));
    const next = this.used.below(number);
    if (next < 0) return 0;
    const found = this.pageAt(next) << PAGE_STRIDE_BITS;
    return this.highestIn(found, highestBit(pages[found + SUMMARY] as number));
  }

  private pageAt(number: number): number {
    const chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    return this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] as number;
  }

  private lowestIn(base: number, word: number): number {
    const number = this.pages[base + NUMBER] as number;
    return (number << PAGE_BITS) | (word << BLOCK_BITS) | lowestBit(this.pages[base + word] as number);
  }

  private highestIn(base: number, word: number): number {
    const number = this.pages[base + NUMBER] as number;
    return (number << PAGE_BITS) | (word << BLOCK_BITS) | highestBit(this.pages[base + word] as number);
  }

  /** Opens the block of `price`, and its page when needed. Returns the level of `price`. */
  private openBlock(price: number): number {
    const number = price >>> PAGE_BITS;
    // The block first: gathering empty ones must not find the page of this one.
    const block = this.newBlock();
    let page = this.pageAt(number);
    if (page === 0) page = this.openPage(number);
    const word = (price & PAGE_MASK) >>> BLOCK_BITS;
    this.pages[(page << PAGE_STRIDE_BITS) + BLOCKS + word] = block;
    this.bitsOf[block] = (page << PAGE_STRIDE_BITS) + word;
    return (block << BLOCK_LEVEL_BITS) | ((price & BLOCK_MASK) << LEVEL_BITS);
  }

  private newBlock(): number {
    if (this.freeBlocks.isEmpty) {
      const { capacity } = this.freeBlocks;
      for (let block = 1; block < capacity; block++) {
        if (this.pages[this.bitsOf[block] as number] === 0) this.closeBlock(block);
      }
      // Fewer than three quarters: to gather again soon would cost more than memory.
      if (4 * this.freeBlocks.count < 3 * capacity) {
        this.words = doubled(this.words);
        this.volumes = new Float64Array(this.words.buffer);
        this.bitsOf = doubled(this.bitsOf);
        this.freeBlocks.grow();
      }
    }
    return this.freeBlocks.take();
  }

  private closeBlock(block: number): void {
    const at = this.bitsOf[block] as number;
    this.pages[(at & ~BLOCK_MASK) + BLOCKS + (at & (BLOCKS_PER_PAGE - 1))] = 0;
    this.freeBlocks.give(block);
  }

  private openPage(number: number): number {
    if (this.freePages.isEmpty) this.gatherPages();
    let chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    if (chunk === 0) {
      chunk = this.chunks++;
      if (chunk << CHUNK_BITS >= this.directory.length) this.directory = doubled(this.directory);
      this.chunkOf[number >>> CHUNK_BITS] = chunk;
    }
    const page = this.freePages.take();
    this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] = page;
    this.pages[(page << PAGE_STRIDE_BITS) + NUMBER] = number;
    return page;
  }

  private gatherPages(): void {
    const { capacity } = this.freePages;
    for (let page = 1; page < capacity; page++) {
      const base = page << PAGE_STRIDE_BITS;
      if (this.pages[base + SUMMARY] === 0) this.closePage(base);
    }
    if (4 * this.freePages.count < 3 * capacity) {
      this.pages = doubled(this.pages);
      this.freePages.grow();
    }
  }

  private closePage(base: number): void {
    for (let word = 0; word < BLOCKS_PER_PAGE; word++) {
      const block = this.pages[base + BLOCKS + word] as number;
      if (block !== 0) this.closeBlock(block);
    }
    const number = this.pages[base + NUMBER] as number;
    const chunk = this.chunkOf[number >>> CHUNK_BITS] as number;
    this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] = 0;
    this.freePages.give(base >>> PAGE_STRIDE_BITS);
  }
}

/** Numbers 1 … capacity − 1 that are not in use, last in first out. */
class FreeList {
  capacity: number;
  count = 0;
  private numbers: Int32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.numbers = new Int32Array(capacity);
    for (let number = capacity - 1; number > 0; number--) this.give(number);
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  take(): number {
    return this.numbers[--this.count] as number;
  }

  give(number: number): void {
    this.numbers[this.count++] = number;
  }

  /** Doubles the capacity. */
  grow(): void {
    this.numbers = doubled(this.numbers);
    for (let number = 2 * this.capacity - 1; number >= this.capacity; number--) this.give(number);
    this.capacity *= 2;
  }
}

/** A copy of twice the length. */
export function doubled(from: Int32Array): Int32Array<ArrayBuffer> {
  const to = new Int32Array(from.length * 2);
  to.set(from);
  return to;
}
