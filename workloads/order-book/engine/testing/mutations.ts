import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Engine } from './engine-matcher.ts';

/** A bug as a change of the source text. Each text to replace occurs exactly once in the file. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly edits: readonly (readonly [from: string, to: string])[];
}

/** Bug classes found in public matching engines, and the mistakes this design invites. */
export const mutations: readonly Mutation[] = [
  {
    name: 'best bid stale after a cancel',
    file: 'book.ts',
    edits: [['if (price === this.bestBid) this.bestBid = this.ladder.below(price);', '']],
  },
  {
    name: 'best ask stale after its level emptied',
    file: 'book.ts',
    edits: [['this.bestAsk = this.ladder.above(price);', 'this.bestAsk = price;']],
  },
  {
    name: 'cancelling a middle order loses its siblings',
    file: 'book.ts',
    edits: [['if (previous !== 0) words[previous + NEXT] = next;', 'if (previous !== 0) words[previous + NEXT] = 0;']],
  },
  {
    name: 'cancelling the tail leaves it as the tail',
    file: 'book.ts',
    edits: [['else this.ladder.words[level + 1] = previous;', '']],
  },
  {
    name: 'trade printed at the price of the taker',
    file: 'book.ts',
    edits: [
      [
        'remaining = this.take(id, this.bestAsk, SELL, remaining);',
        'remaining = this.take(id, this.bestAsk, SELL, remaining, limit);',
      ],
      ['makerSide: Side, quantity: number): number {', 'makerSide: Side, quantity: number, limit = price): number {'],
      ['reports.push(ReportType.trade, price, open,', 'reports.push(ReportType.trade, limit, open,'],
    ],
  },
  { name: 'fully filled maker stays known', file: 'book.ts', edits: [['      orders.remove(maker);\n', '']] },
  {
    name: 'replaced order rests crossed',
    file: 'book.ts',
    edits: [
      [
        'this.unlink(slot, side, oldPrice);\n    const remaining = this.match(id, side, price, quantity);',
        'this.unlink(slot, side, oldPrice);\n    const remaining = quantity;',
      ],
    ],
  },
  {
    name: 'volume of a level taken off twice',
    file: 'book.ts',
    edits: [['this.addVolume(level, remaining - quantity);', 'this.addVolume(level, 2 * (remaining - quantity));']],
  },
  {
    name: 'rest of an immediate order rests',
    file: 'book.ts',
    edits: [
      [
        'remaining, this.sequence, id, 0);\n      return;\n    }\n    this.rest',
        'remaining, this.sequence, id, 0);\n    }\n    this.rest',
      ],
    ],
  },
  {
    name: 'fill-or-kill counts volume beyond its limit',
    file: 'book.ts',
    edits: [['&& (side === BUY ? price <= limit : price >= limit)) {', ') {']],
  },
  {
    name: 'post-only may trade at its own price',
    file: 'book.ts',
    edits: [['price >= this.bestAsk :', 'price > this.bestAsk :']],
  },
  {
    name: 'increase keeps its place in the queue',
    file: 'book.ts',
    edits: [['price === oldPrice && quantity <= open) {', 'price === oldPrice) {']],
  },
  {
    name: 'partly consumed maker keeps a link to the filled one before it',
    file: 'book.ts',
    edits: [['      words[maker + PREVIOUS] = 0;\n', '']],
  },
  {
    name: 'duplicate id accepted',
    file: 'book.ts',
    edits: [['if (this.orders.find(id) !== 0) return Reason.duplicateId;', '']],
  },
  {
    name: 'a buy does not become the best bid',
    file: 'book.ts',
    edits: [['if (price > this.bestBid) this.bestBid = price;', 'if (this.bestBid === 0) this.bestBid = price;']],
  },
  {
    name: 'index loses entries behind a removed one',
    file: 'resting-orders.ts',
    edits: [['      hole = entry;\n', '']],
  },
  {
    name: 'ids compared by their low 32 bits',
    file: 'resting-orders.ts',
    edits: [[' && this.ids[slot >> 1] === id', '']],
  },
  { name: 'emptied page stays listed', file: 'ladder.ts', edits: [['    this.used.remove(number);\n', '']] },
  {
    name: 'search upwards skips the other words of a page',
    file: 'ladder.ts',
    edits: [['if (words !== 0) return this.lowestIn(page, lowestBit(words));', '']],
  },
  {
    name: 'recycled page keeps its old number',
    file: 'ladder.ts',
    edits: [['    this.bits[(page << BIT_STRIDE_BITS) + NUMBER] = number;\n', '']],
  },
  {
    name: 'shift by 32 taken for a shift to nothing',
    file: 'bitmap.ts',
    edits: [['((-1 << (index & 31)) << 1)', '(-1 << ((index & 31) + 1))']],
  },
];

/** Loads a copy of the engine with `mutation` in it. Throws when the source no longer holds the text to replace. */
export async function loadMutant(mutation: Mutation): Promise<Engine> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-mutant-'));
  try {
    for (const file of ['bitmap.ts', 'ladder.ts', 'resting-orders.ts', 'reports.ts', 'book.ts']) {
      cpSync(join(import.meta.dirname, '..', file), join(directory, file));
    }
    const path = join(directory, mutation.file);
    let source = readFileSync(path, 'utf8');
    for (const [from, to] of mutation.edits) {
      if (source.split(from).length !== 2)
        throw new Error(`${mutation.name}: not exactly once in ${mutation.file}: ${from}`);
      source = source.replace(from, to);
    }
    writeFileSync(path, source);
    return {
      book: await import(/* @vite-ignore */ pathToFileURL(join(directory, 'book.ts')).href),
      reports: await import(/* @vite-ignore */ pathToFileURL(join(directory, 'reports.ts')).href),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
