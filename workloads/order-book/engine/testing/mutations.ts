import { loadMutant, type Mutation } from '../../testing/mutant.ts';
import type * as BookModule from '../book.ts';
import type * as ReportsModule from '../reports.ts';
import type { Engine } from './engine-matcher.ts';

/** Bug classes found in public matching engines, and the mistakes this design invites. */
export const mutations: readonly Mutation[] = [
  {
    name: 'best bid stale after a cancel',
    file: 'engine/book.ts',
    edits: [['if (price === this.bestBid) this.bestBid = this.ladder.below(price);', '']],
  },
  {
    name: 'best ask stale after its level emptied',
    file: 'engine/book.ts',
    edits: [['this.bestAsk = this.ladder.above(price);', 'this.bestAsk = price;']],
  },
  {
    name: 'cancelling a middle order loses its siblings',
    file: 'engine/book.ts',
    edits: [['if (previous !== 0) words[previous + NEXT] = next;', 'if (previous !== 0) words[previous + NEXT] = 0;']],
  },
  {
    name: 'cancelling the tail leaves it as the tail',
    file: 'engine/book.ts',
    edits: [['else this.ladder.words[level + 1] = previous;', '']],
  },
  {
    name: 'trade printed at the price of the taker',
    file: 'engine/book.ts',
    edits: [
      [
        'remaining = this.take(id, this.bestAsk, SELL, remaining);',
        'remaining = this.take(id, this.bestAsk, SELL, remaining, limit);',
      ],
      ['makerSide: Side, quantity: number): number {', 'makerSide: Side, quantity: number, limit = price): number {'],
      ['reports.push(ReportType.trade, price, open,', 'reports.push(ReportType.trade, limit, open,'],
    ],
  },
  { name: 'fully filled maker stays known', file: 'engine/book.ts', edits: [['      orders.remove(maker);\n', '']] },
  {
    name: 'replaced order rests crossed',
    file: 'engine/book.ts',
    edits: [
      [
        'this.unlink(slot, side, oldPrice);\n    const remaining = this.match(id, side, price, quantity);',
        'this.unlink(slot, side, oldPrice);\n    const remaining = quantity;',
      ],
    ],
  },
  {
    name: 'volume of a level taken off twice',
    file: 'engine/book.ts',
    edits: [['this.addVolume(level, remaining - quantity);', 'this.addVolume(level, 2 * (remaining - quantity));']],
  },
  {
    name: 'rest of an immediate order rests',
    file: 'engine/book.ts',
    edits: [
      [
        'remaining, this.sequence, id, 0);\n      return;\n    }\n    this.rest',
        'remaining, this.sequence, id, 0);\n    }\n    this.rest',
      ],
    ],
  },
  {
    name: 'fill-or-kill counts volume beyond its limit',
    file: 'engine/book.ts',
    edits: [['&& (side === BUY ? price <= limit : price >= limit)) {', ') {']],
  },
  {
    name: 'post-only may trade at its own price',
    file: 'engine/book.ts',
    edits: [['price >= this.bestAsk :', 'price > this.bestAsk :']],
  },
  {
    name: 'increase keeps its place in the queue',
    file: 'engine/book.ts',
    edits: [['price === oldPrice && quantity <= open) {', 'price === oldPrice) {']],
  },
  {
    name: 'partly consumed maker keeps a link to the filled one before it',
    file: 'engine/book.ts',
    edits: [['      words[maker + PREVIOUS] = 0;\n', '']],
  },
  {
    name: 'duplicate id accepted',
    file: 'engine/book.ts',
    edits: [['if (this.orders.find(id) !== 0) return Reason.duplicateId;', '']],
  },
  {
    name: 'a buy does not become the best bid',
    file: 'engine/book.ts',
    edits: [['if (price > this.bestBid) this.bestBid = price;', 'if (this.bestBid === 0) this.bestBid = price;']],
  },
  {
    name: 'index loses entries behind a removed one',
    file: 'engine/resting-orders.ts',
    edits: [['      hole = entry;\n', '']],
  },
  {
    name: 'ids compared by their low 32 bits',
    file: 'engine/resting-orders.ts',
    edits: [[' && this.ids[slot >> 1] === id', '']],
  },
  { name: 'emptied page stays listed', file: 'engine/ladder.ts', edits: [['    this.used.remove(number);\n', '']] },
  {
    name: 'search upwards skips the other words of a page',
    file: 'engine/ladder.ts',
    edits: [['if (words !== 0) return this.lowestIn(page, lowestBit(words));', '']],
  },
  {
    name: 'recycled page keeps its old number',
    file: 'engine/ladder.ts',
    edits: [['    this.bits[(page << BIT_STRIDE_BITS) + NUMBER] = number;\n', '']],
  },
  {
    name: 'shift by 32 taken for a shift to nothing',
    file: 'engine/bitmap.ts',
    edits: [['((-1 << (index & 31)) << 1)', '(-1 << ((index & 31) + 1))']],
  },
];

/** Loads a copy of the engine with `mutation` in it. */
export async function loadEngine(mutation: Mutation): Promise<Engine> {
  const [book, reports] = await loadMutant(mutation, ['engine/book.ts', 'engine/reports.ts']);
  return { book: book as typeof BookModule, reports: reports as typeof ReportsModule };
}
