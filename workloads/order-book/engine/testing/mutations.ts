import { loadMutant, type Mutation } from '../../testing/mutant.ts';
import type * as BookModule from '../book.ts';
import type * as HostedModule from '../hosted-orders.ts';
import type * as ReportsModule from '../reports.ts';
import type { Engine } from './engine-matcher.ts';

/** Bug classes found in public matching engines, and the mistakes this design invites. */
export const mutations: readonly Mutation[] = [
  {
    name: 'best bid stale after a cancel',
    file: 'engine/queues.ts',
    edits: [['if (price === this.bid) this.bid = this.ladder.below(price);', '']],
  },
  {
    name: 'best ask stale after its level emptied',
    file: 'engine/queues.ts',
    edits: [['this.ask = this.ladder.above(price);', 'this.ask = price;']],
  },
  {
    name: 'cancelling a middle order loses its siblings',
    file: 'engine/queues.ts',
    edits: [['if (previous !== 0) words[previous + NEXT] = next;', 'if (previous !== 0) words[previous + NEXT] = 0;']],
  },
  {
    name: 'cancelling the tail leaves it as the tail',
    file: 'engine/queues.ts',
    edits: [['else this.ladder.words[level + 1] = previous;', '']],
  },
  {
    name: 'trade printed at the price of the taker',
    file: 'engine/matcher.ts',
    edits: [['reports.push(ReportType.trade, price, open,', 'reports.push(ReportType.trade, this.limit, open,']],
  },
  {
    name: 'fully filled maker stays known',
    file: 'engine/matcher.ts',
    edits: [['      orders.remove(maker);\n', '']],
  },
  {
    name: 'replaced order rests crossed',
    file: 'engine/book.ts',
    edits: [
      [
        'const remaining = matcher.match(id, side, price, quantity, flags, terms >> OWNER_SHIFT);',
        'const remaining = quantity;',
      ],
    ],
  },
  {
    name: 'volume of a level taken off twice',
    file: 'engine/matcher.ts',
    edits: [['queues.addVolume(level, remaining - quantity);', 'queues.addVolume(level, 2 * (remaining - quantity));']],
  },
  {
    name: 'rest of an immediate order rests',
    file: 'engine/book.ts',
    edits: [['if ((flags & IMMEDIATE) === 0) matcher', 'if ((flags & FILL_OR_KILL) === 0) matcher']],
  },
  {
    name: 'fill-or-kill counts volume beyond its limit',
    file: 'engine/matcher.ts',
    edits: [['&& (side === BUY ? price <= limit : price >= limit)) {', ') {']],
  },
  {
    name: 'post-only may trade at its own price',
    file: 'engine/matcher.ts',
    edits: [
      [
        'if ((flags & POST_ONLY) !== 0 && this.meets(side, limit)) return',
        'if ((flags & POST_ONLY) !== 0 && this.meets(side, side === BUY ? limit - 1 : limit + 1)) return',
      ],
    ],
  },
  {
    name: 'increase keeps its place in the queue',
    file: 'engine/book.ts',
    edits: [[' && quantity <= matcher.open(slot)) {', ') {']],
  },
  {
    name: 'partly consumed maker keeps a link to the filled one before it',
    file: 'engine/matcher.ts',
    edits: [['      words[maker + PREVIOUS] = 0;\n', '']],
  },
  {
    name: 'duplicate id accepted',
    file: 'engine/book.ts',
    edits: [['if (matcher.orders.find(id) !== 0) return Reason.duplicateId;', '']],
  },
  {
    name: 'a buy does not become the best bid',
    file: 'engine/queues.ts',
    edits: [['if (price > this.bid) this.bid = price;', 'if (this.bid === 0) this.bid = price;']],
  },
  {
    name: 'an iceberg shows all of it',
    file: 'engine/matcher.ts',
    edits: [['Math.min(peak, quantity)', 'quantity']],
  },
  {
    name: 'an iceberg is done after one portion',
    file: 'engine/matcher.ts',
    edits: [['if (hidden === 0) {', 'if (hidden >= 0) {']],
  },
  {
    name: 'fill-or-kill does not count what is hidden',
    file: 'engine/matcher.ts',
    edits: [['volume += this.open(slot);', 'volume += words[slot + REMAINING] as number;']],
  },
  {
    name: 'fill-or-kill counts own orders that would stop it',
    file: 'engine/matcher.ts',
    edits: [['else if (!passesOver) return false;', 'else volume += this.open(slot);']],
  },
  {
    name: 'cancel-both leaves the older order',
    file: 'engine/matcher.ts',
    edits: [['if (mode !== CANCEL_NEWEST) this.leave', 'if (mode === CANCEL_OLDEST) this.leave']],
  },
  {
    name: 'a prevented self-trade is reported as a trade',
    file: 'engine/matcher.ts',
    edits: [['this.reports.push(ReportType.prevented,', 'this.reports.push(ReportType.trade,']],
  },
  {
    name: 'a stop is triggered a tick too late',
    file: 'engine/stops.ts',
    edits: [['price >= this.waiting.ask ||', 'price > this.waiting.ask ||']],
  },
  {
    name: 'a stop that sells waits like one that buys',
    file: 'engine/stops.ts',
    edits: [
      ['this.waiting.rest(slot, terms ^ 1, stop, quantity);', 'this.waiting.rest(slot, terms | 1, stop, quantity);'],
    ],
  },
  {
    name: 'a stop that is due on arrival waits',
    file: 'engine/book.ts',
    edits: [
      ['matcher.lastPrice < stop : matcher.lastPrice > stop', 'matcher.lastPrice <= stop : matcher.lastPrice >= stop'],
    ],
  },
  {
    name: 'a triggered stop leaves its partner',
    file: 'engine/matcher.ts',
    edits: [['this.cancelPartner(slot);\n    this.enter(slot);', '{}\n    this.enter(slot);']],
  },
  {
    name: 'a trade of one of a pair leaves the other',
    file: 'engine/matcher.ts',
    edits: [['if ((terms & LINKED) !== 0) this.cancelPartner(maker);', '']],
  },
  {
    name: 'a cancel leaves the partner',
    file: 'engine/matcher.ts',
    edits: [
      [
        'if (((this.orders.words[slot + TERMS] as number) & LINKED) !== 0) this.cancelPartner(slot);\n    this.orders.remove(slot);',
        'this.orders.remove(slot);',
      ],
    ],
  },
  {
    name: 'an auction does not count what is hidden',
    file: 'engine/auction.ts',
    edits: [['+= matcher.open(slot);', '+= words[slot + REMAINING] as number;']],
  },
  {
    name: 'buyers left over push the auction price down',
    file: 'engine/auction.ts',
    edits: [['excess > 0)) return { price: high', 'excess > 0)) return { price: low']],
  },
  {
    name: 'an auction leaves crossed what a cancelled partner would have taken',
    file: 'engine/auction.ts',
    edits: [
      ['clearing !== undefined; clearing = indicative(matcher)) {', 'clearing !== undefined; clearing = undefined) {'],
    ],
  },
  {
    name: 'a call queues its orders before those that rest',
    file: 'engine/auction.ts',
    edits: [
      ['  queues.each(side, (slot) => slots.push(slot));\n', '  queues.each(side, (slot) => slots.unshift(slot));\n'],
    ],
  },
  {
    name: 'a halt lets replacements pass',
    file: 'engine/book.ts',
    edits: [['    if (phase !== Reason.none) return phase;\n    if (price <', '    if (price <']],
  },
  {
    name: 'a call takes immediate orders',
    file: 'engine/book.ts',
    edits: [['(flags & (IMMEDIATE | POST_ONLY | MARKET)) === 0', '(flags & (POST_ONLY | MARKET)) === 0']],
  },
  {
    name: 'a band refuses market orders',
    file: 'engine/matcher.ts',
    edits: [['return side === BUY ? this.highestPrice : this.lowestPrice;', 'return price;']],
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
  {
    name: 'an order that left stays in the record of its host',
    file: 'engine/hosted-orders.ts',
    edits: [['    this.host.words[((this.ids[slot >> 1] as number) | 0) + this.word] = 0;\n', '']],
  },
  {
    name: 'a freed record is given to two orders',
    file: 'engine/order-records.ts',
    edits: [['      this.free = this.words[slot + NEXT] as number;\n', '']],
  },
  {
    name: 'emptied page stays listed',
    file: 'engine/ladder.ts',
    edits: [['    if (summary === 0) this.used.remove(pages[base + NUMBER] as number);\n', '']],
  },
  {
    name: 'gathered block stays known to its page',
    file: 'engine/ladder.ts',
    edits: [['    this.pages[(at & ~BLOCK_MASK) + BLOCKS + (at & (BLOCKS_PER_PAGE - 1))] = 0;\n', '']],
  },
  {
    name: 'gathered page stays in the directory',
    file: 'engine/ladder.ts',
    edits: [['    this.directory[(chunk << CHUNK_BITS) | (number & CHUNK_MASK)] = 0;\n', '']],
  },
  {
    name: 'block gathered while orders rest in it',
    file: 'engine/ladder.ts',
    edits: [['if (this.pages[this.bitsOf[block] as number] === 0) this', 'this']],
  },
  {
    name: 'search upwards skips the other words of a page',
    file: 'engine/ladder.ts',
    edits: [['if (words !== 0) return this.lowestIn(base, lowestBit(words));', '']],
  },
  {
    name: 'recycled page keeps its old number',
    file: 'engine/ladder.ts',
    edits: [['    this.pages[(page << PAGE_STRIDE_BITS) + NUMBER] = number;\n', '']],
  },
  {
    name: 'shift by 32 taken for a shift to nothing',
    file: 'engine/bitmap.ts',
    edits: [['((-1 << (index & 31)) << 1)', '(-1 << ((index & 31) + 1))']],
  },
];

/** Loads a copy of the engine with `mutation` in it. */
export async function loadEngine(mutation: Mutation): Promise<Engine> {
  const entries = ['engine/book.ts', 'engine/hosted-orders.ts', 'engine/reports.ts'];
  const [book, hosted, reports] = await loadMutant(mutation, entries);
  return {
    book: book as typeof BookModule,
    hosted: hosted as typeof HostedModule,
    reports: reports as typeof ReportsModule,
  };
}
