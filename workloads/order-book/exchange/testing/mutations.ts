import { loadMutant, type Mutation } from '../../testing/mutant.ts';
import type { Program } from './durability.ts';

/** Ways to lose, double or invent what was acknowledged. */
export const mutations: readonly Mutation[] = [
  {
    name: 'answer without fdatasync',
    file: 'journal/file-journal.ts',
    edits: [['    try {\n      await this.file.datasync();\n    } catch', '    try {\n    } catch']],
  },
  {
    name: 'append again after a failed fdatasync',
    file: 'journal/file-journal.ts',
    edits: [['    if (this.failure !== undefined) throw this.failure;\n', '']],
  },
  {
    name: 'half a frame left after a full disk',
    file: 'journal/file-journal.ts',
    edits: [['      await this.file.truncate(this.length);\n', '']],
  },
  {
    name: 'torn tail left in the file',
    file: 'journal/file-journal.ts',
    edits: [['    await file.truncate(length);\n', '']],
  },
  {
    name: 'frames taken in any order',
    file: 'journal/file-journal.ts',
    edits: [['frame.firstSequence !== this.lastSequence + 1 || ', '']],
  },
  {
    name: 'a missing file goes unnoticed',
    file: 'journal/file-journal.ts',
    edits: [['    if (start !== this.lastSequence + 1) throw gap(file, this.lastSequence + 1);\n', '']],
  },
  {
    name: 'a journal shorter than its snapshot goes unnoticed',
    file: 'journal/file-journal.ts',
    edits: [['  if (reader.lastSequence < afterSequence) throw', '  if (reader.lastSequence < 0) throw']],
  },
  {
    name: 'checksum of the header not compared',
    file: 'journal/frame.ts',
    edits: [[' && view.getUint32(32, true) === crc32c(bytes, offset, offset + 32)', '']],
  },
  {
    name: 'damaged header taken for a torn one',
    file: 'journal/frame.ts',
    edits: [
      [
        "if (!intact || length > MAX_PAYLOAD_BYTES) throw corrupt(file, offset, 'the header of a frame');",
        "if (!intact || length > MAX_PAYLOAD_BYTES) return 'incomplete';",
      ],
    ],
  },
  {
    name: 'checksum of the content not compared',
    file: 'journal/frame.ts',
    edits: [['view.getUint32(28, true) !== crc32c(bytes, start, end)', 'false']],
  },
  {
    name: 'applied and answered before it is journaled',
    file: 'exchange/sequencer.ts',
    edits: [
      [
        '        await this.commit(batch.length, payload);\n',
        '        this.answer(batch);\n        await this.commit(batch.length, payload);\n',
      ],
      ['      this.answer(batch);\n      this.options', '      this.options'],
    ],
  },
  {
    name: 'any number may wait',
    file: 'exchange/sequencer.ts',
    edits: [['if (this.pending >= this.options.maxPending) {', 'if (this.pending < 0) {']],
  },
  {
    name: 'a repeated client order id places again',
    file: 'exchange/exchange.ts',
    edits: [['    if (known !== undefined) return repeat(known, command);\n', '']],
  },
  {
    name: 'a repeated client order id is not compared with its order',
    file: 'exchange/exchange.ts',
    edits: [["  if (!same) return { kind: 'refused', refusal: 'duplicateClientOrderId', order: known };\n", '']],
  },
  {
    name: 'a new total taken for a new remainder',
    file: 'exchange/exchange.ts',
    edits: [['price, quantity - order.filled, flags', 'price, quantity, flags']],
  },
  {
    name: 'a snapshot forgets what is filled',
    file: 'exchange/snapshot.ts',
    edits: [['  writer.u32(order.filled);', '  writer.u32(0);']],
  },
  {
    name: 'a snapshot begins the trades anew',
    file: 'exchange/snapshot.ts',
    edits: [['  writer.u53(market.tradeSequence);', '  writer.u53(trades.length - 1);']],
  },
  {
    name: 'a snapshot turns the queue of a level around',
    file: 'exchange/snapshot.ts',
    edits: [['(id) => ids.push(id)', '(id) => ids.unshift(id)']],
  },
];

/** Loads a copy of journal and exchange with `mutation` in it. */
export async function loadProgram(mutation: Mutation): Promise<Program> {
  const names = ['journal/file-journal.ts', 'exchange/exchange.ts', 'exchange/sequencer.ts', 'exchange/snapshot.ts'];
  const [journal, exchange, sequencer, snapshot, store] = await loadMutant(mutation, [...names, 'exchange/store.ts']);
  return { journal, exchange, sequencer, snapshot, store } as Program;
}
