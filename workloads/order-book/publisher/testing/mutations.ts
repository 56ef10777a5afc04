import { loadMutant, type Mutation } from '../../testing/mutant.ts';
import type { OutboxProgram } from './outbox-checks.ts';
import type { PublisherProgram } from './rig.ts';

/** Ways to lose, double or change a trade before it reaches the broker. */
export const outboxMutations: readonly Mutation[] = [
  {
    name: 'a snapshot does not wait for the outbox',
    file: 'exchange/store.ts',
    edits: [['    await this.options.beforeSnapshot?.();\n', '']],
  },
  {
    name: 'a file begins before the one before it is on disk',
    file: 'publisher/outbox.ts',
    edits: [['    await this.file?.datasync();\n    const file', '    const file']],
  },
  {
    name: 'files are removed before their trades are acknowledged',
    file: 'publisher/outbox.ts',
    edits: [['const needed = acknowledged + 1 -', 'const needed = this.written + 1 -']],
  },
  {
    name: 'nothing is kept behind the acknowledged trades',
    file: 'publisher/outbox.ts',
    edits: [['acknowledged + 1 - Math.ceil(keepBytes / TRADE_BYTES)', 'acknowledged + 1']],
  },
  {
    name: 'another history goes unnoticed',
    file: 'publisher/outbox.ts',
    edits: [['      if (readTrade(record, 0) !== undefined) throw differs(this.options.directory, number);\n', '']],
  },
  {
    name: 'trades that the book has not made go unnoticed',
    file: 'publisher/outbox.ts',
    edits: [['    if (this.found > this.noted) throw differs(directory, this.noted + 1);\n', '']],
  },
  {
    name: 'a half written trade is left as it is',
    file: 'publisher/outbox.ts',
    edits: [['      await repaired.file.write(trade, offset);\n', '']],
  },
  {
    name: 'trades that a full disk did not take are forgotten',
    file: 'publisher/outbox.ts',
    edits: [['        await pause();\n', '        return;\n']],
  },
  {
    name: 'a hole is closed up',
    file: 'publisher/outbox.ts',
    edits: [['this.found < replayedFrom - 1 ? undefined : newest', 'newest']],
  },
  {
    name: 'the outbox is tried again after a failed sync',
    file: 'publisher/outbox.ts',
    edits: [['    if (this.broken !== undefined) throw this.broken;\n    await', '    await']],
  },
];

/** What only the death of the process shows. */
export const killMutation: Mutation = {
  name: 'the binary port answers before the disk has the command',
  file: 'exchange/sequencer.ts',
  edits: [
    [
      '(writer) => batch.write(writeRecords(writer, count)),',
      `(writer) => {
        const records = writeRecords(writer, count);
        batch.write(records);
        batch.applied(exchange.applyRecords(records, epoch));
      },`,
    ],
    ['(bytes) => batch.applied(exchange.applyRecords(bytes.subarray(RECORDS_HEAD_BYTES), epoch)),', '() => undefined,'],
  ],
};

/** A bug of the publisher, with the broker and the check that show it. */
export interface PublisherMutation extends Mutation {
  readonly broker: 'nats' | 'redis';
  readonly check: string;
}

/** Ways to lose or double a trade on its way to the broker. */
export const publisherMutations: readonly PublisherMutation[] = [
  {
    name: 'the position is trusted from memory',
    broker: 'nats',
    check: 'a broker that has lost everything gets everything again, while the outbox has it',
    file: 'publisher/publisher.ts',
    edits: [
      [
        'const next = lastNumber === 0 ? origin : lastNumber + 1;',
        'const next = this.acknowledged > 0 ? this.acknowledged + 1 : lastNumber === 0 ? origin : lastNumber + 1;',
      ],
    ],
  },
  {
    name: 'an append does not say behind what it belongs',
    broker: 'nats',
    check: 'two publishers of one book at once',
    file: 'publisher/jetstream.ts',
    edits: [
      ['const expect = { streamName: config.name, lastSequence };', 'const expect = { streamName: config.name };'],
    ],
  },
  {
    name: 'an append does not wait for the one before',
    broker: 'nats',
    check: 'what was appended behind a refused append is refused too, however the other publisher cut its trades',
    file: 'publisher/jetstream.ts',
    edits: [['      before = sent;\n', '']],
  },
  {
    name: 'an append goes on behind whatever is there',
    broker: 'redis',
    check: 'a stream that is deleted under a live connection is made again, whole',
    file: 'publisher/redis.ts',
    edits: [['if last ~= ARGV[1] then', 'if false then']],
  },
  {
    name: 'an outbox that no longer has the trades goes on with those it has',
    broker: 'redis',
    check: 'what neither broker nor outbox has stops the publisher, visibly',
    file: 'publisher/publisher.ts',
    edits: [['    if (next < first) throw missing(directory, next);\n', '    if (next < first) return first;\n']],
  },
  {
    name: 'a stream that is ahead of the book is written to',
    broker: 'nats',
    check: 'a stream that is ahead of the book is left alone',
    file: 'publisher/publisher.ts',
    edits: [
      ['if (lastNumber > written) {', 'if (lastNumber > written + 1_000_000) {'],
      ['lastTrade !== undefined && lastNumber >= first', 'lastTrade !== undefined && lastNumber <= written'],
    ],
  },
  {
    name: 'a stream of another history is written to',
    broker: 'redis',
    check: 'a stream of another history is left alone',
    file: 'publisher/publisher.ts',
    edits: [['!isSameTrade(view(lastNumber, noted), lastTrade)', 'lastTrade.number !== String(lastNumber)']],
  },
];

/** Loads a copy of outbox and store with `mutation` in it. */
export async function loadOutboxProgram(mutation: Mutation): Promise<OutboxProgram> {
  const [outbox, store] = await loadMutant(mutation, ['publisher/outbox.ts', 'exchange/store.ts']);
  return { outbox, store } as OutboxProgram;
}

/** Loads a copy of the publisher with `mutation` in it. */
export async function loadPublisherProgram(mutation: Mutation): Promise<PublisherProgram> {
  const names = ['outbox', 'outbox-reader', 'publisher', 'create-broker'].map((name) => `publisher/${name}.ts`);
  const [outbox, reader, publisher, brokers] = await loadMutant(mutation, names);
  return { outbox, reader, publisher, brokers } as PublisherProgram;
}
