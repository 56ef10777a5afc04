import * as brokers from '../../workloads/order-book/publisher/create-broker.ts';
import * as outbox from '../../workloads/order-book/publisher/outbox.ts';
import * as reader from '../../workloads/order-book/publisher/outbox-reader.ts';
import * as publisher from '../../workloads/order-book/publisher/publisher.ts';
import { BookRig, waitFor } from '../../workloads/order-book/publisher/testing/rig.ts';

export interface PublishTask {
  /** Of the broker. */
  readonly url: string;
  readonly trades: number;
}

export interface PublishFigures {
  readonly tradesPerSecond: number;
  readonly cpuMicrosPerTrade: number;
}

const SEGMENT_BYTES = 8 * 1024 * 1024;

async function measure({ url, trades }: PublishTask): Promise<PublishFigures> {
  const program = { outbox, reader, publisher, brokers };
  const options = { url, subject: 'trades', trades, segmentBytes: SEGMENT_BYTES, keepBytes: 1 << 30 };
  const book = new BookRig(program, options);
  try {
    const before = process.cpuUsage();
    const started = performance.now();
    await book.start();
    await waitFor(
      'the backlog to be published',
      () => book.acknowledged === trades,
      () => book.codes,
    );
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(before);
    return { tradesPerSecond: trades / seconds, cpuMicrosPerTrade: (user + system) / trades };
  } finally {
    await book.remove();
  }
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? '') as PublishTask)));
