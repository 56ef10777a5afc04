import { parseArgs } from 'node:util';
import { startNats } from '../../hack/brokers/nats.ts';
import { startRedis } from '../../hack/brokers/redis.ts';
import type { BrokerServer } from '../../hack/brokers/server.ts';
import { runBundled } from './bundled.ts';
import { conditionsLine, writeSection } from './page.ts';
import type { PublishFigures, PublishTask } from './publish-measure.ts';

// How fast a publisher brings a backlog of trades to each broker: the rate at which it catches up after an outage.

const { values } = parseArgs({ options: { trades: { type: 'string', default: '300000' } } });
const trades = Number(values.trades);

const conditions = await conditionsLine();
const [nats] = await startNats();
const rows = [
  ...(nats === undefined ? [] : [await measure('NATS JetStream, one server, sync always', nats)]),
  await measure('Redis, AOF every second', await startRedis()),
];
const text = [
  conditions,
  '',
  `A backlog of ${trades} trades is brought to each broker, as after an outage: outbox and publisher, bundled as in the image, and server on one machine, once each.`,
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
  const task: PublishTask = { url: server.url, trades };
  try {
    const printed = await runBundled('publish-measure.ts', JSON.stringify(task));
    const { tradesPerSecond, cpuMicrosPerTrade } = JSON.parse(printed) as PublishFigures;
    return `| ${name} | ${Math.round(tradesPerSecond)} | ${cpuMicrosPerTrade.toFixed(1)} |`;
  } finally {
    await server.stop();
  }
}
