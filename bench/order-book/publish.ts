import { parseArgs } from 'node:util';
import { startNats } from '../../hack/brokers/nats.ts';
import { startRedis } from '../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../hack/brokers/server.ts';
import * as brokers from '../../workloads/order-book/publisher/create-broker.ts';
import * as outbox from '../../workloads/order-book/publisher/outbox.ts';
import * as reader from '../../workloads/order-book/publisher/outbox-reader.ts';
import * as publisher from '../../workloads/order-book/publisher/publisher.ts';
import { BookRig, waitFor } from '../../workloads/order-book/publisher/testing/rig.ts';
import { conditionsLine, writeSection } from './page.ts';

// How fast a publisher brings a backlog of trades to each broker: the rate at which it catches up after an outage.

const { values } = parseArgs({ options: { trades: { type: 'string', default: '300000' } } });
const trades = Number(values.trades);
const SEGMENT_BYTES = 8 * 1024 * 1024;

const conditions = await conditionsLine();
const [nats] = await startNats();
const rows = [
  ...(nats === undefined ? [] : [await measure('NATS JetStream, one server, sync always', nats)]),
  await measure('Redis, AOF every second', await startRedis()),
];
const text = [
  conditions,
  '',
  `A backlog of ${trades} trades is brought to each broker, as after an outage: outbox, publisher and server on one machine, once each.`,
  'NATS syncs before it acknowledges, Redis every second.',
  '',
  '| broker | trades per second | CPU µs of the publisher per trade |',
  '|---|--:|--:|',
  ...rows,
].join('\n');
console.log(text);
if (process.env.WRITE === '1') await writeSection('publish', text);

/** A row of the table. */
async function measure(name: string, server: BrokerServer): Promise<string> {
  const program = { outbox, reader, publisher, brokers };
  const options = { url: server.url, subject: 'trades', trades, segmentBytes: SEGMENT_BYTES, keepBytes: 1 << 30 };
  const book = new BookRig(program, options);
  try {
    const cpu = process.cpuUsage();
    const started = performance.now();
    await book.start();
    await waitFor(
      'the backlog to be published',
      () => book.acknowledged === trades,
      () => book.codes,
    );
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const each = (user + system) / trades;
    return `| ${name} | ${Math.round(trades / seconds)} | ${each.toFixed(1)} |`;
  } finally {
    await book.remove();
    await server.stop();
  }
}
