import { loadMutant, type Mutation } from '../../testing/mutant.ts';
import type { Program } from './durability.ts';

/** Ways to lose, double or invent what was acknowledged. */
export const mutations: readonly Mutation[] = [
  {
    name: 'answer without fdatasync',
    file: 'journal/file-journal.ts',
    edits: [['    try {\n      await segment.file.datasync();\n    } catch', '    try {\n    } catch']],
  },
  {
    name: 'append again after a failed fdatasync',
    file: 'journal/file-journal.ts',
    edits: [['    if (this.failure !== undefined) throw this.failure;\n', '']],
  },
  {
    name: 'half a frame left after a full disk',
    file: 'journal/file-journal.ts',
    edits: [['      await this.segment.file.truncate(this.segment.length);\n', '']],
  },
  {
    name: 'torn tail left in the file',
    file: 'journal/file-journal.ts',
    edits: [['    await file.truncate(length);\n', '']],
  },
  {
    name: 'frames taken in any order',
    file: 'journal/journal-reader.ts',
    edits: [['frame.firstSequence !== this.lastSequence + 1 || ', '']],
  },
  {
    name: 'a missing file goes unnoticed',
    file: 'journal/journal-reader.ts',
    edits: [['    if (start !== this.lastSequence + 1) throw gap(file, this.lastSequence + 1);\n', '']],
  },
  {
    name: 'a journal shorter than its snapshot goes unnoticed',
    file: 'journal/journal-reader.ts',
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
        "if (!isHeader(bytes, offset) || length > MAX_PAYLOAD_BYTES) throw damaged(source, offset, 'the header of a frame');",
        "if (!isHeader(bytes, offset) || length > MAX_PAYLOAD_BYTES) return 'incomplete';",
      ],
    ],
  },
  {
    name: 'checksum of the content not compared',
    file: 'journal/frame.ts',
    edits: [['view.getUint32(28, true) !== crc32c(bytes, start, end)', 'false']],
  },
  {
    name: 'sectors that were not written are not looked for',
    file: 'journal/sectors.ts',
    edits: [['      if (stamp === 0) return false;\n', '']],
  },
  {
    name: 'a sector of zeros taken for one that was not written',
    file: 'journal/sectors.ts',
    edits: [
      [
        'if (stamp === 0) return',
        'if (bytes.subarray(sector * CONTENT, (sector + 1) * CONTENT).every((byte) => byte === 0)) return',
      ],
    ],
  },
  {
    name: 'a damaged stamp goes unnoticed',
    file: 'journal/sectors.ts',
    edits: [['      if (stamp !== STAMP) damaged(sector * SECTOR);\n', '']],
  },
  {
    name: 'a stamp that a crash left behind the frames goes unnoticed',
    file: 'journal/sectors.ts',
    edits: [['  const last = lastByte(file);', '  const last = filePosition(lastByte(bytes) + 1) - 1;']],
  },
  {
    name: 'the end of a frame is not marked',
    file: 'journal/frame.ts',
    edits: [
      [' || (isMarked && bytes[end] === 0)', ''],
      ['if (isMarked && bytes[end] !== END_MARK)', 'if (false)'],
    ],
  },
  {
    name: 'a frame that others follow is cut off',
    file: 'journal/journal-reader.ts',
    edits: [['        checkNothingBehind(segment, offset);\n', '']],
  },
  {
    name: 'a file gets its name before it is on disk',
    file: 'journal/file-journal.ts',
    edits: [['    await file.datasync();\n    await disk.rename', '    await disk.rename']],
  },
  {
    name: 'a file with a torn tail is appended to',
    file: 'journal/journal-reader.ts',
    edits: [['segment.isCurrent && this.tornBytes === 0 ? bytes.length : 0', 'segment.isCurrent ? bytes.length : 0']],
  },
  {
    name: 'applied and answered before it is journaled',
    file: 'exchange/sequencer.ts',
    edits: [
      ['      const error = await written;\n', '      group.applyAll();\n      const error = await written;\n'],
      ['    group.applyAll();\n    this.release(group);\n', '    this.release(group);\n'],
    ],
  },
  {
    name: 'any number may wait',
    file: 'exchange/sequencer.ts',
    edits: [['if (this.pending + commands <= this.options.maxPending) return undefined;', 'return undefined;']],
  },
  {
    name: 'a repeated client order id places again',
    file: 'exchange/order-entry.ts',
    edits: [['    if (this.repeated) return this.repeat(placement);\n', '']],
  },
  {
    name: 'a repeated client order id is not compared with its order',
    file: 'exchange/order-entry.ts',
    edits: [["    if (!isSame) return 'duplicateClientOrderId';\n", '']],
  },
  {
    name: 'a new total taken for a new remainder',
    file: 'exchange/order-entry.ts',
    edits: [['price, quantity - filled, KEEP', 'price, quantity, KEEP']],
  },
  {
    name: 'a snapshot forgets what is filled',
    file: 'exchange/snapshot.ts',
    edits: [['writer.u32(words[slot + FILLED] as number);', 'writer.u32(0);']],
  },
  {
    name: 'a snapshot begins the trades anew',
    file: 'exchange/snapshot.ts',
    edits: [['writer.u53(market.tradeSequence);', 'writer.u53(trades.length - 1);']],
  },
  {
    name: 'a snapshot turns the queue of a level around',
    file: 'exchange/snapshot.ts',
    edits: [['resting.push({ slot, shown })', 'resting.unshift({ slot, shown })']],
  },
  {
    name: 'a snapshot turns around the order in which orders were closed',
    file: 'exchange/snapshot.ts',
    edits: [['orders.closedSlots()) this.name', 'orders.closedSlots().reverse()) this.name']],
  },
  {
    name: 'a snapshot shows all of an iceberg',
    file: 'exchange/snapshot.ts',
    edits: [['writer.u32(shown);', 'writer.u32(book.remaining(slot));']],
  },
  {
    name: 'a snapshot forgets which orders cancel each other',
    file: 'exchange/snapshot.ts',
    edits: [['if (partner < id) linked', 'if (partner > 2 ** 52) linked']],
  },
  {
    name: 'a snapshot forgets the waiting stops',
    file: 'exchange/snapshot.ts',
    edits: [['book.eachStop(side, (slot) => waiting.push(slot));', '']],
  },
  {
    name: 'a sweep leaves orders that expire at its cut-off',
    file: 'exchange/order-registry.ts',
    edits: [['if (expiresMs <= timeMs) expired', 'if (expiresMs < timeMs) expired']],
  },
  {
    name: 'the kill switch lets new orders in',
    file: 'exchange/order-entry.ts',
    edits: [["if (this.isBlocked(account, name)) return 'accountBlocked';\n    if (extra", 'if (extra']],
  },
  {
    name: 'a command with extra terms is written without them',
    file: 'exchange/command.ts',
    edits: [["command.kind === 'place' && command.extra !== undefined", 'false']],
  },
  {
    name: 'a forgotten order keeps its client order id',
    file: 'exchange/order-registry.ts',
    edits: [['      this.clientIds.remove(slot);\n', '']],
  },
  {
    name: 'an index loses what stood behind a removed entry',
    file: 'exchange/slot-index.ts',
    edits: [
      [
        '      table[2 * hole] = movedKey;\n      table[2 * hole + 1] = moved;\n      hole = entry;\n',
        '      if (movedKey !== 0) break;\n',
      ],
    ],
  },
  {
    name: 'where an order was at the start of the batch is where it is',
    file: 'exchange/record-entry.ts',
    edits: [['hint !== 0 && clientIds.isAt(hint, account, low, high) ? hint', 'hint !== 0 ? hint']],
  },
  {
    name: 'an order that outlives the ring of ids is lost',
    file: 'exchange/recent-ids.ts',
    edits: [['      this.others.add(idBefore | 0, before);\n', '']],
  },
  {
    name: 'an order that is forgotten leaves its id in the ring',
    file: 'exchange/recent-ids.ts',
    edits: [['this.ring[id & this.mask] = 0;', 'return;']],
  },
  {
    name: 'a replaced order forgets what it was placed with',
    file: 'exchange/order-entry.ts',
    edits: [['    orders.table.keepPlaced(slot);\n', '']],
  },
  {
    name: 'a record reaches the orders of other accounts',
    file: 'exchange/order-registry.ts',
    edits: [['slot !== 0 && this.table.words[slot + ACCOUNT] === account ? slot : 0', 'slot']],
  },
  {
    name: 'a record without a price is placed',
    file: 'exchange/record-entry.ts',
    edits: [[' || (price === 0) !== isMarket', '']],
  },
  {
    name: 'a snapshot forgets the numbers of accounts',
    file: 'exchange/snapshot-reader.ts',
    edits: [['      accounts.giveNumber(name);\n', '      accounts.add(name);\n']],
  },
  {
    name: 'a snapshot cuts long client order ids off',
    file: 'exchange/snapshot.ts',
    edits: [['      writer.u32(high);\n', '      writer.u32(0);\n']],
  },
  {
    name: 'closed orders are forgotten out of their order',
    file: 'exchange/order-registry.ts',
    edits: [['      const slot = this.closedAt(0);\n', '      const slot = this.closedAt(this.closedCount - 1);\n']],
  },
  {
    name: 'records are applied one sequence late',
    file: 'exchange/exchange.ts',
    edits: [['++this.sequence, to', 'this.sequence++, to']],
  },
];

/** Loads a copy of journal and exchange with `mutation` in it. */
export async function loadProgram(mutation: Mutation): Promise<Program> {
  const names = ['command', 'exchange', 'sequencer', 'snapshot', 'replay'].map((name) => `exchange/${name}.ts`);
  const [journal, command, exchange, sequencer, snapshot, replay] = await loadMutant(mutation, [
    'journal/file-journal.ts',
    ...names,
  ]);
  return { journal, command, exchange, sequencer, snapshot, replay } as Program;
}
