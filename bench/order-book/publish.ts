import { parseArgs } from 'node:util';
import { startNats } from '../../hack/brokers/nats.ts';
import { startRedis } from '../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../hack/brokers/server.ts';
import * as brokers from '../../workloads/order-book/publisher/create-broker.ts';
import * as outbox from '../../workloads/order-book/publisher/outbox.ts';
import * as reader from '../../workloads/order-book/publisher/outbox-reader.ts';
import * as publisher from '../../workloads/order-book/publisher/publisher.ts';
import { BookRig, waitFor } from '../../workloads/order-book/publisher/testing/rig.ts';
import { conditionsLine } from './page.ts';

// How fast a publisher brings a backlog of trades to each broker: the rate at which it catches up after an outage, server and publisher on
// one machine. NATS syncs before it acknowledges, Redis every second.

const { values } = parseArgs({ options: { trades: { type: 'string', default: '300000' } } });
const trades = Number(values.trades);
const SEGMENT_BYTES = 8 * 1024 * 1024;

process.stdout.write(`${await conditionsLine()}\n`);
const [nats] = await startNats();
if (nats !== undefined) await measure('NATS JetStream, one server, sync always', nats);
await measure('Redis, AOF every second', await startRedis());

async function measure(name: string, server: BrokerServer): Promise<void> {
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
    process.stdout.write(`${name}: ${Math.round(trades / seconds)} trades/s, ${each.toFixed(1)} µs of CPU each\n`);
  } finally {
    await book.remove();
    await server.stop();
  }
}
